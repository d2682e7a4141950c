//! Provisioning templates and registrations, with every trouble.

use thingsmith_core::provisioning::{Bearer, Registered, register_thing};
use thingsmith_core::provisioning_templates::{
    self, ProvisioningTemplateUpdate, create_provisioning_template, create_provisioning_template_version,
    delete_provisioning_template, delete_provisioning_template_version, update_provisioning_template,
};
use thingsmith_core::{Code, Fault, certificates, outbox, things};
use thingsmith_model::{TemplateName, Timestamp};
use thingsmith_template::{CertificateSource, OnExisting, Plan};

use super::{Registry, Trouble};
use crate::authority::Authority;
use crate::objects::{DOCUMENT, code, thing_name};
use crate::plans::{
    Anybody, BODY, by_id, make_template, new_template, plan, planned_thing, policy_by_document,
    policy_by_name, put_ca, shown,
};

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    JustInTime,
    FromARequest,
    FromPem,
    OverAThing,
    WithoutACertificate,
    CreateTemplate,
    UpdateTemplate,
    DeleteTemplate,
    CreateVersion,
    DeleteVersion,
}

const ALL: [Deed; 10] = [
    Deed::JustInTime,
    Deed::FromARequest,
    Deed::FromPem,
    Deed::OverAThing,
    Deed::WithoutACertificate,
    Deed::CreateTemplate,
    Deed::UpdateTemplate,
    Deed::DeleteTemplate,
    Deed::CreateVersion,
    Deed::DeleteVersion,
];

fn name(text: &str) -> TemplateName {
    text.parse().unwrap()
}

/// The registry with the template `there` in two versions.
struct Scene {
    registry: Registry,
    authority: Authority,
}

impl Scene {
    async fn new() -> Self {
        let registry = Registry::new().await;
        let authority = Authority::new("active");
        let (deeds, realm) = (&registry.other, &*registry.realm);
        make_template(deeds, realm, "there").await;
        create_provisioning_template_version(deeds, realm, &name("there"), BODY, false)
            .await
            .unwrap();
        let new = authority.new_ca(None, thingsmith_model::CaCertificateStatus::Active);
        thingsmith_core::ca_certificates::register_ca_certificate(deeds, realm, new)
            .await
            .unwrap();
        Self { registry, authority }
    }

    /// A plan of the thing `new`, which must be new, with a policy that is there and one that is not.
    fn new_thing(source: CertificateSource) -> Plan {
        let mut thing = planned_thing("new", "1", OnExisting::Fail);
        thing.groups = Some(vec!["leaf".into()]);
        thing.thing_type = Some("current".into());
        thing.billing_group = Some("north".into());
        let mut plan = plan(thing, source);
        plan.policies = vec![policy_by_name("free"), policy_by_document(DOCUMENT)];
        plan
    }

    async fn register(&self, plan: &Plan, bearer: Bearer<'_>) -> Result<Registered, Fault> {
        register_thing(&self.registry.deeds, &self.registry.realm, &Anybody, plan, bearer).await
    }

    async fn carry_out(&self, deed: Deed) -> Result<(), Fault> {
        let (deeds, realm) = (&self.registry.deeds, &*self.registry.realm);
        match deed {
            Deed::JustInTime => {
                let record = shown(&self.registry.other).await;
                let signer = put_ca(&self.registry.other, realm).await;
                let bearer = Bearer::JustInTime {
                    record: &record,
                    signer: &signer,
                };
                let registered = self.register(&Self::new_thing(by_id(&record)), bearer).await?;
                assert_eq!(registered.certificate.unwrap().id, record.id);
                Ok(())
            }
            Deed::FromARequest => {
                let key = rcgen::KeyPair::generate().unwrap();
                let request = rcgen::CertificateParams::default()
                    .serialize_request(&key)
                    .unwrap();
                let plan = Self::new_thing(CertificateSource::SigningRequest(request.pem().unwrap()));
                let registered = self.register(&plan, Bearer::Planned).await?;
                assert_eq!(registered.resource_arns.len(), 3);
                Ok(())
            }
            Deed::FromPem => {
                let plan = Self::new_thing(CertificateSource::Pem {
                    certificate: self.authority.certify("device"),
                    ca: None,
                });
                self.register(&plan, Bearer::Planned).await.map(drop)
            }
            Deed::OverAThing => {
                let plan = plan(
                    planned_thing("pump", "1", OnExisting::Replace),
                    by_id(&self.registry.bare),
                );
                self.register(&plan, Bearer::Planned).await.map(drop)
            }
            Deed::WithoutACertificate => {
                let mut plan = Self::new_thing(by_id(&self.registry.bare));
                plan.certificate = None;
                self.register(&plan, Bearer::Planned).await.map(drop)
            }
            Deed::CreateTemplate => create_provisioning_template(deeds, realm, new_template("new"))
                .await
                .map(drop),
            Deed::UpdateTemplate => {
                let update = ProvisioningTemplateUpdate {
                    default_version: Some(2),
                    ..ProvisioningTemplateUpdate::default()
                };
                update_provisioning_template(deeds, realm, &name("there"), &update).await
            }
            Deed::DeleteTemplate => delete_provisioning_template(deeds, realm, &name("there")).await,
            Deed::CreateVersion => {
                let version =
                    create_provisioning_template_version(deeds, realm, &name("there"), BODY, true).await?;
                assert_eq!(version, 3);
                Ok(())
            }
            Deed::DeleteVersion => {
                delete_provisioning_template_version(deeds, realm, &name("there"), 2).await
            }
        }
    }

    /// How often the deed was done, by the store.
    async fn times_done(&self, deed: Deed) -> i64 {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        let template = async |text: &str| {
            provisioning_templates::rows::find(store, realm, &name(text))
                .await
                .unwrap()
        };
        let thing = async |name: &str| things::rows::find(store, realm, &thing_name(name)).await.unwrap();
        match deed {
            Deed::JustInTime | Deed::FromARequest | Deed::FromPem => {
                let certificates = certificates::rows::page_ascending(store, realm, None, 100)
                    .await
                    .unwrap();
                let mut count = 0;
                for new in certificates.iter().filter(|new| !self.is_of_the_registry(new)) {
                    let attached = certificates::rows::attachments(store, realm, new.number)
                        .await
                        .unwrap();
                    assert_eq!(attached, (true, true));
                    count += 1;
                }
                assert_eq!(i64::from(thing("new").await.is_some()), count);
                count
            }
            Deed::OverAThing => {
                let (hangs, _) = certificates::rows::attachments(store, realm, self.registry.bare.number)
                    .await
                    .unwrap();
                let count = thing("pump").await.unwrap().version - 1;
                assert_eq!(i64::from(hangs), count);
                count
            }
            Deed::WithoutACertificate => i64::from(thing("new").await.is_some()),
            Deed::CreateTemplate => {
                let count = provisioning_templates::rows::count(store, realm).await.unwrap() - 1;
                assert_eq!(count, i64::from(template("new").await.is_some()));
                count
            }
            Deed::UpdateTemplate => template("there").await.unwrap().revision - 2,
            Deed::DeleteTemplate => {
                let count = provisioning_templates::rows::count(store, realm).await.unwrap();
                assert_eq!(count, i64::from(template("there").await.is_some()));
                1 - count
            }
            Deed::CreateVersion => template("there").await.unwrap().newest_version - 2,
            Deed::DeleteVersion => {
                let number = template("there").await.unwrap().number;
                2 - provisioning_templates::rows::count_versions(store, realm, number)
                    .await
                    .unwrap()
            }
        }
    }

    fn is_of_the_registry(&self, certificate: &certificates::Certificate) -> bool {
        let registry = &self.registry;
        [&registry.bare, &registry.owned, &registry.ruled]
            .iter()
            .any(|own| own.id == certificate.id)
    }

    async fn announcements(&self) -> usize {
        let beginning = outbox::Mark {
            at: Timestamp::from_millis(0),
            number: 0,
        };
        let all = outbox::rows::since(self.registry.other.store(), beginning, 1000);
        all.await.unwrap().len()
    }
}

/// How many rows it adds to the outbox: of what gateways may know, or one for its mark.
fn announces(deed: Deed) -> usize {
    match deed {
        Deed::JustInTime | Deed::FromARequest | Deed::FromPem | Deed::CreateTemplate => 0,
        Deed::OverAThing => 2,
        Deed::WithoutACertificate
        | Deed::UpdateTemplate
        | Deed::DeleteTemplate
        | Deed::CreateVersion
        | Deed::DeleteVersion => 1,
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_done_at_last_is_done_once_and_says_so() {
    use Trouble::{Busy, LostAfter, LostBefore, Overtaken};
    for deed in ALL {
        for troubles in [
            &[] as &[Trouble],
            &[LostAfter],
            &[LostBefore],
            &[Overtaken, Overtaken, Overtaken],
            &[LostBefore, LostBefore, LostAfter],
            &[Busy, LostBefore, Overtaken, LostAfter],
        ] {
            let scene = Scene::new().await;
            let before = scene.announcements().await;
            scene.registry.troubled.spoil(troubles);
            let answer = scene.carry_out(deed).await;
            assert!(answer.is_ok(), "{deed:?}, {troubles:?}: {answer:?}");
            assert!(scene.registry.troubled.is_spent(), "{deed:?}, {troubles:?}");
            assert_eq!(scene.times_done(deed).await, 1, "{deed:?}, {troubles:?}");
            let announced = scene.announcements().await - before;
            assert_eq!(announced, announces(deed), "{deed:?}, {troubles:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_cannot_be_done_says_so_and_leaves_nothing() {
    for deed in ALL {
        for trouble in [Trouble::Busy, Trouble::LostBefore, Trouble::Overtaken] {
            let scene = Scene::new().await;
            scene.registry.troubled.spoil_forever(trouble);
            let answer = scene.carry_out(deed).await;
            assert_eq!(
                code(&answer),
                Some(Code::ServiceUnavailable),
                "{deed:?}, {trouble:?}: {answer:?}"
            );
            assert_eq!(scene.times_done(deed).await, 0, "{deed:?}, {trouble:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_whose_every_commit_is_lost_finds_that_it_was_done() {
    for deed in ALL {
        let scene = Scene::new().await;
        scene.registry.troubled.spoil_forever(Trouble::LostAfter);
        let answer = scene.carry_out(deed).await;
        assert!(answer.is_ok(), "{deed:?}: {answer:?}");
        assert_eq!(scene.times_done(deed).await, 1, "{deed:?}");
    }
}
