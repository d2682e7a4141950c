//! Somebody else acts between a lost commit and the try that follows it. What stands in the store then does not tell
//! whether the lost commit happened; the deed must know it all the same.

use thingsmith_core::Code;
use thingsmith_core::certificates::{self, delete_certificate, update_certificate};
use thingsmith_core::policies::{
    self, attach_policy, create_policy, delete_policy, detach_policy, get_policy,
};
use thingsmith_core::things::{
    self, attach_thing_principal, create_thing, delete_thing, detach_thing_principal, update_thing,
};
use thingsmith_model::CertificateStatus;

use super::{Registry, Trouble};
use crate::objects::{
    DOCUMENT, attributes, code, make_policy, make_thing, new_thing, policy_name, replacing, thing_name,
};

/// Has somebody else do this while the next commit of the troubled node is lost: `$trouble` says whether it happened.
macro_rules! meanwhile {
    ($registry:ident, $trouble:expr, |$other:ident, $realm:ident| $act:block) => {{
        let ($other, $realm) = (
            std::sync::Arc::clone(&$registry.other),
            std::sync::Arc::clone(&$registry.realm),
        );
        $registry.troubled.spoil(&[$trouble]);
        $registry.troubled.meanwhile(async move {
            let ($other, $realm) = (&*$other, &*$realm);
            $act
        });
    }};
}

#[tokio::test(start_paused = true)]
async fn an_update_that_was_updated_further_is_no_version_conflict() {
    let registry = Registry::new().await;
    let pump = thing_name("pump");
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        update_thing(
            other,
            realm,
            &thing_name("pump"),
            replacing([("size", "2")], Some(2)),
        )
        .await
        .unwrap();
    });
    let ours = replacing([("size", "1")], Some(1));
    update_thing(&registry.deeds, &registry.realm, &pump, ours)
        .await
        .unwrap();
    let kept = things::describe_thing(&registry.other, &registry.realm, &pump)
        .await
        .unwrap();
    assert_eq!((kept.version, kept.attributes), (3, attributes([("size", "2")])));
}

#[tokio::test(start_paused = true)]
async fn an_update_without_a_version_is_not_done_again_over_a_later_one() {
    let registry = Registry::new().await;
    let pump = thing_name("pump");
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        update_thing(
            other,
            realm,
            &thing_name("pump"),
            replacing([("size", "2")], None),
        )
        .await
        .unwrap();
    });
    let ours = replacing([("size", "1")], None);
    update_thing(&registry.deeds, &registry.realm, &pump, ours)
        .await
        .unwrap();
    let kept = things::describe_thing(&registry.other, &registry.realm, &pump)
        .await
        .unwrap();
    assert_eq!((kept.version, kept.attributes), (3, attributes([("size", "2")])));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_somebody_else_made_alike_is_a_version_conflict() {
    let registry = Registry::new().await;
    let pump = thing_name("pump");
    meanwhile!(registry, Trouble::LostBefore, |other, realm| {
        update_thing(
            other,
            realm,
            &thing_name("pump"),
            replacing([("size", "1")], Some(1)),
        )
        .await
        .unwrap();
    });
    let ours = replacing([("size", "1")], Some(1));
    let answer = update_thing(&registry.deeds, &registry.realm, &pump, ours).await;
    assert_eq!(code(&answer), Some(Code::VersionConflict));
    let kept = things::describe_thing(&registry.other, &registry.realm, &pump)
        .await
        .unwrap();
    assert_eq!(kept.version, 2);
}

#[tokio::test(start_paused = true)]
async fn an_updated_thing_that_was_deleted_was_updated() {
    for (trouble, expected) in [
        (Trouble::LostAfter, None),
        (Trouble::LostBefore, Some(Code::ResourceNotFound)),
    ] {
        let registry = Registry::new().await;
        meanwhile!(registry, trouble, |other, realm| {
            delete_thing(other, realm, &thing_name("pump"), None)
                .await
                .unwrap();
        });
        let ours = replacing([("size", "1")], None);
        let answer = update_thing(&registry.deeds, &registry.realm, &thing_name("pump"), ours).await;
        assert_eq!(code(&answer), expected, "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_thing_that_was_updated_is_still_the_one_that_was_made() {
    let registry = Registry::new().await;
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        update_thing(other, realm, &thing_name("new"), replacing([("size", "2")], None))
            .await
            .unwrap();
    });
    let made = create_thing(
        &registry.deeds,
        &registry.realm,
        new_thing("new", [("size", "1")]),
    )
    .await
    .unwrap();
    let kept = things::describe_thing(&registry.other, &registry.realm, &thing_name("new"))
        .await
        .unwrap();
    assert_eq!(made.thing_id, kept.thing_id);
}

#[tokio::test(start_paused = true)]
async fn a_thing_that_somebody_else_made_is_theirs() {
    for (size, expected) in [("1", None), ("2", Some(Code::ResourceAlreadyExists))] {
        let registry = Registry::new().await;
        meanwhile!(registry, Trouble::LostBefore, |other, realm| {
            create_thing(other, realm, new_thing("new", [("size", size)]))
                .await
                .unwrap();
        });
        let made = create_thing(
            &registry.deeds,
            &registry.realm,
            new_thing("new", [("size", "1")]),
        )
        .await;
        assert_eq!(code(&made), expected, "{size}");
        let kept = things::describe_thing(&registry.other, &registry.realm, &thing_name("new"))
            .await
            .unwrap();
        assert_eq!(kept.attributes, attributes([("size", size)]));
        if let Ok(made) = made {
            assert_eq!(made, kept);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_thing_made_anew_is_not_deleted_with_the_old_one() {
    let registry = Registry::new().await;
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        create_thing(other, realm, new_thing("pump", [("size", "new")]))
            .await
            .unwrap();
    });
    delete_thing(&registry.deeds, &registry.realm, &thing_name("pump"), None)
        .await
        .unwrap();
    let kept = things::describe_thing(&registry.other, &registry.realm, &thing_name("pump"))
        .await
        .unwrap();
    assert_eq!(kept.attributes, attributes([("size", "new")]));
}

#[tokio::test(start_paused = true)]
async fn a_principal_that_was_detached_again_stays_detached() {
    let registry = Registry::new().await;
    let principal = registry.bare.arn(&registry.realm);
    let theirs = principal.clone();
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        detach_thing_principal(other, realm, &thing_name("pump"), &theirs)
            .await
            .unwrap();
    });
    attach_thing_principal(&registry.deeds, &registry.realm, &thing_name("pump"), &principal)
        .await
        .unwrap();
    let store = registry.other.store();
    let attached = certificates::rows::attachments(store, registry.realm.realm, registry.bare.number);
    assert_eq!(attached.await.unwrap(), (false, false));
}

#[tokio::test(start_paused = true)]
async fn a_principal_that_was_attached_again_stays_attached() {
    let registry = Registry::new().await;
    let principal = registry.owned.arn(&registry.realm);
    let theirs = principal.clone();
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        attach_thing_principal(other, realm, &thing_name("valve"), &theirs)
            .await
            .unwrap();
    });
    detach_thing_principal(&registry.deeds, &registry.realm, &thing_name("valve"), &principal)
        .await
        .unwrap();
    let store = registry.other.store();
    let attached = certificates::rows::attachments(store, registry.realm.realm, registry.owned.number);
    assert_eq!(attached.await.unwrap(), (true, false));
}

#[tokio::test(start_paused = true)]
async fn a_policy_name_is_taken_only_by_somebody_else() {
    let other_document = DOCUMENT.replace("Allow", "Deny");
    let registry = Registry::new().await;
    let theirs = other_document.clone();
    meanwhile!(registry, Trouble::LostBefore, |other, realm| {
        create_policy(other, realm, policy_name("new"), &theirs)
            .await
            .unwrap();
    });
    let made = create_policy(&registry.deeds, &registry.realm, policy_name("new"), DOCUMENT).await;
    assert_eq!(code(&made), Some(Code::ResourceAlreadyExists));
    let (_, kept) = get_policy(&registry.other, &registry.realm, &policy_name("new"))
        .await
        .unwrap();
    assert_eq!(kept, other_document);
}

#[tokio::test(start_paused = true)]
async fn a_policy_made_anew_is_not_deleted_with_the_old_one() {
    let registry = Registry::new().await;
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        create_policy(other, realm, policy_name("free"), DOCUMENT)
            .await
            .unwrap();
    });
    delete_policy(&registry.deeds, &registry.realm, &policy_name("free"))
        .await
        .unwrap();
    get_policy(&registry.other, &registry.realm, &policy_name("free"))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_somebody_else_deleted_is_not_found() {
    let registry = Registry::new().await;
    meanwhile!(registry, Trouble::LostBefore, |other, realm| {
        delete_policy(other, realm, &policy_name("free")).await.unwrap();
    });
    let answer = delete_policy(&registry.deeds, &registry.realm, &policy_name("free")).await;
    assert_eq!(code(&answer), Some(Code::ResourceNotFound));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_was_attached_and_then_taken_away_was_attached() {
    let registry = Registry::new().await;
    let target = registry.bare.arn(&registry.realm);
    let theirs = target.clone();
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        detach_policy(other, realm, &policy_name("free"), &theirs)
            .await
            .unwrap();
        delete_policy(other, realm, &policy_name("free")).await.unwrap();
    });
    attach_policy(&registry.deeds, &registry.realm, &policy_name("free"), &target)
        .await
        .unwrap();
    let store = registry.other.store();
    let attached = certificates::rows::attachments(store, registry.realm.realm, registry.bare.number);
    assert_eq!(attached.await.unwrap(), (false, false));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_was_attached_again_stays_attached() {
    let registry = Registry::new().await;
    let target = registry.ruled.arn(&registry.realm);
    let theirs = target.clone();
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        attach_policy(other, realm, &policy_name("attached"), &theirs)
            .await
            .unwrap();
    });
    detach_policy(
        &registry.deeds,
        &registry.realm,
        &policy_name("attached"),
        &target,
    )
    .await
    .unwrap();
    let store = registry.other.store();
    let attached = certificates::rows::attachments(store, registry.realm.realm, registry.ruled.number);
    assert_eq!(attached.await.unwrap(), (false, true));
}

/// The tenth policy, attached by a commit that was lost, is not its own eleventh.
#[tokio::test(start_paused = true)]
async fn a_policy_does_not_stand_in_its_own_way_at_the_limit() {
    let registry = Registry::new().await;
    let target = registry.bare.arn(&registry.realm);
    for number in 0..9 {
        let name = make_policy(&registry.other, &registry.realm, &format!("p{number}"))
            .await
            .name;
        attach_policy(&registry.other, &registry.realm, &name, &target)
            .await
            .unwrap();
    }
    registry.troubled.spoil(&[Trouble::LostAfter]);
    attach_policy(&registry.deeds, &registry.realm, &policy_name("free"), &target)
        .await
        .unwrap();
    let attached = policies::rows::attached(
        registry.other.store(),
        registry.realm.realm,
        registry.bare.number,
        0,
    );
    assert_eq!(attached.await.unwrap().0, 10);
}

#[tokio::test(start_paused = true)]
async fn an_activation_is_not_done_again_over_a_later_deactivation() {
    for later in [CertificateStatus::Inactive, CertificateStatus::Revoked] {
        let registry = Registry::new().await;
        let id = registry.bare.id;
        meanwhile!(registry, Trouble::LostAfter, |other, realm| {
            update_certificate(other, realm, &id, later).await.unwrap();
        });
        let active = CertificateStatus::Active;
        update_certificate(&registry.deeds, &registry.realm, &id, active)
            .await
            .unwrap();
        let kept = certificates::describe_certificate(&registry.other, &registry.realm, &id)
            .await
            .unwrap();
        assert_eq!((kept.status, kept.customer_version), (later, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn an_activation_that_did_not_happen_before_a_revocation_is_refused() {
    let registry = Registry::new().await;
    let id = registry.bare.id;
    meanwhile!(registry, Trouble::LostBefore, |other, realm| {
        update_certificate(other, realm, &id, CertificateStatus::Revoked)
            .await
            .unwrap();
    });
    let answer = update_certificate(&registry.deeds, &registry.realm, &id, CertificateStatus::Active).await;
    assert_eq!(code(&answer), Some(Code::CertificateState));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_somebody_else_deleted_is_not_found() {
    for force in [false, true] {
        let registry = Registry::new().await;
        let id = registry.bare.id;
        meanwhile!(registry, Trouble::LostBefore, |other, realm| {
            delete_certificate(other, realm, &id, false).await.unwrap();
        });
        let answer = delete_certificate(&registry.deeds, &registry.realm, &id, force).await;
        assert_eq!(code(&answer), Some(Code::ResourceNotFound));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_thing_that_was_made_anew_with_a_principal_was_deleted() {
    let registry = Registry::new().await;
    let principal = registry.bare.arn(&registry.realm);
    meanwhile!(registry, Trouble::LostAfter, |other, realm| {
        make_thing(other, realm, "pump").await;
        attach_thing_principal(other, realm, &thing_name("pump"), &principal)
            .await
            .unwrap();
    });
    delete_thing(&registry.deeds, &registry.realm, &thing_name("pump"), Some(1))
        .await
        .unwrap();
}
