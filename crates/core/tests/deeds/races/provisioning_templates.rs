//! Provisioning templates, their versions, and CA certificates that name them.

use thingsmith_core::Code;
use thingsmith_core::ca_certificates::{self, CaUpdate, RegistrationConfig, update_ca_certificate};
use thingsmith_core::provisioning_templates::{
    ProvisioningTemplateUpdate, create_provisioning_template, create_provisioning_template_version,
    delete_provisioning_template, delete_provisioning_template_version, describe_provisioning_template, rows,
    update_provisioning_template,
};

use super::{ROUNDS, pairs};
use crate::objects::code;
use crate::plans::{BODY, make_template, new_template, put_ca};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_named_by_a_ca_or_deleted_and_never_both() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let template = make_template(&pair.here, realm, &format!("t{round}")).await;
            let ca = put_ca(&pair.here, realm).await;
            let name_it = CaUpdate {
                registration_config: RegistrationConfig {
                    template_name: Some(template.name.to_string()),
                    ..RegistrationConfig::default()
                },
                ..CaUpdate::default()
            };
            let (named, deleted) = tokio::join!(
                update_ca_certificate(&pair.here, realm, &ca.id, &name_it),
                delete_provisioning_template(&pair.there, realm, &template.name),
            );
            let store = pair.here.store();
            let stands = rows::find(store, realm.realm, &template.name).await.unwrap();
            let ca = ca_certificates::rows::find(store, realm.realm, &ca.id)
                .await
                .unwrap();
            let naming = ca.unwrap().registration_config.template_name.is_some();
            match (code(&named), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => assert!(stands.is_some() && naming),
                (Some(Code::ResourceNotFound), None) => assert!(stands.is_none() && !naming),
                _ => panic!("named: {named:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_version_of_a_template_is_always_there() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = make_template(&pair.here, realm, &format!("t{round}")).await.name;
            create_provisioning_template_version(&pair.here, realm, &name, BODY, false)
                .await
                .unwrap();
            let choose = ProvisioningTemplateUpdate {
                default_version: Some(2),
                ..ProvisioningTemplateUpdate::default()
            };
            let (chosen, deleted) = tokio::join!(
                update_provisioning_template(&pair.here, realm, &name, &choose),
                delete_provisioning_template_version(&pair.there, realm, &name, 2),
            );
            let (template, _) = describe_provisioning_template(&pair.here, realm, &name)
                .await
                .unwrap();
            match (code(&chosen), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => assert_eq!(template.default_version, 2),
                (Some(Code::ResourceNotFound), None) => assert_eq!(template.default_version, 1),
                _ => panic!("chosen: {chosen:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fifth_version_of_a_template_is_the_last_whoever_makes_it() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = make_template(&pair.here, realm, &format!("t{round}")).await.name;
            for _ in 2..=4 {
                create_provisioning_template_version(&pair.here, realm, &name, BODY, false)
                    .await
                    .unwrap();
            }
            let (first, second) = tokio::join!(
                create_provisioning_template_version(&pair.here, realm, &name, BODY, true),
                create_provisioning_template_version(&pair.there, realm, &name, BODY, false),
            );
            match (code(&first), code(&second)) {
                (None, Some(Code::VersionsLimitExceeded)) => assert_eq!(first.unwrap(), 5),
                (Some(Code::VersionsLimitExceeded), None) => assert_eq!(second.unwrap(), 5),
                _ => panic!("{first:?} {second:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_made_and_deleted_at_once_and_counted_right() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let store = pair.here.store();
        for _ in 0..ROUNDS {
            let name = "again".parse().unwrap();
            let (made, deleted) = tokio::join!(
                create_provisioning_template(&pair.here, realm, new_template("again")),
                delete_provisioning_template(&pair.there, realm, &name),
            );
            let stands = rows::find(store, realm.realm, &name).await.unwrap();
            match (code(&made), code(&deleted)) {
                (None, None | Some(Code::ResourceNotFound)) | (Some(Code::ResourceAlreadyExists), None) => {}
                _ => panic!("made: {made:?}, deleted: {deleted:?}"),
            }
            let count = rows::count(store, realm.realm).await.unwrap();
            assert_eq!(count, i64::from(stands.is_some()));
        }
    }
}
