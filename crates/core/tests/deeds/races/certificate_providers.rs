//! Certificate providers: a realm has one, whoever makes it.

use thingsmith_core::Code;
use thingsmith_core::certificate_providers::{
    CertificateProviderUpdate, NewCertificateProvider, create_certificate_provider,
    delete_certificate_provider, rows, update_certificate_provider,
};
use thingsmith_core::tags::{self, Tags, tag_resource};

use super::{Pair, ROUNDS, pairs};
use crate::objects::code;

fn new(name: &str, client_token: Option<&str>) -> NewCertificateProvider {
    NewCertificateProvider {
        name: name.into(),
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:sign".into(),
        operation: "CreateCertificateFromCsr".into(),
        client_token: client_token.map(str::to_owned),
        tags: Tags::new(),
    }
}

async fn delete(pair: &Pair, name: &str) {
    delete_certificate_provider(&pair.here, &pair.realm, name)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_realm_has_one_provider_whoever_makes_it() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let (other, refusal) = match round % 2 {
                0 => ("one", Code::ResourceAlreadyExists),
                _ => ("two", Code::LimitExceeded),
            };
            let (first, second) = tokio::join!(
                create_certificate_provider(&pair.here, realm, new("one", None)),
                create_certificate_provider(&pair.there, realm, new(other, None)),
            );
            let made = match (code(&first), code(&second)) {
                (None, Some(lost)) if lost == refusal => first.unwrap(),
                (Some(lost), None) if lost == refusal => second.unwrap(),
                _ => panic!("{first:?} {second:?}"),
            };
            let found = rows::of_realm(pair.here.store(), realm.realm).await.unwrap();
            assert_eq!(found, Some(made.clone()));
            delete(&pair, &made.name).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_repeated_at_once_is_one() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let token = format!("token-{round}");
            let new = new("one", Some(&token));
            let (first, second) = tokio::join!(
                create_certificate_provider(&pair.here, realm, new.clone()),
                create_certificate_provider(&pair.there, realm, new.clone()),
            );
            assert_eq!(first.unwrap(), second.unwrap());
            delete(&pair, "one").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_is_changed_or_tagged_before_it_is_deleted_or_not_at_all() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let update = CertificateProviderUpdate {
            function_arn: Some("arn:aws:lambda:us-east-1:000000000000:function:other".into()),
            operation: None,
        };
        for _ in 0..ROUNDS {
            let made = create_certificate_provider(&pair.here, realm, new("one", None))
                .await
                .unwrap();
            let arn = made.arn(realm);
            let tag: Tags = [("a".to_owned(), "b".to_owned())].into();
            let (updated, tagged, deleted) = tokio::join!(
                update_certificate_provider(&pair.here, realm, "one", &update),
                tag_resource(&pair.here, realm, &arn, &tag),
                delete_certificate_provider(&pair.there, realm, "one"),
            );
            deleted.unwrap();
            for code in [code(&updated), code(&tagged)] {
                assert!(matches!(code, None | Some(Code::ResourceNotFound)), "{code:?}");
            }
            let store = pair.here.store();
            assert_eq!(rows::of_realm(store, realm.realm).await.unwrap(), None);
            let left = tags::rows::page(store, realm.realm, made.number, "", 9).await;
            assert!(left.unwrap().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_made_anew_while_it_is_deleted_is_there_or_not() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for _ in 0..ROUNDS {
            let (made, deleted) = tokio::join!(
                create_certificate_provider(&pair.here, realm, new("one", None)),
                delete_certificate_provider(&pair.there, realm, "one"),
            );
            let found = rows::find(pair.here.store(), realm.realm, "one").await.unwrap();
            match (made, code(&deleted)) {
                // Deleted after it was made.
                (Ok(_), None) if found.is_none() => {}
                // Deleted what was there before.
                (Ok(made), None | Some(Code::ResourceNotFound)) => assert_eq!(found, Some(made)),
                (Err(taken), None) => {
                    assert_eq!(taken.code, Code::ResourceAlreadyExists);
                    assert_eq!(found, None);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
