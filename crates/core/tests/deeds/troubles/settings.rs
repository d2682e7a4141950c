//! The deeds on domain configurations, role aliases and logging options, with every trouble.

use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::domain_configurations::{
    self as domains, DATA_ATS, DomainConfiguration, DomainConfigurationUpdate, NewDomainConfiguration,
    Requested,
};
use thingsmith_core::logging::{self, Options, Target};
use thingsmith_core::role_aliases::{self, NewRoleAlias, RoleAliasUpdate};
use thingsmith_core::{Code, Fault, tags};

use super::scene::{self, Scene};
use super::{Registry, Trouble};
use crate::objects::code;

const ROLE: &str = "arn:aws:iam::123456789012:role/worker";
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    CreateDomainConfiguration,
    UpdateDomainConfiguration,
    DisableDomainConfiguration,
    UpdateDefaultEndpoint,
    DeleteDomainConfiguration,
    CreateRoleAlias,
    UpdateRoleAlias,
    DeleteRoleAlias,
    SetLoggingOptions,
    SetLoggingLevel,
    DeleteLoggingLevel,
}

/// The domain configurations `own` (of `own.example`) and `made`, which is disabled and may go; the role alias `alias`;
/// logging options, and a level of the thing group `top`.
struct Settings {
    registry: Registry,
}

fn new_domain(name: &str, domain: Option<&str>) -> NewDomainConfiguration {
    let certificate = "arn:aws:acm:us-east-1:000000000000:certificate/a".to_owned();
    NewDomainConfiguration {
        name: name.into(),
        domain_name: domain.map(str::to_owned),
        server_certificates: domain.map(|_| certificate).into_iter().collect(),
        validation_certificate: None,
        requested: Requested::default(),
        tags: [("a".to_owned(), String::new())].into(),
    }
}

fn enabled(enabled: bool) -> DomainConfigurationUpdate {
    DomainConfigurationUpdate {
        enabled: Some(enabled),
        ..DomainConfigurationUpdate::default()
    }
}

fn tls13() -> DomainConfigurationUpdate {
    DomainConfigurationUpdate {
        requested: Requested {
            tls: Some(Some("IoTSecurityPolicy_TLS13_1_3_2022_10".into())),
            ..Requested::default()
        },
        ..DomainConfigurationUpdate::default()
    }
}

fn new_alias(name: &str) -> NewRoleAlias {
    NewRoleAlias {
        name: name.into(),
        role_arn: ROLE.into(),
        duration_seconds: 3600,
        tags: tags::Tags::new(),
    }
}

fn target(name: &str) -> Target {
    Target {
        kind: "THING_GROUP".into(),
        name: name.into(),
    }
}

impl Settings {
    async fn domain(&self, name: &str) -> Option<DomainConfiguration> {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        domains::rows::find(store, realm, name).await.unwrap()
    }

    async fn alias(&self, name: &str) -> Option<role_aliases::RoleAlias> {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        role_aliases::rows::find(store, realm, name).await.unwrap()
    }

    async fn level(&self, name: &str) -> Option<String> {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        logging::rows::level(store, realm, &target(name)).await.unwrap()
    }
}

impl Scene for Settings {
    type Deed = Deed;

    const ALL: &'static [Deed] = &[
        Deed::CreateDomainConfiguration,
        Deed::UpdateDomainConfiguration,
        Deed::DisableDomainConfiguration,
        Deed::UpdateDefaultEndpoint,
        Deed::DeleteDomainConfiguration,
        Deed::CreateRoleAlias,
        Deed::UpdateRoleAlias,
        Deed::DeleteRoleAlias,
        Deed::SetLoggingOptions,
        Deed::SetLoggingLevel,
        Deed::DeleteLoggingLevel,
    ];

    async fn new(_: Deed) -> Self {
        let registry = Registry::new().await;
        let (node, realm) = (&registry.other, &*registry.realm);
        for new in [new_domain("own", Some("own.example")), new_domain("made", None)] {
            domains::create_domain_configuration(node, realm, new, "localhost")
                .await
                .unwrap();
        }
        domains::update_domain_configuration(node, realm, "made", &enabled(false))
            .await
            .unwrap();
        registry.clock.advance(WEEK);
        role_aliases::create_role_alias(node, realm, new_alias("alias"))
            .await
            .unwrap();
        let options = Options {
            role_arn: Some(ROLE.into()),
            ..Options::default()
        };
        logging::set_options(node, realm, &options, None).await.unwrap();
        logging::set_level(node, realm, &target("top"), "ERROR")
            .await
            .unwrap();
        Self { registry }
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    async fn carry_out(&self, deed: Deed) -> Result<(), Fault> {
        let (deeds, realm) = (&self.registry.deeds, &*self.registry.realm);
        match deed {
            Deed::CreateDomainConfiguration => {
                let new = new_domain("new", Some("new.example"));
                domains::create_domain_configuration(deeds, realm, new, "localhost")
                    .await
                    .map(drop)
            }
            Deed::UpdateDomainConfiguration => {
                domains::update_domain_configuration(deeds, realm, "own", &tls13()).await
            }
            Deed::DisableDomainConfiguration => {
                domains::update_domain_configuration(deeds, realm, "own", &enabled(false)).await
            }
            Deed::UpdateDefaultEndpoint => {
                domains::update_domain_configuration(deeds, realm, DATA_ATS, &tls13()).await
            }
            Deed::DeleteDomainConfiguration => {
                domains::delete_domain_configuration(deeds, realm, "made").await
            }
            Deed::CreateRoleAlias => role_aliases::create_role_alias(deeds, realm, new_alias("new"))
                .await
                .map(drop),
            Deed::UpdateRoleAlias => {
                let update = RoleAliasUpdate {
                    duration_seconds: Some(900),
                    ..RoleAliasUpdate::default()
                };
                role_aliases::update_role_alias(deeds, realm, "alias", &update).await
            }
            Deed::DeleteRoleAlias => role_aliases::delete_role_alias(deeds, realm, "alias").await,
            Deed::SetLoggingOptions => {
                let options = Options {
                    disabled: Some(true),
                    ..Options::default()
                };
                logging::set_options(deeds, realm, &options, Some("WARN")).await
            }
            Deed::SetLoggingLevel => logging::set_level(deeds, realm, &target("leaf"), "DEBUG").await,
            Deed::DeleteLoggingLevel => logging::delete_level(deeds, realm, &target("top")).await,
        }
    }

    async fn times_done(&self, deed: Deed) -> i64 {
        match deed {
            Deed::CreateDomainConfiguration => {
                let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
                domains::rows::count(store, realm, DATA_ATS).await.unwrap() - 2
            }
            Deed::UpdateDomainConfiguration | Deed::DisableDomainConfiguration => {
                self.domain("own").await.unwrap().revision - 1
            }
            Deed::UpdateDefaultEndpoint => self.domain(DATA_ATS).await.map_or(0, |found| found.revision),
            Deed::DeleteDomainConfiguration => i64::from(self.domain("made").await.is_none()),
            Deed::CreateRoleAlias => i64::from(self.alias("new").await.is_some()),
            Deed::UpdateRoleAlias => i64::from(self.alias("alias").await.unwrap().duration_seconds == 900),
            Deed::DeleteRoleAlias => i64::from(self.alias("alias").await.is_none()),
            Deed::SetLoggingOptions => {
                let options = logging::options(&self.registry.other, &self.registry.realm).await;
                let (options, level) = options.unwrap();
                assert_eq!(options.disabled.is_some(), level.is_some());
                i64::from(level.is_some())
            }
            Deed::SetLoggingLevel => i64::from(self.level("leaf").await.is_some()),
            Deed::DeleteLoggingLevel => i64::from(self.level("top").await.is_none()),
        }
    }

    fn announces(deed: Deed) -> bool {
        !matches!(deed, Deed::CreateDomainConfiguration | Deed::CreateRoleAlias)
    }
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_settings_that_is_done_at_last_is_done_once_and_says_so() {
    scene::is_done_once::<Settings>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_settings_that_cannot_be_done_says_so_after_some_tries() {
    scene::gives_up::<Settings>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_settings_whose_every_commit_is_lost_finds_that_it_was_done() {
    scene::finds_itself::<Settings>().await;
}

#[tokio::test(start_paused = true)]
async fn a_domain_is_taken_only_by_somebody_else() {
    for (trouble, expected) in [
        (Trouble::LostAfter, None),
        (Trouble::LostBefore, Some(Code::ResourceAlreadyExists)),
    ] {
        let scene = Settings::new(Deed::CreateDomainConfiguration).await;
        let (node, realm) = (
            Arc::clone(&scene.registry.other),
            Arc::clone(&scene.registry.realm),
        );
        scene.registry.troubled.spoil(&[trouble]);
        scene.registry.troubled.meanwhile(async move {
            let new = new_domain("theirs", Some("new.example"));
            let theirs = domains::create_domain_configuration(&node, &realm, new, "localhost").await;
            assert_eq!(theirs.is_ok(), trouble == Trouble::LostBefore);
        });
        let answer = scene.carry_out(Deed::CreateDomainConfiguration).await;
        assert_eq!(code(&answer), expected, "{trouble:?}");
    }
}

/// The tenth configuration, made by a commit that was lost, is not its own eleventh.
#[tokio::test(start_paused = true)]
async fn a_domain_configuration_does_not_stand_in_its_own_way_at_the_limit() {
    let scene = Settings::new(Deed::CreateDomainConfiguration).await;
    for number in 0..7 {
        let new = new_domain(&format!("d{number}"), None);
        let (node, realm) = (&scene.registry.other, &scene.registry.realm);
        domains::create_domain_configuration(node, realm, new, "localhost")
            .await
            .unwrap();
    }
    scene.registry.troubled.spoil(&[Trouble::LostAfter]);
    scene.carry_out(Deed::CreateDomainConfiguration).await.unwrap();
    let one_more = new_domain("more", None);
    let (node, realm) = (&scene.registry.other, &scene.registry.realm);
    let answer = domains::create_domain_configuration(node, realm, one_more, "localhost").await;
    assert_eq!(code(&answer), Some(Code::LimitExceeded));
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_was_enabled_again_stays_enabled() {
    let scene = Settings::new(Deed::DisableDomainConfiguration).await;
    let (node, realm) = (
        Arc::clone(&scene.registry.other),
        Arc::clone(&scene.registry.realm),
    );
    scene.registry.troubled.spoil(&[Trouble::LostAfter]);
    scene.registry.troubled.meanwhile(async move {
        domains::update_domain_configuration(&node, &realm, "own", &enabled(true))
            .await
            .unwrap();
    });
    scene.carry_out(Deed::DisableDomainConfiguration).await.unwrap();
    let kept = scene.domain("own").await.unwrap();
    assert!((kept.enabled, kept.revision) == (true, 3));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_was_made_anew_is_not_deleted_with_the_old_one() {
    for (trouble, expected) in [
        (Trouble::LostAfter, None),
        (Trouble::LostBefore, Some(Code::ResourceNotFound)),
    ] {
        let scene = Settings::new(Deed::DeleteDomainConfiguration).await;
        let (node, realm) = (
            Arc::clone(&scene.registry.other),
            Arc::clone(&scene.registry.realm),
        );
        scene.registry.troubled.spoil(&[trouble]);
        scene.registry.troubled.meanwhile(async move {
            if trouble == Trouble::LostBefore {
                domains::delete_domain_configuration(&node, &realm, "made")
                    .await
                    .unwrap();
            } else {
                domains::create_domain_configuration(&node, &realm, new_domain("made", None), "localhost")
                    .await
                    .unwrap();
            }
        });
        let answer = scene.carry_out(Deed::DeleteDomainConfiguration).await;
        assert_eq!(code(&answer), expected, "{trouble:?}");
        assert_eq!(
            scene.domain("made").await.is_some(),
            trouble == Trouble::LostAfter
        );
    }
}
