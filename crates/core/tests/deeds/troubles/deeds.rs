//! Every deed that writes, with every trouble.

use thingsmith_core::access_keys::{self, AccessKey};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{
    Code, Fault, billing_groups, certificates, events, outbox, policies, tags, thing_types, things,
};
use thingsmith_model::{Account, Arn, CertificateStatus, Resource, Timestamp};

use super::{Registry, Trouble};
use crate::objects::{DOCUMENT, code, new_thing, policy_name, replacing, thing_name};

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    CreateThing,
    UpdateThing,
    DeleteThing,
    AttachThingPrincipal,
    DetachThingPrincipal,
    CreateThingType,
    UpdateThingType,
    DeprecateThingType,
    DeleteThingType,
    CreateBillingGroup,
    UpdateBillingGroup,
    DeleteBillingGroup,
    AddThingToBillingGroup,
    RemoveThingFromBillingGroup,
    TagResource,
    UntagResource,
    UpdateEventConfigurations,
    CreatePolicy,
    DeletePolicy,
    AttachPolicy,
    DetachPolicy,
    CreateCertificateFromCsr,
    RegisterCertificateWithoutCa,
    UpdateCertificate,
    DeleteCertificate,
    DeleteCertificateByForce,
    KeepAdministrator,
}

const ALL: [Deed; 27] = [
    Deed::CreateThing,
    Deed::UpdateThing,
    Deed::DeleteThing,
    Deed::AttachThingPrincipal,
    Deed::DetachThingPrincipal,
    Deed::CreateThingType,
    Deed::UpdateThingType,
    Deed::DeprecateThingType,
    Deed::DeleteThingType,
    Deed::CreateBillingGroup,
    Deed::UpdateBillingGroup,
    Deed::DeleteBillingGroup,
    Deed::AddThingToBillingGroup,
    Deed::RemoveThingFromBillingGroup,
    Deed::TagResource,
    Deed::UntagResource,
    Deed::UpdateEventConfigurations,
    Deed::CreatePolicy,
    Deed::DeletePolicy,
    Deed::AttachPolicy,
    Deed::DetachPolicy,
    Deed::CreateCertificateFromCsr,
    Deed::RegisterCertificateWithoutCa,
    Deed::UpdateCertificate,
    Deed::DeleteCertificate,
    Deed::DeleteCertificateByForce,
    Deed::KeepAdministrator,
];

fn request() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default().serialize_request(&key);
    request.unwrap().pem().unwrap()
}

fn foreign_certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap()
        .pem()
}

fn tag(key: &str) -> tags::Tags {
    [(key.to_owned(), String::new())].into()
}

fn north(realm: &RealmRecord) -> Arn {
    realm.arn(Resource::BillingGroup("north".parse().unwrap()))
}

impl Deed {
    async fn carry_out(self, registry: &Registry) -> Result<(), Fault> {
        let (deeds, realm) = (&registry.deeds, &*registry.realm);
        let arn = |certificate: &certificates::Certificate| certificate.arn(realm);
        let (bare, ruled) = (&registry.bare, &registry.ruled);
        match self {
            Self::CreateThing => things::create_thing(deeds, realm, new_thing("new", [("size", "1")]))
                .await
                .map(drop),
            Self::UpdateThing => {
                let update = replacing([("size", "1")], Some(1));
                things::update_thing(deeds, realm, &thing_name("pump"), update).await
            }
            Self::DeleteThing => things::delete_thing(deeds, realm, &thing_name("pump"), Some(1)).await,
            Self::AttachThingPrincipal => {
                things::attach_thing_principal(deeds, realm, &thing_name("pump"), &arn(bare)).await
            }
            Self::DetachThingPrincipal => {
                things::detach_thing_principal(deeds, realm, &thing_name("valve"), &arn(&registry.owned))
                    .await
            }
            Self::CreateThingType => {
                let new = thing_types::NewThingType {
                    name: "new".parse().unwrap(),
                    properties: thing_types::Properties::default(),
                    tags: tag("a"),
                };
                thing_types::create_thing_type(deeds, realm, new).await.map(drop)
            }
            Self::UpdateThingType => {
                let update = thing_types::Update {
                    propagating_attributes: Some(vec![]),
                    ..thing_types::Update::default()
                };
                thing_types::update_thing_type(deeds, realm, &"current".parse().unwrap(), &update).await
            }
            Self::DeprecateThingType => {
                thing_types::deprecate_thing_type(deeds, realm, &"current".parse().unwrap(), false).await
            }
            Self::DeleteThingType => {
                thing_types::delete_thing_type(deeds, realm, &"old".parse().unwrap()).await
            }
            Self::CreateBillingGroup => {
                let new = billing_groups::NewBillingGroup {
                    name: "new".parse().unwrap(),
                    description: None,
                    tags: tag("a"),
                };
                billing_groups::create_billing_group(deeds, realm, new)
                    .await
                    .map(drop)
            }
            Self::UpdateBillingGroup => {
                let name = "north".parse().unwrap();
                let version =
                    billing_groups::update_billing_group(deeds, realm, &name, None, Some(1)).await?;
                assert_eq!(version, 2);
                Ok(())
            }
            Self::DeleteBillingGroup => {
                billing_groups::delete_billing_group(deeds, realm, &"north".parse().unwrap(), Some(1)).await
            }
            Self::AddThingToBillingGroup | Self::RemoveThingFromBillingGroup => {
                let (group, pump, valve) =
                    ("north".parse().unwrap(), thing_name("pump"), thing_name("valve"));
                let group = billing_groups::Named {
                    name: Some(&group),
                    arn: None,
                    members: ("billingGroupName", "billingGroupArn"),
                };
                let thing = |name| billing_groups::Named {
                    name: Some(name),
                    arn: None,
                    members: ("thingName", "thingArn"),
                };
                if self == Self::AddThingToBillingGroup {
                    billing_groups::add_thing_to_billing_group(deeds, realm, group, thing(&pump)).await
                } else {
                    billing_groups::remove_thing_from_billing_group(deeds, realm, group, thing(&valve)).await
                }
            }
            Self::TagResource => tags::tag_resource(deeds, realm, &north(realm), &tag("b")).await,
            Self::UntagResource => tags::untag_resource(deeds, realm, &north(realm), &["a".to_owned()]).await,
            Self::UpdateEventConfigurations => {
                let on = [(events::EventType::Job, true)].into();
                events::update_event_configurations(deeds, realm, &on).await
            }
            Self::CreatePolicy => policies::create_policy(deeds, realm, policy_name("new"), DOCUMENT)
                .await
                .map(drop),
            Self::DeletePolicy => policies::delete_policy(deeds, realm, &policy_name("free")).await,
            Self::AttachPolicy => {
                policies::attach_policy(deeds, realm, &policy_name("free"), &arn(bare)).await
            }
            Self::DetachPolicy => {
                policies::detach_policy(deeds, realm, &policy_name("attached"), &arn(ruled)).await
            }
            Self::CreateCertificateFromCsr => {
                let csr = request();
                let status = CertificateStatus::Active;
                certificates::create_certificate_from_csr(deeds, realm, &csr, status)
                    .await
                    .map(drop)
            }
            Self::RegisterCertificateWithoutCa => {
                let pem = foreign_certificate();
                let status = CertificateStatus::Active;
                certificates::register_certificate_without_ca(deeds, realm, &pem, status)
                    .await
                    .map(drop)
            }
            Self::UpdateCertificate => {
                certificates::update_certificate(deeds, realm, &bare.id, CertificateStatus::Active).await
            }
            Self::DeleteCertificate => certificates::delete_certificate(deeds, realm, &bare.id, false).await,
            Self::DeleteCertificateByForce => {
                certificates::delete_certificate(deeds, realm, &ruled.id, true).await
            }
            Self::KeepAdministrator => {
                let key = AccessKey::generate(Account::development(), deeds.random());
                access_keys::keep_administrator(deeds, &key).await.map(drop)
            }
        }
    }

    /// How often the deed was done, by the store.
    async fn times_done(self, registry: &Registry) -> i64 {
        let (store, realm) = (registry.other.store(), registry.realm.realm);
        let thing = async |name: &str| things::rows::find(store, realm, &thing_name(name)).await.unwrap();
        let policy = async |name: &str| {
            policies::rows::find(store, realm, &policy_name(name))
                .await
                .unwrap()
        };
        let thing_type = async |name: &str| {
            thing_types::rows::find(store, realm, &name.parse().unwrap())
                .await
                .unwrap()
        };
        let group = async |name: &str| {
            billing_groups::rows::find(store, realm, &name.parse().unwrap())
                .await
                .unwrap()
        };
        let certificate = async |of: &certificates::Certificate| {
            certificates::rows::find(store, realm, &of.id).await.unwrap()
        };
        let attached = async |of: &certificates::Certificate| {
            certificates::rows::attachments(store, realm, of.number)
                .await
                .unwrap()
        };
        match self {
            Self::CreateThing => i64::from(thing("new").await.is_some()),
            Self::UpdateThing => thing("pump").await.unwrap().version - 1,
            Self::DeleteThing => i64::from(thing("pump").await.is_none()),
            Self::AttachThingPrincipal => i64::from(attached(&registry.bare).await.0),
            Self::DetachThingPrincipal => i64::from(!attached(&registry.owned).await.0),
            Self::CreateThingType => i64::from(thing_type("new").await.is_some()),
            Self::UpdateThingType | Self::DeprecateThingType => {
                thing_type("current").await.unwrap().revision - 1
            }
            Self::DeleteThingType => i64::from(thing_type("old").await.is_none()),
            Self::CreateBillingGroup => i64::from(group("new").await.is_some()),
            Self::UpdateBillingGroup => group("north").await.unwrap().version - 1,
            Self::DeleteBillingGroup => i64::from(group("north").await.is_none()),
            Self::AddThingToBillingGroup => i64::from(thing("pump").await.unwrap().billing_group.is_some()),
            Self::RemoveThingFromBillingGroup => {
                i64::from(thing("valve").await.unwrap().billing_group.is_none())
            }
            Self::TagResource | Self::UntagResource => {
                let number = group("north").await.unwrap().number;
                let tags = tags::rows::page(store, realm, number, "", 10).await.unwrap();
                i64::from(tags.len() != 1)
            }
            Self::UpdateEventConfigurations => {
                i64::try_from(events::rows::all(store, realm).await.unwrap().len()).unwrap()
            }
            Self::CreatePolicy => i64::from(policy("new").await.is_some()),
            Self::DeletePolicy => i64::from(policy("free").await.is_none()),
            Self::AttachPolicy => i64::from(attached(&registry.bare).await.1),
            Self::DetachPolicy => i64::from(!attached(&registry.ruled).await.1),
            Self::CreateCertificateFromCsr | Self::RegisterCertificateWithoutCa => {
                let page = certificates::rows::page_ascending(store, realm, None, 100)
                    .await
                    .unwrap();
                i64::try_from(page.len()).unwrap() - 3
            }
            Self::UpdateCertificate => certificate(&registry.bare).await.unwrap().customer_version - 1,
            Self::DeleteCertificate => i64::from(certificate(&registry.bare).await.is_none()),
            Self::DeleteCertificateByForce => {
                let gone = certificate(&registry.ruled).await.is_none();
                assert_eq!(gone, !attached(&registry.ruled).await.1);
                i64::from(gone)
            }
            Self::KeepAdministrator => {
                i64::from(access_keys::rows::administrator(store).await.unwrap().is_some())
            }
        }
    }

    /// Whether gateways hear of it.
    fn announces(self) -> bool {
        !matches!(
            self,
            Self::CreateThing
                | Self::CreateThingType
                | Self::CreateBillingGroup
                | Self::CreatePolicy
                | Self::CreateCertificateFromCsr
                | Self::RegisterCertificateWithoutCa
                | Self::KeepAdministrator
        )
    }
}

async fn announcements(registry: &Registry) -> usize {
    let all = outbox::rows::since(
        registry.other.store(),
        outbox::Mark {
            at: Timestamp::from_millis(0),
            number: 0,
        },
        1000,
    );
    all.await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_deed_that_is_done_at_last_is_done_once_and_says_so() {
    use Trouble::{Busy, LostAfter, LostBefore, Overtaken};
    for deed in ALL {
        for troubles in [
            &[] as &[Trouble],
            &[LostAfter],
            &[LostBefore],
            &[Busy, Busy, Busy],
            &[Overtaken, Overtaken, Overtaken],
            &[LostBefore, LostBefore, LostAfter],
            &[Busy, LostBefore, Overtaken, LostAfter],
        ] {
            let registry = Registry::new().await;
            let before = announcements(&registry).await;
            registry.troubled.spoil(troubles);
            let answer = deed.carry_out(&registry).await;
            assert!(answer.is_ok(), "{deed:?}, {troubles:?}: {answer:?}");
            assert!(registry.troubled.is_spent(), "{deed:?}, {troubles:?}");
            assert_eq!(deed.times_done(&registry).await, 1, "{deed:?}, {troubles:?}");
            let announced = announcements(&registry).await - before;
            assert_eq!(announced, usize::from(deed.announces()), "{deed:?}, {troubles:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deed_that_cannot_be_done_says_so_after_some_tries() {
    for deed in ALL {
        for trouble in [Trouble::Busy, Trouble::LostBefore, Trouble::Overtaken] {
            let registry = Registry::new().await;
            let before = registry.troubled.writes();
            registry.troubled.spoil_forever(trouble);
            let started = tokio::time::Instant::now();
            let answer = deed.carry_out(&registry).await;
            assert_eq!(
                code(&answer),
                Some(Code::ServiceUnavailable),
                "{deed:?}, {trouble:?}: {answer:?}"
            );
            assert_eq!(deed.times_done(&registry).await, 0, "{deed:?}, {trouble:?}");
            let tries = registry.troubled.writes() - before;
            assert!((2..=20).contains(&tries), "{deed:?}, {trouble:?}: {tries}");
            assert!(
                started.elapsed().as_secs() < 10,
                "{deed:?}, {trouble:?}: {:?}",
                started.elapsed()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deed_whose_every_commit_is_lost_finds_that_it_was_done() {
    for deed in ALL {
        let registry = Registry::new().await;
        registry.troubled.spoil_forever(Trouble::LostAfter);
        let answer = deed.carry_out(&registry).await;
        assert!(answer.is_ok(), "{deed:?}: {answer:?}");
        assert_eq!(deed.times_done(&registry).await, 1, "{deed:?}");
    }
}

/// A node reserves numbers before its first deed; a reservation of which nobody knows costs numbers and nothing else.
#[tokio::test(start_paused = true)]
async fn a_reservation_that_is_lost_is_made_again() {
    use Trouble::{Busy, LostAfter, LostBefore};
    for deed in ALL {
        let registry = Registry::new().await.with_a_fresh_node().await;
        registry.troubled.spoil(&[LostAfter, Busy, LostBefore]);
        let answer = deed.carry_out(&registry).await;
        assert!(answer.is_ok(), "{deed:?}: {answer:?}");
        assert_eq!(deed.times_done(&registry).await, 1, "{deed:?}");
    }
}
