//! Registrations that meet each other, and what they need being deleted.

use thingsmith_core::Code;
use thingsmith_core::certificates::{self, update_certificate};
use thingsmith_core::policies::{self, delete_policy};
use thingsmith_core::provisioning::{Bearer, register_thing};
use thingsmith_core::thing_groups::{self, delete_thing_group};
use thingsmith_core::things::{self, delete_thing};
use thingsmith_model::CertificateStatus;
use thingsmith_template::OnExisting;

use super::{ROUNDS, pairs};
use crate::objects::{DOCUMENT, attributes, code, make_group, make_policy, put_certificate, thing_name};
use crate::plans::{Anybody, by_id, plan, planned_thing, policy_by_document, policy_by_name, put_ca, shown};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_devices_of_one_thing_name() {
    use OnExisting::{DoNothing, Fail, Merge, Replace};
    for pair in pairs().await {
        let realm = &*pair.realm;
        for (turn, overrides) in [DoNothing, Replace, Merge, Fail].into_iter().enumerate() {
            for round in 0..ROUNDS / 2 {
                let name = format!("t{turn}-{round}");
                let ours = put_certificate(&pair.here, realm, CertificateStatus::Inactive).await;
                let theirs = put_certificate(&pair.there, realm, CertificateStatus::Inactive).await;
                let [one, two] = [("1", &ours), ("2", &theirs)].map(|(size, certificate)| {
                    let mut plan = plan(planned_thing(&name, size, overrides), by_id(certificate));
                    plan.policies.push(policy_by_document(DOCUMENT));
                    plan
                });
                let (first, second) = tokio::join!(
                    register_thing(&pair.here, realm, &Anybody, &one, Bearer::Planned),
                    register_thing(&pair.there, realm, &Anybody, &two, Bearer::Planned),
                );
                let store = pair.here.store();
                let thing = things::rows::find(store, realm.realm, &thing_name(&name))
                    .await
                    .unwrap()
                    .unwrap();
                let mut hang = Vec::new();
                for certificate in [&ours, &theirs] {
                    let attached =
                        certificates::rows::attachments(store, realm.realm, certificate.number).await;
                    hang.push(attached.unwrap());
                }
                let (small, large) = (attributes([("size", "1")]), attributes([("size", "2")]));
                assert!(thing.attributes == small || thing.attributes == large);
                match (code(&first), code(&second)) {
                    (None, None) if overrides != Fail => {
                        assert_eq!(hang, [(true, true), (true, true)]);
                        let versions = if matches!(overrides, DoNothing) { 1 } else { 2 };
                        assert_eq!(thing.version, versions, "{overrides:?}");
                    }
                    (None, Some(Code::ConflictingResourceUpdate)) if overrides == Fail => {
                        assert_eq!(
                            (hang, &thing.attributes),
                            (vec![(true, true), (false, false)], &small)
                        );
                    }
                    (Some(Code::ConflictingResourceUpdate), None) if overrides == Fail => {
                        assert_eq!(
                            (hang, &thing.attributes),
                            (vec![(false, false), (true, true)], &large)
                        );
                    }
                    _ => panic!("{overrides:?}: {first:?} {second:?}"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_device_that_connects_to_two_nodes_is_registered_once() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let signer = put_ca(&pair.here, realm).await;
        for round in 0..ROUNDS {
            let record = shown(&pair.here).await;
            let mut plan = plan(
                planned_thing(&format!("t{round}"), "1", OnExisting::Replace),
                by_id(&record),
            );
            plan.policies.push(policy_by_document(DOCUMENT));
            let bearer = Bearer::JustInTime {
                record: &record,
                signer: &signer,
            };
            let (first, second) = tokio::join!(
                register_thing(&pair.here, realm, &Anybody, &plan, bearer),
                register_thing(&pair.there, realm, &Anybody, &plan, bearer),
            );
            let (first, second) = (first.unwrap(), second.unwrap());
            assert_eq!(first.resource_arns, second.resource_arns);
            let store = pair.here.store();
            let found = certificates::rows::find(store, realm.realm, &record.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (found.status, found.customer_version),
                (CertificateStatus::Active, 1)
            );
            let certificate = second.certificate.unwrap();
            assert_eq!(certificate.number, found.number);
            assert_eq!(
                certificates::rows::attachments(store, realm.realm, found.number)
                    .await
                    .unwrap(),
                (true, true)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_a_registration_names_is_deleted() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let signer = put_ca(&pair.here, realm).await;
        for round in 0..ROUNDS {
            let policy = make_policy(&pair.here, realm, &format!("p{round}")).await;
            let record = shown(&pair.here).await;
            let name = format!("t{round}");
            let mut plan = plan(planned_thing(&name, "1", OnExisting::DoNothing), by_id(&record));
            plan.policies.push(policy_by_name(policy.name.as_str()));
            let bearer = Bearer::JustInTime {
                record: &record,
                signer: &signer,
            };
            let (registered, deleted) = tokio::join!(
                register_thing(&pair.here, realm, &Anybody, &plan, bearer),
                delete_policy(&pair.there, realm, &policy.name),
            );
            let store = pair.here.store();
            let thing = things::rows::find(store, realm.realm, &thing_name(&name))
                .await
                .unwrap();
            let certificate = certificates::rows::find(store, realm.realm, &record.id)
                .await
                .unwrap();
            let (hangs, _) = policies::rows::burden(store, realm.realm, policy.number)
                .await
                .unwrap();
            match (code(&registered), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => {
                    assert!(thing.is_some() && certificate.is_some() && hangs);
                }
                (Some(Code::ResourceRegistrationFailure), None) => {
                    assert!(thing.is_none() && certificate.is_none() && !hangs);
                }
                _ => panic!("registered: {registered:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_a_registration_names_is_deleted() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let signer = put_ca(&pair.here, realm).await;
        for round in 0..ROUNDS {
            let group = make_group(&pair.here, realm, &format!("g{round}"), None).await;
            let record = shown(&pair.here).await;
            let name = format!("t{round}");
            let mut thing = planned_thing(&name, "1", OnExisting::DoNothing);
            thing.groups = Some(vec![group.name.to_string()]);
            let plan = plan(thing, by_id(&record));
            let bearer = Bearer::JustInTime {
                record: &record,
                signer: &signer,
            };
            let (registered, deleted) = tokio::join!(
                register_thing(&pair.here, realm, &Anybody, &plan, bearer),
                delete_thing_group(&pair.there, realm, &group.name, None),
            );
            deleted.unwrap();
            let store = pair.here.store();
            let thing = things::rows::find(store, realm.realm, &thing_name(&name))
                .await
                .unwrap();
            let certificate = certificates::rows::find(store, realm.realm, &record.id)
                .await
                .unwrap();
            match code(&registered) {
                // The group went afterwards, and took the membership with it.
                None => {
                    let number = thing.unwrap().number;
                    let groups = thing_groups::rows::memberships(store, realm.realm, number).await;
                    assert!(certificate.is_some() && groups.unwrap().is_empty());
                }
                Some(Code::ResourceRegistrationFailure) => {
                    assert!(thing.is_none() && certificate.is_none());
                }
                Some(_) => panic!("{registered:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_thing_and_the_certificate_change_meanwhile() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = format!("t{round}");
            let before = put_certificate(&pair.here, realm, CertificateStatus::Inactive).await;
            let first = plan(planned_thing(&name, "1", OnExisting::Replace), by_id(&before));
            register_thing(&pair.here, realm, &Anybody, &first, Bearer::Planned)
                .await
                .unwrap();
            things::detach_thing_principal(&pair.here, realm, &thing_name(&name), &before.arn(realm))
                .await
                .unwrap();
            let certificate = put_certificate(&pair.here, realm, CertificateStatus::PendingActivation).await;
            let again = plan(
                planned_thing(&name, "2", OnExisting::Replace),
                by_id(&certificate),
            );
            let doomed = thing_name(&name);
            let (registered, deleted, revoked) = tokio::join!(
                register_thing(&pair.here, realm, &Anybody, &again, Bearer::Planned),
                delete_thing(&pair.there, realm, &doomed, None),
                update_certificate(&pair.there, realm, &certificate.id, CertificateStatus::Revoked),
            );
            let store = pair.here.store();
            let thing = things::rows::find(store, realm.realm, &thing_name(&name))
                .await
                .unwrap();
            let found = certificates::rows::find(store, realm.realm, &certificate.id)
                .await
                .unwrap()
                .unwrap();
            registered.unwrap();
            assert_eq!((code(&revoked), found.status), (None, CertificateStatus::Revoked));
            // Deleted before, or not at all since a principal is attached.
            assert!(matches!(code(&deleted), None | Some(Code::InvalidRequest)));
            assert_eq!(thing.unwrap().attributes, attributes([("size", "2")]));
        }
    }
}
