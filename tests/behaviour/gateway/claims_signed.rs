//! Certificates that a certificate provider's function signs for devices at the gateway.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use thingsmith_gateway::Config;
use thingsmith_model::{CertificateMode, CertificateStatus};
use thingsmith_testkit::{ACCOUNT, Engine, REGION, ScriptedFunctions};

use super::claims::{
    CREATE, FROM_CSR, Format, REGISTER, claim_policy, csr, fleet, given, granted, registration, rejected,
    template,
};
use super::factory::registered;
use super::jitp::done;
use super::lab::{Lab, params};
use super::rules::make_function_for;
use super::wire::{connect, connect_5};

/// A plant that signs what its devices ask for.
fn plant() -> Issuer<'static, KeyPair> {
    let mut params = params("plant");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Issuer::new(params, KeyPair::generate().unwrap())
}

/// What the plant answers for a key, changed first.
fn signed(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = params("device");
    change(&mut params);
    let pem = params.signed_by(key, &plant()).unwrap().pem();
    json!({ "certificatePem": pem }).to_string()
}

/// A fleet whose certificates the function `sign` signs.
async fn with_provider(lab: &Lab) {
    fleet(lab, &template(), json!({})).await;
    let arn = format!("arn:aws:iot:{REGION}:{ACCOUNT}:certificateprovider/plant");
    let function = make_function_for(lab, "sign", &arn).await;
    let provider = json!({"certificateProviderName": "plant", "lambdaFunctionArn": function,
        "accountDefaultForOperations": ["CreateCertificateFromCsr"]});
    done(&lab.server.administrator(), "CreateCertificateProvider", provider).await;
}

fn answers(lab: &Lab, answer: String) {
    lab.server
        .functions
        .answer("sign", move |_| Ok(ScriptedFunctions::answered(answer.clone())));
}

#[tokio::test]
async fn a_device_gets_the_certificate_that_the_function_signs() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        with_provider(&lab).await;
        let claim = lab.device(&claim_policy()).await;
        for (serial, (format, hello)) in [
            (Format::Json, connect("the client")),
            (Format::Cbor, connect_5("the client")),
        ]
        .into_iter()
        .enumerate()
        {
            let mut wire = lab.dial(&claim).try_connect_as(hello).await.unwrap();
            let key = KeyPair::generate().unwrap();
            let request = csr(&key);
            answers(&lab, signed(&key, |_| {}));
            let asked = json!({ "certificateSigningRequest": request });
            let answer = granted(&mut wire, FROM_CSR, format, asked.clone()).await;
            let calls = lab.server.functions.take_calls();
            let event: Value = serde_json::from_slice(&calls[0].event).unwrap();
            let expected = json!({"certificateSigningRequest": request, "principalId": claim.id(),
                "clientId": "the client"});
            assert_eq!((calls.len(), event), (1, expected));
            let given = given(&lab, &answer, &key.serialize_pem()).await;
            assert_eq!(given.device.certificate.mode, CertificateMode::SniOnly);

            // A function that gives the same once more gives nothing.
            let before = registered(&lab).await;
            let (status, code, _) = rejected(&mut wire, FROM_CSR, format, asked).await;
            assert_eq!((status, code.as_str()), (409, "ResourceConflict"));
            assert_eq!(registered(&lab).await, before);

            let serial = serial.to_string();
            let answer = granted(&mut wire, REGISTER, format, registration(&given.token, &serial)).await;
            assert_eq!(answer["thingName"], format!("pump-{serial}"));
            let mut own = lab.dial(&given.device).connect("own").await;
            assert!(own.publish("pumps/1", b"up").await);
            // Its issuer is no CA of the account: without a server name nobody knows whose it is.
            assert!(
                lab.dial(&given.device)
                    .no_server_name()
                    .try_connect("own")
                    .await
                    .is_none()
            );
            lab.server.functions.take_calls();
        }
        // A key that the server makes is signed by the server.
        let mut wire = lab.dial(&claim).connect("the client").await;
        let answer = granted(&mut wire, CREATE, Format::Json, json!({})).await;
        let key = answer["privateKey"].as_str().unwrap().to_owned();
        assert_eq!(
            given(&lab, &answer, &key).await.device.certificate.mode,
            CertificateMode::Default
        );
        assert!(lab.server.functions.take_calls().is_empty());
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_device_gets_nothing_that_the_function_should_not_have_signed() {
    let lab = Lab::start().await;
    with_provider(&lab).await;
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let asked = json!({"certificateSigningRequest": csr(&key)});
    let authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let before = registered(&lab).await;
    for answer in [
        signed(&other, |_| {}),
        signed(&key, authority),
        signed(&key, |it| it.not_after = rcgen::date_time_ymd(2021, 1, 1)),
        signed(&key, |it| {
            it.distinguished_name = params("another").distinguished_name
        }),
        json!({"certificatePem": "none"}).to_string(),
        "null".into(),
    ] {
        answers(&lab, answer.clone());
        for format in Format::ALL {
            let (status, code, message) = rejected(&mut wire, FROM_CSR, format, asked.clone()).await;
            assert_eq!((status, code.as_str()), (503, "ServiceUnavailable"), "{answer}");
            assert_eq!(
                message,
                "The certificate provider plant did not sign the request."
            );
        }
    }
    assert_eq!(registered(&lab).await, before);
    // A request that nobody would sign is not shown to the function.
    lab.server.functions.take_calls();
    let wrong = json!({"certificateSigningRequest": "none"});
    let (status, code, _) = rejected(&mut wire, FROM_CSR, Format::Json, wrong).await;
    assert_eq!((status, code.as_str()), (400, "InvalidParameters"));
    assert!(lab.server.functions.take_calls().is_empty());
    // A claim that is turned off while the function signs gets nothing.
    answers(&lab, signed(&key, |_| {}));
    let held = lab.server.functions.hold("sign");
    assert!(
        wire.publish(&format!("{FROM_CSR}/json"), asked.to_string().as_bytes())
            .await
    );
    super::rules::until("the function is asked", || {
        !lab.server.functions.take_calls().is_empty()
    })
    .await;
    lab.set_status(&claim, CertificateStatus::Inactive).await;
    drop(held);
    wire.ends().await;
    assert_eq!(registered(&lab).await, before);
    lab.stop().await;
}
