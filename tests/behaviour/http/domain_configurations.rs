//! Domain configurations: their lives and what is refused. What they do to devices is seen at the gateway.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, Reply, TestServer};

use super::named;
use super::query::{done, refused};

const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/a-1";
const ARN: &str = "arn:aws:iot:us-east-1:123456789012:domainconfiguration/line/hdb7v";
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn create(client: &Client, name: &str, more: Value) -> Reply {
    with(client, "CreateDomainConfiguration", name, more).await
}

async fn update(client: &Client, name: &str, more: Value) -> Reply {
    with(client, "UpdateDomainConfiguration", name, more).await
}

async fn describe(client: &Client, name: &str) -> Reply {
    with(client, "DescribeDomainConfiguration", name, json!({})).await
}

async fn delete(client: &Client, name: &str) -> Reply {
    with(client, "DeleteDomainConfiguration", name, json!({})).await
}

async fn with(client: &Client, operation: &str, name: &str, more: Value) -> Reply {
    let mut input = json!({"domainConfigurationName": name});
    let members = input.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    named(client, operation, input).await
}

fn customers(domain: &str) -> Value {
    json!({"domainName": domain, "serverCertificateArns": [CERTIFICATE]})
}

fn policy(name: &str) -> Value {
    json!({"tlsConfig": {"securityPolicy": format!("IoTSecurityPolicy_{name}")}})
}

#[tokio::test]
async fn a_domain_configuration_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut new = customers("IoT.example.com");
        new["tags"] = json!([{"Key": "line", "Value": "4"}]);
        new["validationCertificateArn"] = json!(CERTIFICATE);
        new["serviceType"] = json!("DATA");
        new["authorizerConfig"] = json!({"allowAuthorizerOverride": false});
        new["serverCertificateConfig"] = json!({"enableOCSPCheck": false});
        let made = done(create(&admin, "line", new).await);
        assert_eq!(
            made.json(),
            json!({"domainConfigurationName": "line", "domainConfigurationArn": ARN})
        );
        let tags = named(&admin, "ListTagsForResource", json!({"resourceArn": ARN})).await;
        assert_eq!(done(tags).json()["tags"], json!([{"Key": "line", "Value": "4"}]));
        for wrong in [
            &ARN[..ARN.len() - 1],
            "arn:aws:iot:us-east-1:123456789012:domainconfiguration/line",
        ] {
            let tags = named(&admin, "ListTagsForResource", json!({"resourceArn": wrong})).await;
            refused(&tags, 404, "ResourceNotFoundException");
        }
        let detail = "This server shows a certificate of its own authority for the domain.";
        let mut expected = json!({
            "domainConfigurationName": "line",
            "domainConfigurationArn": ARN,
            "domainName": "IoT.example.com",
            "serverCertificates": [{"serverCertificateArn": CERTIFICATE, "serverCertificateStatus": "VALID",
                "serverCertificateStatusDetail": detail}],
            "authorizerConfig": {"allowAuthorizerOverride": false},
            "domainConfigurationStatus": "ENABLED",
            "serviceType": "DATA",
            "domainType": "CUSTOMER_MANAGED",
            "lastStatusChangeDate": 1_795_291_200.123,
            "tlsConfig": {"securityPolicy": "IoTSecurityPolicy_TLS13_1_2_2022_10"},
            "serverCertificateConfig": {"enableOCSPCheck": false},
            "authenticationType": "DEFAULT",
            "applicationProtocol": "DEFAULT",
        });
        assert_eq!(done(describe(&admin, "line").await).json(), expected);

        server.clock.advance(Duration::from_secs(60));
        let mut more = policy("TLS13_1_3_2022_10");
        more["authenticationType"] = json!("AWS_X509");
        more["applicationProtocol"] = json!("SECURE_MQTT");
        more["removeAuthorizerConfig"] = json!(true);
        let changed = done(update(&admin, "line", more).await);
        assert_eq!(changed.json(), made.json());
        expected.as_object_mut().unwrap().remove("authorizerConfig");
        expected["tlsConfig"] = policy("TLS13_1_3_2022_10")["tlsConfig"].clone();
        expected["authenticationType"] = json!("AWS_X509");
        expected["applicationProtocol"] = json!("SECURE_MQTT");
        assert_eq!(done(describe(&admin, "line").await).json(), expected);
        // What is not said stays, and half a pair is completed by what is there.
        done(update(&admin, "line", json!({"applicationProtocol": "HTTPS"})).await);
        expected["applicationProtocol"] = json!("HTTPS");
        assert_eq!(done(describe(&admin, "line").await).json(), expected);

        refused(&delete(&admin, "line").await, 400, "InvalidRequestException");
        done(update(&admin, "line", json!({"domainConfigurationStatus": "DISABLED"})).await);
        expected["domainConfigurationStatus"] = json!("DISABLED");
        expected["lastStatusChangeDate"] = json!(1_795_291_260.123);
        assert_eq!(done(describe(&admin, "line").await).json(), expected);
        done(delete(&admin, "line").await);
        for absent in [
            describe(&admin, "line").await,
            delete(&admin, "line").await,
            update(&admin, "line", json!({})).await,
            describe(&admin, "iot:None").await,
            update(&admin, "iot:None", json!({})).await,
            named(&admin, "ListTagsForResource", json!({"resourceArn": ARN})).await,
        ] {
            refused(&absent, 404, "ResourceNotFoundException");
        }
        // Name and domain are free again.
        done(create(&admin, "line", customers("iot.example.com")).await);
    }
}

#[tokio::test]
async fn a_name_that_was_made_goes_a_week_after_it_was_disabled() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        done(create(&admin, "made", json!({})).await);
        let read = done(describe(&admin, "made").await).json();
        assert_eq!(read["domainType"], "AWS_MANAGED");
        assert_eq!(read["serverCertificates"], json!([]));
        let domain = read["domainName"].as_str().unwrap();
        assert!(domain.ends_with("-ats.iot.us-east-1.localhost"), "{domain}");
        done(update(&admin, "made", json!({"domainConfigurationStatus": "DISABLED"})).await);
        server.clock.advance(WEEK - Duration::from_millis(1));
        // Being disabled once more does not begin the week anew.
        done(update(&admin, "made", json!({"domainConfigurationStatus": "DISABLED"})).await);
        refused(&delete(&admin, "made").await, 400, "InvalidRequestException");
        server.clock.advance(Duration::from_millis(1));
        done(delete(&admin, "made").await);
    }
}

#[tokio::test]
async fn lists_have_pages_in_order_of_names_with_those_of_aws_among_them() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for name in ["z", "a", "B"] {
            done(create(&admin, name, json!({})).await);
        }
        // The default endpoint's own row is no second entry.
        done(update(&admin, "iot:Data-ATS", policy("TLS12_1_2_2022_10")).await);
        let all = [
            "B",
            "a",
            "iot:CredentialProvider",
            "iot:Data-ATS",
            "iot:Jobs",
            "z",
        ];
        for size in 1..8 {
            let mut names = Vec::new();
            let mut input = json!({"pageSize": size});
            loop {
                let page = done(named(&admin, "ListDomainConfigurations", input.clone()).await).json();
                let items = page["domainConfigurations"].as_array().unwrap();
                assert!(items.len() <= size, "{page}");
                names.extend(
                    items
                        .iter()
                        .map(|item| item["domainConfigurationName"].as_str().unwrap().to_owned()),
                );
                let Some(next) = page.get("nextMarker") else { break };
                input["marker"] = next.clone();
            }
            assert_eq!(names, all);
        }
        for (kind, names) in [
            ("DATA", vec!["B", "a", "iot:Data-ATS", "z"]),
            ("JOBS", vec!["iot:Jobs"]),
            ("CREDENTIAL_PROVIDER", vec!["iot:CredentialProvider"]),
        ] {
            let page = named(&admin, "ListDomainConfigurations", json!({"serviceType": kind})).await;
            let page = done(page).json();
            let items = page["domainConfigurations"].as_array().unwrap();
            assert!(items.iter().all(|item| item["serviceType"] == kind), "{page}");
            let found: Vec<_> = items
                .iter()
                .map(|item| item["domainConfigurationName"].as_str().unwrap())
                .collect();
            assert_eq!(found, names);
        }
        let marker = json!({"marker": "AAAA"});
        let reply = named(&admin, "ListDomainConfigurations", marker).await;
        refused(&reply, 400, "InvalidRequestException");
    }
}

#[tokio::test]
async fn those_of_aws_are_there_and_only_the_tls_of_the_default_endpoint_changes() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let read = done(describe(&admin, "iot:Data-ATS").await).json();
    let arn = "arn:aws:iot:us-east-1:123456789012:domainconfiguration/iot:Data-ATS";
    let expected = json!({
        "domainConfigurationName": "iot:Data-ATS",
        "domainConfigurationArn": arn,
        "domainName": "localhost",
        "serverCertificates": [],
        "domainConfigurationStatus": "ENABLED",
        "serviceType": "DATA",
        "domainType": "ENDPOINT",
        "tlsConfig": {"securityPolicy": "IoTSecurityPolicy_TLS13_1_2_2022_10"},
        "authenticationType": "DEFAULT",
        "applicationProtocol": "DEFAULT",
    });
    assert_eq!(read, expected);
    let elsewhere = done(describe(&admin.clone().region("eu-west-1"), "iot:Data-ATS").await).json();
    assert!(
        elsewhere["domainName"]
            .as_str()
            .unwrap()
            .ends_with("-ats.iot.eu-west-1.localhost")
    );
    // What cannot be reached is not said to be there.
    for name in ["iot:CredentialProvider", "iot:Jobs"] {
        let read = done(describe(&admin, name).await).json();
        assert_eq!(
            (&read["domainConfigurationStatus"], read.get("domainName")),
            (&json!("DISABLED"), None)
        );
        let reply = update(&admin, name, policy("TLS12_1_2_2022_10")).await;
        refused(&reply, 400, "InvalidRequestException");
    }
    for more in [
        json!({"domainConfigurationStatus": "DISABLED"}),
        json!({"authenticationType": "AWS_X509", "applicationProtocol": "SECURE_MQTT"}),
        json!({"removeAuthorizerConfig": true}),
        policy("TLS14"),
    ] {
        let reply = update(&admin, "iot:Data-ATS", more).await;
        refused(&reply, 400, "InvalidRequestException");
    }
    for name in ["TLS12_1_2_2022_10", "TLS13_1_3_2022_10"] {
        done(update(&admin, "iot:Data-ATS", policy(name)).await);
        let read = done(describe(&admin, "iot:Data-ATS").await).json();
        assert_eq!(read["tlsConfig"], policy(name)["tlsConfig"]);
    }
    refused(
        &delete(&admin, "iot:Data-ATS").await,
        400,
        "InvalidRequestException",
    );
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    done(create(&admin, "there", customers("there.example.com")).await);
    let together = |authentication: &str, protocol: &str| json!({"authenticationType": authentication, "applicationProtocol": protocol});
    let invalid = (400, "InvalidRequestException");
    let later = (501, "NotImplementedException");
    let both = [
        (policy("TLS12"), invalid),
        (json!({"tlsConfig": {"securityPolicy": ""}}), invalid),
        (
            json!({"authorizerConfig": {"defaultAuthorizerName": "none"}}),
            invalid,
        ),
        (together("AWS_X509", "MQTT_WSS"), invalid),
        (together("AWS_X509", "DEFAULT"), invalid),
        (together("DEFAULT", "SECURE_MQTT"), invalid),
        (together("AWS_SIGV4", "SECURE_MQTT"), invalid),
        (json!({"authenticationType": "AWS_X509"}), invalid),
        (together("CUSTOM_AUTH", "MQTT_WSS"), later),
        (together("CUSTOM_AUTH", "SECURE_MQTT"), later),
        (together("CUSTOM_AUTH_X509", "HTTPS"), later),
        (
            json!({"serverCertificateConfig": {"enableOCSPCheck": true}}),
            later,
        ),
        (
            json!({"serverCertificateConfig": {"ocspAuthorizedResponderArn": CERTIFICATE}}),
            later,
        ),
        (
            json!({"clientCertificateConfig": {"clientCertificateCallbackArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}}),
            later,
        ),
    ];
    for (more, (status, exception)) in both {
        refused(&create(&admin, "new", more.clone()).await, status, exception);
        refused(&update(&admin, "there", more).await, status, exception);
    }
    let elsewhere = CERTIFICATE.replace("us-east-1", "eu-west-1");
    let foreign = CERTIFICATE.replace("123456789012", "210987654321");
    let validation = (400, "CertificateValidationException");
    for (more, (status, exception)) in [
        (json!({"serviceType": "JOBS"}), invalid),
        (json!({"domainName": "a.example.com"}), invalid),
        (json!({"serverCertificateArns": [CERTIFICATE]}), invalid),
        (json!({"validationCertificateArn": CERTIFICATE}), invalid),
        (
            json!({"serverCertificateArns": ["arn:aws:iam::123456789012:server-certificate/a"]}),
            invalid,
        ),
        (customers("example"), invalid),
        (customers("127.0.0.1"), invalid),
        (customers("*.example.com"), invalid),
        (customers("localhost"), invalid),
        (customers("aaaaaaaaaaaaaa-ats.iot.us-east-1.localhost"), invalid),
        (
            json!({"domainName": "a.example.com", "serverCertificateArns": [elsewhere]}),
            validation,
        ),
        (
            json!({"domainName": "a.example.com", "serverCertificateArns": [foreign]}),
            validation,
        ),
    ] {
        refused(&create(&admin, "new", more).await, status, exception);
    }
    let reply = update(
        &admin,
        "there",
        json!({"removeAuthorizerConfig": true, "authorizerConfig": {"allowAuthorizerOverride": true}}),
    )
    .await;
    refused(&reply, 400, "InvalidRequestException");
    let taken = create(&admin, "there", json!({})).await;
    refused(&taken, 409, "ResourceAlreadyExistsException");
    assert_eq!(taken.text("resourceId"), "there");
    let taken = create(&admin, "new", customers("There.example.com")).await;
    refused(&taken, 409, "ResourceAlreadyExistsException");
    refused(&describe(&admin, "new").await, 404, "ResourceNotFoundException");
}

#[tokio::test]
async fn an_account_has_ten_in_a_region() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        done(update(&admin, "iot:Data-ATS", policy("TLS12_1_2_2022_10")).await);
        for number in 0..10 {
            done(create(&admin, &format!("d{number}"), json!({})).await);
        }
        refused(
            &create(&admin, "d10", json!({})).await,
            410,
            "LimitExceededException",
        );
        done(create(&admin.clone().region("eu-west-1"), "d10", json!({})).await);
    }
}
