//! Functions whose commits are lost: each deed says that it was done when it was.

use thingsmith_core::Code;
use thingsmith_core::functions::{self, CodeUpdate, FunctionName, FunctionUpdate};
use thingsmith_core::layers::{self, LayerVersionName};

use super::{Registry, Trouble};
use crate::objects::{code, function_permission, new_function, new_layer_version, zip};

#[tokio::test(start_paused = true)]
async fn a_deed_whose_commit_is_lost_is_done_once() {
    for trouble in [Trouble::LostBefore, Trouble::LostAfter] {
        let registry = Registry::new().await;
        let (deeds, realm) = (&registry.deeds, &*registry.realm);
        let name: FunctionName = "f".parse().unwrap();
        let spoil = || registry.troubled.spoil(&[trouble]);
        spoil();
        let made = functions::create_function(deeds, realm, new_function("f"))
            .await
            .unwrap();
        spoil();
        let update = CodeUpdate {
            zip: zip(b"22"),
            architecture: None,
            revision: Some(made.revision.clone()),
            dry_run: false,
        };
        let changed = functions::update_code(deeds, realm, &name, &update)
            .await
            .unwrap();
        assert_ne!(changed.code_sha256, made.code_sha256);
        spoil();
        let update = FunctionUpdate {
            description: Some("d".into()),
            revision: Some(changed.revision),
            ..FunctionUpdate::default()
        };
        let changed = functions::update_configuration(deeds, realm, &name, &update)
            .await
            .unwrap();
        assert_eq!(
            functions::function(&registry.other, realm, &name).await.unwrap(),
            changed
        );
        spoil();
        let permission = function_permission("a");
        functions::add_permission(deeds, realm, &name, &permission)
            .await
            .unwrap();
        spoil();
        functions::remove_permission(deeds, realm, &name, "a", None)
            .await
            .unwrap();
        let policy = functions::policy(deeds, realm, &name).await;
        assert_eq!(code(&policy), Some(Code::ResourceNotFound));
        spoil();
        let layer = layers::publish_layer_version(deeds, realm, new_layer_version("l"))
            .await
            .unwrap();
        assert_eq!(layer.version, 1);
        let layer: LayerVersionName = layer.arn(realm).parse().unwrap();
        spoil();
        let update = FunctionUpdate {
            layers: Some(vec![layer.clone()]),
            ..FunctionUpdate::default()
        };
        functions::update_configuration(deeds, realm, &name, &update)
            .await
            .unwrap();
        spoil();
        layers::delete_layer_version(deeds, realm, &layer).await.unwrap();
        let gone = layers::layer_version(&registry.other, realm, &layer).await;
        assert_eq!(code(&gone), Some(Code::ResourceNotFound));
        spoil();
        functions::delete_function(deeds, realm, &name).await.unwrap();
        let gone = functions::function(&registry.other, realm, &name).await;
        assert_eq!(code(&gone), Some(Code::ResourceNotFound));
    }
}
