//! Domain configurations: what is unique, and what is counted.

use thingsmith_core::Code;
use thingsmith_core::domain_configurations::{
    self as domains, DATA_ATS, DomainConfigurationUpdate, NewDomainConfiguration, Requested, rows,
};

use super::pairs;
use crate::objects::code;

/// How often two deeds meet here.
const MEETINGS: usize = 20;

fn new(name: &str, domain: Option<&str>) -> NewDomainConfiguration {
    let certificate = "arn:aws:acm:us-east-1:000000000000:certificate/a".to_owned();
    NewDomainConfiguration {
        name: name.into(),
        domain_name: domain.map(str::to_owned),
        server_certificates: domain.map(|_| certificate).into_iter().collect(),
        validation_certificate: None,
        requested: Requested::default(),
        tags: Default::default(),
    }
}

fn off() -> DomainConfigurationUpdate {
    DomainConfigurationUpdate {
        enabled: Some(false),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_belongs_to_one_and_an_eleventh_configuration_to_nobody() {
    for pair in pairs().await {
        for number in 0..9 {
            domains::create_domain_configuration(
                &pair.here,
                &pair.realm,
                new(&format!("d{number}"), None),
                "localhost",
            )
            .await
            .unwrap();
        }
        for round in 0..MEETINGS {
            // The last place, for two with one domain or with two.
            let other = if round % 2 == 0 { "a.example" } else { "b.example" };
            let (one, two) = tokio::join!(
                domains::create_domain_configuration(
                    &pair.here,
                    &pair.realm,
                    new("one", Some("a.example")),
                    "localhost",
                ),
                domains::create_domain_configuration(
                    &pair.there,
                    &pair.realm,
                    new("two", Some(other)),
                    "localhost",
                ),
            );
            let lost = match (code(&one), code(&two)) {
                (None, Some(lost)) | (Some(lost), None) => lost,
                _ => panic!("one: {one:?}, two: {two:?}"),
            };
            assert!(
                [Code::LimitExceeded, Code::ResourceAlreadyExists].contains(&lost),
                "{lost:?}"
            );
            let count = rows::count(pair.here.store(), pair.realm.realm, DATA_ATS).await;
            assert_eq!(count.unwrap(), 10);
            let won = if one.is_ok() { "one" } else { "two" };
            domains::update_domain_configuration(&pair.here, &pair.realm, won, &off())
                .await
                .unwrap();
            domains::delete_domain_configuration(&pair.here, &pair.realm, won)
                .await
                .unwrap();
        }
    }
}
