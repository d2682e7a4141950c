//! What guards claims, claims of trusted users, and certificate providers, with every trouble.

use std::sync::Arc;

use thingsmith_core::certificate_providers::{
    self as providers, CertificateProvider, CertificateProviderUpdate, NewCertificateProvider,
};
use thingsmith_core::claims::{self, AllowedSerialNumber, ClaimLimit};
use thingsmith_core::provisioning_claims::create_provisioning_claim;
use thingsmith_core::provisioning_templates::{
    ProvisioningTemplate, create_provisioning_template, delete_provisioning_template,
};
use thingsmith_core::{Code, Fault};
use thingsmith_model::CertificateId;
use thingsmith_ports::Statement;

use super::scene::{self, Scene};
use super::{Registry, Trouble};
use crate::fleet::new_fleet;
use crate::objects::code;

const ROLE: &str = "arn:aws:iam::000000000000:role/fleet";

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Allow,
    Disallow,
    RemoveAllowList,
    Limit,
    Unlimit,
    CreateProvisioningClaim,
    CreateCertificateProvider,
    UpdateCertificateProvider,
    DeleteCertificateProvider,
}

/// The registry with the template `fleet`, on whose allow list `old` is, a limit of one device for a claim, and the
/// certificate provider `there`, but before another is made.
struct Guards {
    registry: Registry,
    template: ProvisioningTemplate,
}

fn serial(text: &str) -> AllowedSerialNumber {
    AllowedSerialNumber {
        serial_number: text.into(),
        batch: None,
        expires_at: None,
    }
}

fn claim() -> CertificateId {
    CertificateId::from_sha256([7; 32])
}

fn devices(devices: i64) -> ClaimLimit {
    ClaimLimit {
        claim: claim(),
        devices,
        batch: None,
        refuse: false,
    }
}

fn function(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
}

fn new_provider(name: &str) -> NewCertificateProvider {
    NewCertificateProvider {
        name: name.into(),
        function_arn: function("sign"),
        operation: "CreateCertificateFromCsr".into(),
        client_token: None,
        tags: [("a".to_owned(), String::new())].into(),
    }
}

fn by(name: &str) -> CertificateProviderUpdate {
    CertificateProviderUpdate {
        function_arn: Some(function(name)),
        operation: None,
    }
}

impl Guards {
    async fn is_allowed(&self, text: &str) -> bool {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        let found = claims::rows::allowed(store, realm, self.template.number, text).await;
        found.unwrap().is_some()
    }

    async fn guards(&self) -> claims::rows::Guards {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        claims::rows::guards(store, realm, self.template.number, &claim())
            .await
            .unwrap()
    }

    async fn devices(&self) -> Option<i64> {
        self.guards().await.limited.map(|(limit, _)| limit.devices)
    }

    async fn provider(&self) -> Option<CertificateProvider> {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        providers::rows::of_realm(store, realm).await.unwrap()
    }

    async fn provisioning_claims(&self) -> i64 {
        let realm = self.registry.realm.realm.0;
        let count = "SELECT count(*) FROM provisioning_claims WHERE realm = $1";
        let rows = self
            .registry
            .other
            .store()
            .read(Statement::new(count, [realm.into()]));
        rows.await.unwrap()[0].get(0).unwrap()
    }
}

impl Scene for Guards {
    type Deed = Deed;

    const ALL: &'static [Deed] = &[
        Deed::Allow,
        Deed::Disallow,
        Deed::RemoveAllowList,
        Deed::Limit,
        Deed::Unlimit,
        Deed::CreateProvisioningClaim,
        Deed::CreateCertificateProvider,
        Deed::UpdateCertificateProvider,
        Deed::DeleteCertificateProvider,
    ];

    async fn new(deed: Deed) -> Self {
        let registry = Registry::new().await;
        let (node, realm) = (&*registry.other, &*registry.realm);
        let template = create_provisioning_template(node, realm, new_fleet("fleet", ROLE))
            .await
            .unwrap();
        claims::allow(node, realm, &template.name, "SerialNumber", &[serial("old")])
            .await
            .unwrap();
        claims::limit(node, realm, &devices(1)).await.unwrap();
        if deed != Deed::CreateCertificateProvider {
            providers::create_certificate_provider(node, realm, new_provider("there"))
                .await
                .unwrap();
        }
        Self { registry, template }
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    async fn carry_out(&self, deed: Deed) -> Result<(), Fault> {
        let (deeds, realm) = (&self.registry.deeds, &*self.registry.realm);
        let fleet = &self.template.name;
        match deed {
            Deed::Allow => {
                let serials = [serial("new"), serial("newer")];
                claims::allow(deeds, realm, fleet, "SerialNumber", &serials)
                    .await
                    .map(|allowed| assert_eq!(allowed.total, 3))
            }
            Deed::Disallow => claims::disallow(deeds, realm, fleet, &["old".into()])
                .await
                .map(|allowed| assert_eq!(allowed.total, 0)),
            Deed::RemoveAllowList => claims::remove_allow_list(deeds, realm, fleet).await.map(drop),
            Deed::Limit => claims::limit(deeds, realm, &devices(2)).await,
            Deed::Unlimit => claims::unlimit(deeds, realm, &claim()).await,
            Deed::CreateProvisioningClaim => create_provisioning_claim(deeds, realm, fleet).await.map(drop),
            Deed::CreateCertificateProvider => {
                providers::create_certificate_provider(deeds, realm, new_provider("new"))
                    .await
                    .map(drop)
            }
            Deed::UpdateCertificateProvider => {
                providers::update_certificate_provider(deeds, realm, "there", &by("other")).await
            }
            Deed::DeleteCertificateProvider => {
                providers::delete_certificate_provider(deeds, realm, "there").await
            }
        }
    }

    async fn times_done(&self, deed: Deed) -> i64 {
        match deed {
            Deed::Allow => {
                let (new, newer) = (self.is_allowed("new").await, self.is_allowed("newer").await);
                assert_eq!(new, newer);
                i64::from(new)
            }
            Deed::Disallow => {
                assert!(self.guards().await.parameter.is_some(), "the list stays");
                i64::from(!self.is_allowed("old").await)
            }
            Deed::RemoveAllowList => {
                let removed = self.guards().await.parameter.is_none();
                assert_eq!(removed, !self.is_allowed("old").await);
                i64::from(removed)
            }
            Deed::Limit => self.devices().await.unwrap() - 1,
            Deed::Unlimit => i64::from(self.devices().await.is_none()),
            Deed::CreateProvisioningClaim => self.provisioning_claims().await,
            Deed::CreateCertificateProvider => i64::from(self.provider().await.is_some()),
            Deed::UpdateCertificateProvider => {
                i64::from(self.provider().await.unwrap().function_arn == function("other"))
            }
            Deed::DeleteCertificateProvider => i64::from(self.provider().await.is_none()),
        }
    }

    fn announces(deed: Deed) -> bool {
        !matches!(
            deed,
            Deed::CreateProvisioningClaim | Deed::CreateCertificateProvider
        )
    }
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_claims_that_is_done_at_last_is_done_once_and_says_so() {
    scene::is_done_once::<Guards>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_claims_that_cannot_be_done_says_so_after_some_tries() {
    scene::gives_up::<Guards>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_claims_whose_every_commit_is_lost_finds_that_it_was_done() {
    scene::finds_itself::<Guards>().await;
}

/// Has somebody else act between a lost commit of the deed, which happened or not, and the try after it.
async fn meanwhile<F>(
    deed: Deed,
    trouble: Trouble,
    act: impl FnOnce(Other) -> F,
) -> (Guards, Result<(), Fault>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let scene = Guards::new(deed).await;
    let other = Other {
        deeds: Arc::clone(&scene.registry.other),
        realm: Arc::clone(&scene.registry.realm),
    };
    scene.registry.troubled.spoil(&[trouble]);
    scene.registry.troubled.meanwhile(act(other));
    let answer = scene.carry_out(deed).await;
    (scene, answer)
}

/// Somebody else on another node.
struct Other {
    deeds: Arc<thingsmith_core::Deeds>,
    realm: Arc<thingsmith_core::realms::RealmRecord>,
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_taken_only_by_somebody_else() {
    for (trouble, name, expected) in [
        (Trouble::LostAfter, "theirs", None),
        (Trouble::LostBefore, "theirs", Some(Code::LimitExceeded)),
        (Trouble::LostBefore, "new", Some(Code::ResourceAlreadyExists)),
    ] {
        let deed = Deed::CreateCertificateProvider;
        let (scene, answer) = meanwhile(deed, trouble, move |other| async move {
            let new = new_provider(name);
            let theirs = providers::create_certificate_provider(&other.deeds, &other.realm, new).await;
            assert_eq!(theirs.is_ok(), trouble == Trouble::LostBefore);
        })
        .await;
        assert_eq!(code(&answer), expected, "{trouble:?} {name}");
        let kept = scene.provider().await.unwrap();
        assert_eq!(kept.name, if answer.is_ok() { "new" } else { name });
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_was_changed_further_stays_so() {
    let deed = Deed::UpdateCertificateProvider;
    let (scene, answer) = meanwhile(deed, Trouble::LostAfter, |other| async move {
        providers::update_certificate_provider(&other.deeds, &other.realm, "there", &by("third"))
            .await
            .unwrap();
    })
    .await;
    answer.unwrap();
    assert_eq!(scene.provider().await.unwrap().function_arn, function("third"));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_was_made_anew_is_not_deleted_with_the_old_one() {
    for (trouble, expected) in [
        (Trouble::LostAfter, None),
        (Trouble::LostBefore, Some(Code::ResourceNotFound)),
    ] {
        let deed = Deed::DeleteCertificateProvider;
        let (scene, answer) = meanwhile(deed, trouble, move |other| async move {
            let Other { deeds, realm } = &other;
            if trouble == Trouble::LostBefore {
                providers::delete_certificate_provider(deeds, realm, "there")
                    .await
                    .unwrap();
            } else {
                providers::create_certificate_provider(deeds, realm, new_provider("there"))
                    .await
                    .unwrap();
            }
        })
        .await;
        assert_eq!(code(&answer), expected, "{trouble:?}");
        assert_eq!(scene.provider().await.is_some(), trouble == Trouble::LostAfter);
    }
}

#[tokio::test(start_paused = true)]
async fn a_serial_number_that_was_disallowed_again_stays_so() {
    let (scene, answer) = meanwhile(Deed::Allow, Trouble::LostAfter, |other| async move {
        let fleet = "fleet".parse().unwrap();
        let serials = ["new".to_owned(), "newer".to_owned()];
        claims::disallow(&other.deeds, &other.realm, &fleet, &serials)
            .await
            .unwrap();
        // So that there are as many as the deed expects.
        let serials = [serial("theirs"), serial("too")];
        claims::allow(&other.deeds, &other.realm, &fleet, "SerialNumber", &serials)
            .await
            .unwrap();
    })
    .await;
    answer.unwrap();
    assert!(!scene.is_allowed("new").await && scene.is_allowed("theirs").await);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_was_changed_further_stays_so() {
    let (scene, answer) = meanwhile(Deed::Limit, Trouble::LostAfter, |other| async move {
        claims::limit(&other.deeds, &other.realm, &devices(9))
            .await
            .unwrap();
    })
    .await;
    answer.unwrap();
    assert_eq!(scene.devices().await, Some(9));
}

/// A template of the same name is not the one that the claim was to be for, but will do.
#[tokio::test(start_paused = true)]
async fn a_trusted_users_claim_is_of_the_template_that_there_is() {
    for trouble in [Trouble::LostAfter, Trouble::LostBefore] {
        for made_anew in [true, false] {
            let deed = Deed::CreateProvisioningClaim;
            let (scene, answer) = meanwhile(deed, trouble, move |other| async move {
                let Other { deeds, realm } = &other;
                delete_provisioning_template(deeds, realm, &"fleet".parse().unwrap())
                    .await
                    .unwrap();
                if made_anew {
                    create_provisioning_template(deeds, realm, new_fleet("fleet", ROLE))
                        .await
                        .unwrap();
                }
            })
            .await;
            let expected = (!made_anew).then_some(Code::ResourceNotFound);
            assert_eq!(code(&answer), expected, "{trouble:?}");
            assert_eq!(scene.provisioning_claims().await, i64::from(made_anew));
        }
    }
}
