//! Certificate providers: their life, and what their functions sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use thingsmith_core::Fault;
use thingsmith_core::certificate_providers::{Requester, issue_from_csr};
use thingsmith_core::certificates::Certificate;
use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus};
use thingsmith_testkit::{ACCOUNT, Client, Engine, REGION, Reply, ScriptedFunctions, TestServer};

use super::query::{done, iam, refused};
use super::{named, testdata};

const ARN: &str = "arn:aws:iot:us-east-1:123456789012:certificateprovider/ours";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:sign";

fn with(mut input: Value, more: Value) -> Value {
    let (own, more) = (input.as_object_mut().unwrap(), more.as_object().unwrap().clone());
    own.extend(more);
    input
}

async fn create(client: &Client, more: Value) -> Reply {
    let input = json!({"certificateProviderName": "ours", "lambdaFunctionArn": FUNCTION,
        "accountDefaultForOperations": ["CreateCertificateFromCsr"]});
    named(client, "CreateCertificateProvider", with(input, more)).await
}

#[tokio::test]
async fn a_certificate_provider_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let call = |operation: &'static str, more: Value| {
            named(
                &admin,
                operation,
                with(json!({"certificateProviderName": "ours"}), more),
            )
        };
        let token = "0123456789abcdef0123456789abcdef0123";
        let first = json!({"clientToken": token, "tags": [{"Key": "line", "Value": "4"}]});
        let made = done(create(&admin, first.clone()).await).json();
        assert_eq!(
            made,
            json!({"certificateProviderName": "ours", "certificateProviderArn": ARN})
        );
        // Once more with the same token and settings.
        assert_eq!(done(create(&admin, first.clone()).await).json(), made);
        for other in [
            json!({}),
            with(first.clone(), json!({"tags": []})),
            with(first.clone(), json!({"clientToken": token.replace('0', "1")})),
            with(
                first.clone(),
                json!({"lambdaFunctionArn": format!("{FUNCTION}2")}),
            ),
        ] {
            let taken = create(&admin, other).await;
            refused(&taken, 409, "ResourceAlreadyExistsException");
            assert_eq!(taken.text("resourceArn"), ARN);
        }
        let second = create(&admin, json!({"certificateProviderName": "Ours"})).await;
        refused(&second, 410, "LimitExceededException");

        server.clock.advance(std::time::Duration::from_secs(60));
        let other = format!("{FUNCTION}:$LATEST");
        let updated = done(call("UpdateCertificateProvider", json!({"lambdaFunctionArn": other})).await);
        assert_eq!(updated.json(), made);
        let read = done(call("DescribeCertificateProvider", json!({})).await).json();
        assert_eq!(
            read,
            json!({"certificateProviderName": "ours", "certificateProviderArn": ARN, "lambdaFunctionArn": other,
                "accountDefaultForOperations": ["CreateCertificateFromCsr"], "creationDate": 1_795_291_200.123,
                "lastModifiedDate": 1_795_291_260.123})
        );
        let list = |more: Value| named(&admin, "ListCertificateProviders", more);
        for ascending in [json!({}), json!({"ascendingOrder": true})] {
            assert_eq!(
                done(list(ascending).await).json(),
                json!({"certificateProviders": [made]})
            );
        }
        refused(
            &list(json!({"nextToken": "forged"})).await,
            400,
            "InvalidRequestException",
        );
        let tags = done(named(&admin, "ListTagsForResource", json!({"resourceArn": ARN})).await);
        assert_eq!(tags.json()["tags"], json!([{"Key": "line", "Value": "4"}]));
        let tag = json!({"resourceArn": ARN, "tags": [{"Key": "a", "Value": "b"}]});
        done(named(&admin, "TagResource", tag).await);

        done(call("DeleteCertificateProvider", json!({})).await);
        for operation in [
            "DeleteCertificateProvider",
            "DescribeCertificateProvider",
            "UpdateCertificateProvider",
        ] {
            refused(
                &call(operation, json!({})).await,
                404,
                "ResourceNotFoundException",
            );
        }
        assert_eq!(
            done(list(json!({})).await).json(),
            json!({"certificateProviders": []})
        );
        // Another may be made, and has no tags from before.
        done(create(&admin, json!({})).await);
        let tags = done(named(&admin, "ListTagsForResource", json!({"resourceArn": ARN})).await);
        assert_eq!(tags.json()["tags"], json!([]));
        server.stop().await;
    }
}

#[tokio::test]
async fn what_no_provider_can_be_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    for wrong in [
        json!({"lambdaFunctionArn": "sign"}),
        json!({"lambdaFunctionArn": "arn:aws:s3:::bucket"}),
        json!({"lambdaFunctionArn": FUNCTION.replace(ACCOUNT, "210987654321")}),
        json!({"lambdaFunctionArn": FUNCTION.replace(REGION, "eu-west-1")}),
        json!({"accountDefaultForOperations": []}),
        json!({"accountDefaultForOperations": ["CreateKeysAndCertificate"]}),
        json!({"accountDefaultForOperations": ["CreateCertificateFromCsr", "CreateCertificateFromCsr"]}),
        json!({"certificateProviderName": "a b"}),
        json!({"clientToken": "short"}),
        json!({"tags": [{"Key": "aws:a", "Value": "b"}]}),
    ] {
        let reply = create(&admin, wrong.clone()).await;
        assert_eq!(reply.exception(), "InvalidRequestException", "{wrong}: {reply}");
    }
    done(create(&admin, json!({})).await);
    let elsewhere = json!({"certificateProviderName": "ours",
        "lambdaFunctionArn": FUNCTION.replace(REGION, "eu-west-1")});
    refused(
        &named(&admin, "UpdateCertificateProvider", elsewhere).await,
        400,
        "InvalidRequestException",
    );
    for operation in ["DescribeCertificateProvider", "DeleteCertificateProvider"] {
        let wrong = json!({"certificateProviderName": "a b"});
        refused(
            &named(&admin, operation, wrong).await,
            400,
            "InvalidRequestException",
        );
    }
}

/// Makes the function `sign`, which providers of `source_arn` may call.
async fn make_function(admin: &Client, source_arn: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}});
    let new = json!({"RoleName": "worker", "AssumeRolePolicyDocument": trust.to_string()});
    done(iam(admin, "CreateRole", new).await);
    let mut zip = vec![0; 22];
    zip[..12].copy_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    let new = json!({"FunctionName": "sign", "Role": format!("arn:aws:iam::{ACCOUNT}:role/worker"),
        "Runtime": "python3.11", "Handler": "app.handler",
        "Code": {"ZipFile": STANDARD.encode([b"PK\x03\x04".as_slice(), &zip].concat())}});
    let lambda = admin.clone().service("lambda");
    let made = lambda.call_with("POST", "/2015-03-31/functions", new).await;
    assert_eq!(made.status, 201, "{made}");
    let permission = json!({"StatementId": "iot", "Action": "lambda:InvokeFunction",
        "Principal": "iot.amazonaws.com", "SourceArn": source_arn});
    let path = "/2015-03-31/functions/sign/policy";
    let added = lambda.call_with("POST", path, permission).await;
    assert_eq!(added.status, 201, "{added}");
}

/// A customer's own authority.
struct Plant {
    issuer: Issuer<'static, KeyPair>,
}

impl Plant {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "plant");
        Self {
            issuer: Issuer::new(params, KeyPair::generate().unwrap()),
        }
    }

    /// Signs what a device asks for, changed first.
    fn sign(&self, device: &Device, change: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = device.params.clone();
        change(&mut params);
        params.signed_by(&device.key, &self.issuer).unwrap().pem()
    }
}

/// A device that asks for a certificate.
struct Device {
    key: KeyPair,
    params: CertificateParams,
    csr: String,
}

impl Device {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "pump");
        let key = KeyPair::generate().unwrap();
        let csr = params.serialize_request(&key).unwrap().pem().unwrap();
        Self { key, params, csr }
    }
}

async fn ask(server: &TestServer, csr: &str) -> Result<Certificate, Fault> {
    let (account, region) = (ACCOUNT.parse().unwrap(), REGION.parse().unwrap());
    let realm = server.deeds.realm(&account, &region).await.unwrap();
    let requester = Requester {
        certificate_id: CertificateId::from_sha256([7; 32]),
        client_id: "pump",
    };
    let status = CertificateStatus::PendingActivation;
    issue_from_csr(&server.deeds, &realm, csr, status, requester).await
}

#[tokio::test]
async fn what_a_device_asks_for_is_signed_by_the_providers_function() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let device = Device::new();
    let csr = device.csr.as_str();
    let own = ask(&server, csr).await.unwrap();
    assert_eq!(own.mode, CertificateMode::Default);

    make_function(&admin, ARN).await;
    done(create(&admin, json!({})).await);
    let answer = json!({"certificatePem": Plant::new().sign(&device, |_| {})}).to_string();
    server
        .functions
        .answer("sign", move |_| Ok(ScriptedFunctions::answered(answer.clone())));
    let signed = ask(&server, csr).await.unwrap();
    assert_eq!(
        (signed.status, signed.mode),
        (CertificateStatus::PendingActivation, CertificateMode::SniOnly)
    );
    let read = thingsmith_x509::Certificate::from_der(&signed.der).unwrap();
    assert_eq!(read.issuer().common_name(), Some("plant"));
    let calls = server.functions.take_calls();
    let event: Value = serde_json::from_slice(&calls[0].event).unwrap();
    assert_eq!(
        event,
        json!({"certificateSigningRequest": csr, "principalId": "07".repeat(32), "clientId": "pump"})
    );
    assert_eq!(calls[0].patience, std::time::Duration::from_secs(5));

    // A request that nobody would sign is shown to nobody.
    let hostile = ask(&server, testdata!("bad-request-rsa1024.csr"))
        .await
        .unwrap_err();
    assert_eq!(hostile.code.exception(), "InvalidRequestException");
    assert!(server.functions.take_calls().is_empty());
    // Over HTTP our own authority signs (guide: providers are of the MQTT API).
    let input = json!({"certificateSigningRequest": csr});
    done(named(&admin, "CreateCertificateFromCsr", input).await);
    assert!(server.functions.take_calls().is_empty());

    done(
        named(
            &admin,
            "DeleteCertificateProvider",
            json!({"certificateProviderName": "ours"}),
        )
        .await,
    );
    assert_eq!(ask(&server, csr).await.unwrap().mode, CertificateMode::Default);
}

#[tokio::test]
async fn a_function_that_lies_or_fails_signs_nothing() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    make_function(&admin, ARN).await;
    done(create(&admin, json!({})).await);
    let device = Device::new();
    let csr = device.csr.as_str();
    let plant = Plant::new();
    let pem = |device: &Device, change: &dyn Fn(&mut CertificateParams)| {
        json!({"certificatePem": plant.sign(device, change)}).to_string()
    };
    let cases = [
        ("{}".to_owned(), "the function's answer is not"),
        ("\"certificatePem\"".to_owned(), "the function's answer is not"),
        (
            json!({"certificatePem": "none"}).to_string(),
            "cannot be registered",
        ),
        (
            json!({"certificatePem": testdata!("bad-rsa1024.pem")}).to_string(),
            "cannot be registered",
        ),
        (
            json!({"certificatePem": "a".repeat(200_000)}).to_string(),
            "the function's answer is not",
        ),
        (pem(&Device::new(), &|_| {}), "another public key"),
        (
            pem(&device, &|params| {
                params.distinguished_name.push(DnType::CommonName, "other")
            }),
            "another subject",
        ),
        (
            pem(&device, &|params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
            }),
            "CA:TRUE",
        ),
        (
            pem(&device, &|params| {
                params.not_before = rcgen::date_time_ymd(2020, 1, 1);
                params.not_after = rcgen::date_time_ymd(2021, 1, 1);
            }),
            "has expired",
        ),
    ];
    for (answer, reason) in cases {
        let shown = answer.clone();
        server
            .functions
            .answer("sign", move |_| Ok(ScriptedFunctions::answered(answer.clone())));
        let fault = ask(&server, csr).await.unwrap_err();
        assert_eq!(fault.code.exception(), "ServiceUnavailableException", "{shown}");
        // The device learns no more than that.
        assert_eq!(
            fault.message,
            "The certificate provider ours did not sign the request."
        );
        let cause = fault.cause.unwrap().to_string();
        assert!(cause.contains(reason), "{shown}: {cause}");
    }
    server
        .functions
        .answer("sign", |_| Ok(ScriptedFunctions::raised("the plant is closed")));
    let cause = ask(&server, csr).await.unwrap_err().cause.unwrap().to_string();
    assert!(cause.contains("the plant is closed"), "{cause}");
    // A function that permits another provider, and one that is not there.
    done(
        named(
            &admin,
            "DeleteCertificateProvider",
            json!({"certificateProviderName": "ours"}),
        )
        .await,
    );
    done(create(&admin, json!({"certificateProviderName": "other"})).await);
    let cause = ask(&server, csr).await.unwrap_err().cause.unwrap().to_string();
    assert!(cause.contains("does not permit iot.amazonaws.com"), "{cause}");
    let absent = json!({"certificateProviderName": "other", "lambdaFunctionArn": format!("{FUNCTION}2")});
    done(named(&admin, "UpdateCertificateProvider", absent).await);
    let cause = ask(&server, csr).await.unwrap_err().cause.unwrap().to_string();
    assert!(cause.contains("there is no function"), "{cause}");
}
