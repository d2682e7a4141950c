//! Layers: versions that are published at once, and functions that take what is deleted.

use thingsmith_core::Code;
use thingsmith_core::functions::{self, FunctionName, FunctionUpdate, NewFunction};
use thingsmith_core::layers::{self, LayerVersionName, rows};

use super::{ROUNDS, pairs};
use crate::objects::{code, new_function, new_layer_version};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_version_is_given_twice() {
    for pair in pairs().await {
        for round in 0..ROUNDS {
            let name = format!("l{}", round / 5);
            let (one, two) = tokio::join!(
                layers::publish_layer_version(&pair.here, &pair.realm, new_layer_version(&name)),
                layers::publish_layer_version(&pair.there, &pair.realm, new_layer_version(&name)),
            );
            let mut versions = [one.unwrap().version, two.unwrap().version];
            versions.sort_unstable();
            let last = i64::try_from(round % 5).unwrap() * 2;
            assert_eq!(versions, [last + 1, last + 2]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_has_a_layer_has_its_code() {
    for pair in pairs().await {
        let function: FunctionName = "f".parse().unwrap();
        for _ in 0..ROUNDS {
            let made = layers::publish_layer_version(&pair.here, &pair.realm, new_layer_version("l"));
            let made = made.await.unwrap();
            let name: LayerVersionName = made.arn(&pair.realm).parse().unwrap();
            let new = NewFunction {
                layers: vec![name.clone()],
                ..new_function("f")
            };
            let (created, deleted) = tokio::join!(
                functions::create_function(&pair.here, &pair.realm, new),
                layers::delete_layer_version(&pair.there, &pair.realm, &name),
            );
            deleted.unwrap();
            let kept = rows::code(pair.there.store(), pair.realm.realm, made.number)
                .await
                .unwrap();
            match code(&created) {
                None => assert!(kept.is_some()),
                Some(refused) => {
                    assert_eq!((refused, kept), (Code::InvalidRequest, None));
                    continue;
                }
            }
            let without = FunctionUpdate {
                layers: Some(Vec::new()),
                ..FunctionUpdate::default()
            };
            // Either of them is the one that lets it go.
            let (changed, gone) = tokio::join!(
                functions::update_configuration(&pair.here, &pair.realm, &function, &without),
                functions::delete_function(&pair.there, &pair.realm, &function),
            );
            gone.unwrap();
            assert!(
                [None, Some(Code::ResourceNotFound)].contains(&code(&changed)),
                "{changed:?}"
            );
            let kept = rows::code(pair.here.store(), pair.realm.realm, made.number)
                .await
                .unwrap();
            assert_eq!(kept, None);
        }
    }
}
