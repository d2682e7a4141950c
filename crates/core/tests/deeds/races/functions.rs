//! Functions: changes of one, and permissions on one that goes.

use bytes::Bytes;
use thingsmith_core::Code;
use thingsmith_core::functions::{self, CodeUpdate, FunctionName, FunctionUpdate, rows};

use super::{ROUNDS, pairs};
use crate::objects::{code, function_permission, new_function, zip};

fn name() -> FunctionName {
    "f".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_and_configuration_change_side_by_side_and_neither_is_lost() {
    for pair in pairs().await {
        functions::create_function(&pair.here, &pair.realm, new_function("f"))
            .await
            .unwrap();
        for round in 0..ROUNDS {
            let code = CodeUpdate {
                zip: zip(&[u8::try_from(round).unwrap()]),
                architecture: None,
                revision: None,
                dry_run: false,
            };
            let configuration = FunctionUpdate {
                description: Some(round.to_string()),
                ..FunctionUpdate::default()
            };
            let name = name();
            let (one, two) = tokio::join!(
                functions::update_code(&pair.here, &pair.realm, &name, &code),
                functions::update_configuration(&pair.there, &pair.realm, &name, &configuration),
            );
            let (one, two) = (one.unwrap(), two.unwrap());
            let found = functions::function(&pair.here, &pair.realm, &name).await.unwrap();
            assert_eq!(found.description, round.to_string());
            assert_eq!(found.code_sha256, one.code_sha256);
            assert!([&one.revision, &two.revision].contains(&&found.revision));
            let kept = rows::code(
                pair.there.store(),
                pair.realm.realm,
                found.number,
                &found.code_sha256,
            );
            assert_eq!(kept.await.unwrap().map(Bytes::from), Some(code.zip));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_changes_that_expect_one_revision_one_is_refused() {
    for pair in pairs().await {
        functions::create_function(&pair.here, &pair.realm, new_function("f"))
            .await
            .unwrap();
        for _ in 0..ROUNDS {
            let name = name();
            let found = functions::function(&pair.here, &pair.realm, &name).await.unwrap();
            let update = |description: &str| FunctionUpdate {
                description: Some(description.to_owned()),
                revision: Some(found.revision.clone()),
                ..FunctionUpdate::default()
            };
            let (one, two) = (update("one"), update("two"));
            let (one, two) = tokio::join!(
                functions::update_configuration(&pair.here, &pair.realm, &name, &one),
                functions::update_configuration(&pair.there, &pair.realm, &name, &two),
            );
            let lost = match (code(&one), code(&two)) {
                (None, Some(lost)) | (Some(lost), None) => lost,
                _ => panic!("one: {one:?}, two: {two:?}"),
            };
            assert_eq!(lost, Code::PreconditionFailed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_goes_leaves_no_permission_behind() {
    for pair in pairs().await {
        for _ in 0..ROUNDS {
            let made = functions::create_function(&pair.here, &pair.realm, new_function("f"))
                .await
                .unwrap();
            let (name, permission) = (name(), function_permission("a"));
            let (added, deleted) = tokio::join!(
                functions::add_permission(&pair.here, &pair.realm, &name, &permission),
                functions::delete_function(&pair.there, &pair.realm, &name),
            );
            deleted.unwrap();
            assert!(
                [None, Some(Code::ResourceNotFound)].contains(&code(&added)),
                "{added:?}"
            );
            let left = rows::permissions(pair.here.store(), pair.realm.realm, made.number).await;
            assert_eq!(left.unwrap(), Vec::new());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_id_is_given_once() {
    for pair in pairs().await {
        functions::create_function(&pair.here, &pair.realm, new_function("f"))
            .await
            .unwrap();
        for round in 0..ROUNDS {
            let (name, permission) = (name(), function_permission(&format!("s{round}")));
            let (one, two) = tokio::join!(
                functions::add_permission(&pair.here, &pair.realm, &name, &permission),
                functions::add_permission(&pair.there, &pair.realm, &name, &permission),
            );
            let lost = match (code(&one), code(&two)) {
                (None, Some(lost)) | (Some(lost), None) => lost,
                _ => panic!("one: {one:?}, two: {two:?}"),
            };
            assert_eq!(lost, Code::ResourceAlreadyExists);
        }
    }
}
