//! What the deeds refuse, in states that no front door leads to.

use thingsmith_core::Code;
use thingsmith_core::certificates::{self, delete_certificate, update_certificate};
use thingsmith_core::policies::{
    self, attach_policy, delete_policy, detach_policy, get_policy, list_attached_policies,
};
use thingsmith_core::things::{
    self, ThingUpdate, attach_thing_principal, create_thing, delete_thing, detach_thing_principal,
    list_thing_principals, update_thing,
};
use thingsmith_model::{Account, CertificateStatus, Timestamp};
use thingsmith_ports::Batch;

use crate::objects::{
    attributes, code, first_page, make_policy, make_thing, new_thing, policy_name, put_certificate,
    replacing, thing_name,
};
use crate::stores::{Alone, alone};

const STATUSES: [CertificateStatus; 6] = [
    CertificateStatus::Active,
    CertificateStatus::Inactive,
    CertificateStatus::Revoked,
    CertificateStatus::PendingTransfer,
    CertificateStatus::RegisterInactive,
    CertificateStatus::PendingActivation,
];

#[tokio::test]
async fn a_status_follows_another_as_aws_lets_it() {
    use CertificateStatus::{
        Active, Inactive, PendingActivation, PendingTransfer, RegisterInactive, Revoked,
    };
    for Alone { deeds, realm, .. } in alone().await {
        for before in STATUSES {
            for asked in STATUSES {
                let id = put_certificate(&deeds, &realm, before).await.id;
                let answer = update_certificate(&deeds, &realm, &id, asked).await;
                let given = if asked == RegisterInactive {
                    Inactive
                } else {
                    asked
                };
                let expected = match (before, asked) {
                    (_, PendingTransfer | PendingActivation) => Some(Code::InvalidRequest),
                    (PendingTransfer, _) => Some(Code::CertificateState),
                    (Revoked, Active | Inactive | RegisterInactive) => Some(Code::CertificateState),
                    (_, Active | Inactive | Revoked | RegisterInactive) => None,
                };
                assert_eq!(code(&answer), expected, "{before} to {asked}: {answer:?}");
                let kept = certificates::describe_certificate(&deeds, &realm, &id)
                    .await
                    .unwrap();
                let changed = expected.is_none() && before != given;
                assert_eq!(
                    kept.status,
                    if changed { given } else { before },
                    "{before} to {asked}"
                );
                assert_eq!(
                    kept.customer_version,
                    1 + i64::from(changed),
                    "{before} to {asked}"
                );
            }
        }
    }
}

/// The table of the API reference for DeleteCertificate and its forceDelete.
#[tokio::test]
async fn a_certificate_is_deleted_by_its_status_and_what_hangs_on_it() {
    for Alone { deeds, realm, .. } in alone().await {
        let policy = make_policy(&deeds, &realm, "p").await.name;
        let thing = make_thing(&deeds, &realm, "t").await.name;
        for status in STATUSES {
            for case in 0..8 {
                let (owned, ruled, force) = (case & 1 != 0, case & 2 != 0, case & 4 != 0);
                let certificate = put_certificate(&deeds, &realm, status).await;
                let arn = certificate.arn(&realm);
                let refused = (status == CertificateStatus::PendingTransfer).then_some(Code::InvalidRequest);
                if owned {
                    let answer = attach_thing_principal(&deeds, &realm, &thing, &arn).await;
                    assert_eq!(code(&answer), refused, "nothing is hung on what is on its way");
                }
                if ruled {
                    let answer = attach_policy(&deeds, &realm, &policy, &arn).await;
                    assert_eq!(code(&answer), refused, "nothing is hung on what is on its way");
                }
                let (owned, ruled) = (owned && refused.is_none(), ruled && refused.is_none());
                let answer = delete_certificate(&deeds, &realm, &certificate.id, force).await;
                let expected = match status {
                    CertificateStatus::Active | CertificateStatus::PendingTransfer => {
                        Some(Code::CertificateState)
                    }
                    _ if owned || (ruled && !force) => Some(Code::DeleteConflict),
                    _ => None,
                };
                let what = format!("{status}, thing {owned}, policy {ruled}, force {force}: {answer:?}");
                assert_eq!(code(&answer), expected, "{what}");
                let store = deeds.store();
                let stands = certificates::rows::find(store, realm.realm, &certificate.id)
                    .await
                    .unwrap();
                assert_eq!(stands.is_none(), expected.is_none(), "{what}");
                let left = certificates::rows::attachments(store, realm.realm, certificate.number);
                let expected = if expected.is_none() {
                    (false, false)
                } else {
                    (owned, ruled)
                };
                assert_eq!(left.await.unwrap(), expected, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_policy_with_a_second_version_is_not_deleted() {
    for Alone { deeds, realm, .. } in alone().await {
        let policy = make_policy(&deeds, &realm, "p").await;
        let mut batch = Batch::new();
        let at = Timestamp::from_millis(1);
        policies::rows::insert_version(&mut batch, realm.realm, policy.number, 2, "{}", at);
        deeds.store().write(batch).await.unwrap();
        let answer = delete_policy(&deeds, &realm, &policy.name).await;
        assert_eq!(code(&answer), Some(Code::DeleteConflict));
        get_policy(&deeds, &realm, &policy.name).await.unwrap();
    }
}

#[tokio::test]
async fn a_thing_is_deleted_by_its_version_and_without_principals() {
    for Alone { deeds, realm, .. } in alone().await {
        let thing = make_thing(&deeds, &realm, "t").await.name;
        let principal = put_certificate(&deeds, &realm, CertificateStatus::Active)
            .await
            .arn(&realm);
        for version in [0, 2, i64::MAX, i64::MIN] {
            let answer = delete_thing(&deeds, &realm, &thing, Some(version)).await;
            assert_eq!(code(&answer), Some(Code::VersionConflict), "{version}");
            let answer = update_thing(&deeds, &realm, &thing, replacing([], Some(version))).await;
            assert_eq!(code(&answer), Some(Code::VersionConflict), "{version}");
        }
        attach_thing_principal(&deeds, &realm, &thing, &principal)
            .await
            .unwrap();
        let answer = delete_thing(&deeds, &realm, &thing, Some(1)).await;
        assert_eq!(code(&answer), Some(Code::InvalidRequest));
        detach_thing_principal(&deeds, &realm, &thing, &principal)
            .await
            .unwrap();
        delete_thing(&deeds, &realm, &thing, Some(1)).await.unwrap();
        delete_thing(&deeds, &realm, &thing, Some(1)).await.unwrap();
    }
}

#[tokio::test]
async fn attributes_are_counted_after_they_are_merged() {
    for Alone { deeds, realm, .. } in alone().await {
        let four = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")];
        let answer = create_thing(&deeds, &realm, new_thing("four", four)).await;
        assert_eq!(code(&answer), Some(Code::InvalidRequest));
        let thing = create_thing(
            &deeds,
            &realm,
            new_thing("t", [("a", "1"), ("b", "2"), ("c", "3")]),
        );
        let thing = thing.await.unwrap().name;
        let merging = |pairs: [(&str, &str); 2]| ThingUpdate {
            attributes: Some(attributes(pairs)),
            merge: true,
            ..ThingUpdate::default()
        };
        let answer = update_thing(&deeds, &realm, &thing, merging([("c", "4"), ("d", "4")])).await;
        assert_eq!(code(&answer), Some(Code::InvalidRequest));
        // An empty value takes an attribute away, and makes room.
        update_thing(&deeds, &realm, &thing, merging([("a", ""), ("d", "4")]))
            .await
            .unwrap();
        let kept = things::describe_thing(&deeds, &realm, &thing).await.unwrap();
        assert_eq!(kept.attributes, attributes([("b", "2"), ("c", "3"), ("d", "4")]));
        assert_eq!(kept.version, 2);
    }
}

#[tokio::test]
async fn what_is_not_there_is_neither_principal_nor_target() {
    for Alone { deeds, realm, .. } in alone().await {
        let thing = make_thing(&deeds, &realm, "t").await.name;
        let policy = make_policy(&deeds, &realm, "p").await.name;
        let certificate = put_certificate(&deeds, &realm, CertificateStatus::Active).await;
        let right = certificate.arn(&realm);
        let absent = right.replace(&certificate.id.to_string(), &"0".repeat(64));
        for (principal, expected) in [
            (absent, Code::ResourceNotFound),
            (
                right.replace(":us-east-1:", ":eu-west-1:"),
                Code::ResourceNotFound,
            ),
            (
                right.replace(":000000000000:", ":111111111111:"),
                Code::ResourceNotFound,
            ),
            (
                "us-east-1:01234567-89ab-cdef-0123-456789abcdef".into(),
                Code::ResourceNotFound,
            ),
            (right.replace("arn:aws:iot:", "arn:aws:s3:"), Code::InvalidRequest),
            (certificate.id.to_string(), Code::InvalidRequest),
            (right.replace(":cert/", ":cacert/"), Code::InvalidRequest),
            (String::new(), Code::InvalidRequest),
            ("\u{0}€".repeat(300), Code::InvalidRequest),
        ] {
            let attached = attach_thing_principal(&deeds, &realm, &thing, &principal).await;
            assert_eq!(code(&attached), Some(expected), "{principal}");
            let detached = detach_thing_principal(&deeds, &realm, &thing, &principal).await;
            assert_eq!(code(&detached), Some(expected), "{principal}");
            let attached = attach_policy(&deeds, &realm, &policy, &principal).await;
            assert_eq!(code(&attached), Some(expected), "{principal}");
            // DetachPolicy lists no ResourceNotFoundException.
            let detached = detach_policy(&deeds, &realm, &policy, &principal).await;
            let only = (expected != Code::ResourceNotFound).then_some(expected);
            assert_eq!(code(&detached), only, "{principal}");
            let listed = list_attached_policies(&deeds, &realm, &principal, false, &first_page(10)).await;
            assert_eq!(code(&listed), Some(expected), "{principal}");
        }
        let group = "arn:aws:iot:us-east-1:000000000000:thinggroup/g";
        let answer = attach_policy(&deeds, &realm, &policy, group).await;
        assert_eq!(code(&answer), Some(Code::ResourceNotFound));
        let answer = attach_thing_principal(&deeds, &realm, &thing, group).await;
        assert_eq!(code(&answer), Some(Code::InvalidRequest));
    }
}

/// The same names and ids in another account are other objects.
#[tokio::test]
async fn another_realms_objects_are_not_there() {
    for Alone { deeds, realm, .. } in alone().await {
        let account: Account = "111111111111".parse().unwrap();
        let elsewhere = deeds.realm(&account, &realm.region).await.unwrap();
        let thing = make_thing(&deeds, &realm, "t").await.name;
        let policy = make_policy(&deeds, &realm, "p").await.name;
        let certificate = put_certificate(&deeds, &realm, CertificateStatus::Inactive).await;
        let (id, arn) = (certificate.id, certificate.arn(&realm));
        attach_thing_principal(&deeds, &realm, &thing, &arn)
            .await
            .unwrap();
        attach_policy(&deeds, &realm, &policy, &arn).await.unwrap();
        let page = first_page(10);
        let refusals = [
            code(&things::describe_thing(&deeds, &elsewhere, &thing).await),
            code(&update_thing(&deeds, &elsewhere, &thing, replacing([], None)).await),
            code(&attach_thing_principal(&deeds, &elsewhere, &thing, &arn).await),
            code(&detach_thing_principal(&deeds, &elsewhere, &thing, &arn).await),
            code(&list_thing_principals(&deeds, &elsewhere, &thing, &page).await),
            code(&get_policy(&deeds, &elsewhere, &policy).await),
            code(&delete_policy(&deeds, &elsewhere, &policy).await),
            code(&attach_policy(&deeds, &elsewhere, &policy, &arn).await),
            code(&list_attached_policies(&deeds, &elsewhere, &arn, false, &page).await),
            code(&certificates::describe_certificate(&deeds, &elsewhere, &id).await),
            code(&update_certificate(&deeds, &elsewhere, &id, CertificateStatus::Revoked).await),
            code(&delete_certificate(&deeds, &elsewhere, &id, true).await),
        ];
        assert_eq!(refusals, [Some(Code::ResourceNotFound); 12]);
        // These two count what is not there as done, and leave the other realm's alone.
        delete_thing(&deeds, &elsewhere, &thing, None).await.unwrap();
        detach_policy(&deeds, &elsewhere, &policy, &arn).await.unwrap();
        let all = (
            things::list_things(&deeds, &elsewhere, &things::ThingFilter::default(), &page)
                .await
                .unwrap()
                .items
                .len(),
            policies::list_policies(&deeds, &elsewhere, true, &page)
                .await
                .unwrap()
                .items
                .len(),
            certificates::list_certificates(&deeds, &elsewhere, true, &page)
                .await
                .unwrap()
                .items
                .len(),
        );
        assert_eq!(all, (0, 0, 0));
        let kept = certificates::rows::attachments(deeds.store(), realm.realm, certificate.number);
        assert_eq!(kept.await.unwrap(), (true, true));
        assert_eq!(
            certificates::describe_certificate(&deeds, &realm, &id)
                .await
                .unwrap(),
            certificate
        );
        things::describe_thing(&deeds, &realm, &thing).await.unwrap();
        // And the names are free there.
        make_thing(&deeds, &elsewhere, "t").await;
        make_policy(&deeds, &elsewhere, "p").await;
    }
}

#[tokio::test]
async fn types_and_billing_groups_are_not_there_yet() {
    for Alone { deeds, realm, .. } in alone().await {
        let mut typed = new_thing("t", []);
        typed.thing_type = Some("pump".parse().unwrap());
        assert_eq!(
            code(&create_thing(&deeds, &realm, typed).await),
            Some(Code::ResourceNotFound)
        );
        let mut billed = new_thing("t", []);
        billed.billing_group = Some("group".parse().unwrap());
        assert_eq!(
            code(&create_thing(&deeds, &realm, billed).await),
            Some(Code::ResourceNotFound)
        );
        let thing = make_thing(&deeds, &realm, "t").await.name;
        let mut update = ThingUpdate {
            thing_type: Some("pump".parse().unwrap()),
            ..ThingUpdate::default()
        };
        assert_eq!(
            code(&update_thing(&deeds, &realm, &thing, update.clone()).await),
            Some(Code::ResourceNotFound)
        );
        update.remove_thing_type = true;
        assert_eq!(
            code(&update_thing(&deeds, &realm, &thing, update).await),
            Some(Code::InvalidRequest)
        );
    }
}

#[tokio::test]
async fn names_that_differ_by_case_are_two_names() {
    for Alone { deeds, realm, .. } in alone().await {
        let lower = make_thing(&deeds, &realm, "pump").await;
        let upper = make_thing(&deeds, &realm, "PUMP").await;
        assert_ne!(lower.thing_id, upper.thing_id);
        delete_thing(&deeds, &realm, &upper.name, None).await.unwrap();
        assert_eq!(
            things::describe_thing(&deeds, &realm, &thing_name("pump"))
                .await
                .unwrap(),
            lower
        );
        make_policy(&deeds, &realm, "p").await;
        let answer = get_policy(&deeds, &realm, &policy_name("P")).await;
        assert_eq!(code(&answer), Some(Code::ResourceNotFound));
    }
}
