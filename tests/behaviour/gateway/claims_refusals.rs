//! What a device that provisions itself by a claim is refused, and how.

use std::time::Duration;

use rcgen::KeyPair;
use serde_json::{Value, json};
use thingsmith_core::fleet_provisioning::{Limits, Rate};
use thingsmith_gateway::Config;
use thingsmith_model::CertificateStatus;
use thingsmith_testkit::Engine;

use super::claims::{
    CREATE, FROM_CSR, Format, REGISTER, add_template, ask, claim_policy, csr, fleet, give, granted,
    registration, rejected, template,
};
use super::factory::{described, registered};
use super::jitp::done;
use super::lab::{EVERYTHING, Lab, endpoint};
use super::wire::Wire;
use crate::http::{iam, testdata};

async fn refused(wire: &mut Wire, topic: &str, request: Value, status: u64, code: &str) -> String {
    let (its, name, message) = rejected(wire, topic, Format::Json, request.clone()).await;
    assert_eq!((its, name.as_str()), (status, code), "{request}: {message}");
    message
}

#[tokio::test]
async fn a_token_is_for_one_certificate_one_claim_one_account_and_one_registration() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let (claim, other) = (
            lab.device(&claim_policy()).await,
            lab.device(&claim_policy()).await,
        );
        let mut wire = lab.dial(&claim).connect("claim").await;
        let mut stranger = lab.dial(&other).connect("other").await;
        let given = give(&lab, &mut wire).await;
        const INVALID: &str = "InvalidCertificateOwnershipToken";

        for none in [
            json!({}),
            json!({"certificateOwnershipToken": ""}),
            json!({"certificateOwnershipToken": null}),
        ] {
            let message = refused(&mut wire, REGISTER, none, 400, INVALID).await;
            assert_eq!(message, "Certificate ownership token cannot be empty.");
        }
        let mut unknown = given.token.clone();
        unknown.replace_range(0..1, if unknown.starts_with('0') { "1" } else { "0" });
        for wrong in [unknown, "x".into(), "y".repeat(10_000), given.device.id()] {
            refused(&mut wire, REGISTER, registration(&wrong, "1"), 400, INVALID).await;
        }
        refused(
            &mut wire,
            REGISTER,
            json!({"certificateOwnershipToken": 1}),
            400,
            INVALID,
        )
        .await;
        let message = refused(
            &mut stranger,
            REGISTER,
            registration(&given.token, "1"),
            400,
            INVALID,
        )
        .await;
        assert!(message.contains("this claim"), "{message}");
        assert_eq!(
            described(&lab, &given.device).await["status"],
            "PENDING_ACTIVATION"
        );

        // Another account, which has a template of the same name.
        let realm = lab.realm_of("210987654321", "us-east-1").await;
        let key = KeyPair::generate().unwrap();
        let foreign = lab.register(&realm, super::lab::params("claim"), &key).await;
        lab.attach_in(&realm, &foreign, EVERYTHING).await;
        let name = endpoint(&realm);
        let mut abroad = lab.dial(&foreign).server_name(&name).connect("claim").await;
        refused(
            &mut abroad,
            REGISTER,
            registration(&given.token, "1"),
            400,
            INVALID,
        )
        .await;

        // Another connection of the same claim is as good.
        let mut again = lab.dial(&claim).connect("again").await;
        granted(
            &mut again,
            REGISTER,
            Format::Json,
            registration(&given.token, "1"),
        )
        .await;
        let message = refused(&mut wire, REGISTER, registration(&given.token, "1"), 400, INVALID).await;
        assert!(message.contains("used already"), "{message}");
        let tokens = lab.server.deeds.decisions().about("claim");
        assert!(
            tokens
                .iter()
                .all(|record| !format!("{record:?}").contains(&given.token))
        );
        assert!(tokens.iter().all(|record| record.template_step == Some("token")));
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_certificate_that_was_deleted_or_revoked_meanwhile_is_not_registered() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    fleet(&lab, &template(), json!({})).await;
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let (deleted, revoked) = (give(&lab, &mut wire).await, give(&lab, &mut wire).await);
    done(
        &admin,
        "DeleteCertificate",
        json!({"certificateId": deleted.device.id()}),
    )
    .await;
    let message = refused(
        &mut wire,
        REGISTER,
        registration(&deleted.token, "1"),
        400,
        "ResourceRegistrationFailure",
    )
    .await;
    assert!(message.contains(&deleted.device.id()), "{message}");
    lab.set_status(&revoked.device, CertificateStatus::Revoked).await;
    granted(
        &mut wire,
        REGISTER,
        Format::Json,
        registration(&revoked.token, "2"),
    )
    .await;
    assert_eq!(
        described(&lab, &revoked.device).await["status"],
        "REVOKED",
        "it stays so"
    );
    assert!(lab.dial(&revoked.device).try_connect("pump-2").await.is_none());
    lab.stop().await;
}

#[tokio::test]
async fn payloads_and_parameters_that_cannot_be_are_told() {
    let lab = Lab::start().await;
    fleet(&lab, &template(), json!({})).await;
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let given = give(&lab, &mut wire).await;
    let token = given.token.as_str();
    for format in Format::ALL {
        for topic in [CREATE, FROM_CSR, REGISTER] {
            for payload in [b"\x00".as_slice(), b"[]", b"\x80", b"x", b"{\"a\":", b"\xbf\x61a"] {
                let (accepted, answer, _) = ask(&mut wire, topic, format, payload).await;
                assert!(!accepted);
                assert_eq!(answer["statusCode"], 400);
                assert_eq!(answer["errorCode"], "InvalidPayload");
            }
        }
        let with = |parameters: Value| json!({"certificateOwnershipToken": token, "parameters": parameters});
        let long = "x".repeat(5_000);
        let many: Value = (0..300)
            .map(|n| (n.to_string(), json!("x")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        for wrong in [
            with(json!({})),
            with(Value::Null),
            with(json!("x")),
            with(json!({"SerialNumber": 1})),
            with(json!({"SerialNumber": {"a": "b"}})),
            with(json!({"SerialNumber": null})),
            with(json!({"SerialNumber": long})),
            with(json!({(long.as_str()): "x", "SerialNumber": "1"})),
            with(json!({"SerialNumber": "1", "Site": "unknown"})),
            with(many),
            json!({"certificateOwnershipToken": token}),
        ] {
            let (status, code, message) = rejected(&mut wire, REGISTER, format, wrong).await;
            assert_eq!((status, code.as_str()), (400, "InvalidParameters"), "{message}");
            assert!(!message.is_empty() && message.len() < 300, "{message}");
        }
        // A value that is no name of a thing.
        let request = with(json!({"SerialNumber": "a b"}));
        let (status, code, message) = rejected(&mut wire, REGISTER, format, request).await;
        assert_eq!((status, code.as_str()), (400, "InvalidParameters"), "{message}");
    }
    // The device cannot name another certificate.
    let mut other = registration(token, "1");
    other["parameters"]["AWS::IoT::Certificate::Id"] = claim.id().into();
    granted(&mut wire, REGISTER, Format::Json, other).await;
    assert_eq!(described(&lab, &given.device).await["status"], "ACTIVE");
    lab.stop().await;
}

#[tokio::test]
async fn requests_for_certificates_that_cannot_be_issued_are_told() {
    let lab = Lab::start().await;
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let of = |csr: &str| json!({"certificateSigningRequest": csr});
    let key = KeyPair::generate().unwrap();
    let good = csr(&key);
    let mut forged = good.clone();
    // Another signature.
    let at = good.len() - 60;
    let changed = if &good[at..=at] == "A" { "B" } else { "A" };
    forged.replace_range(at..=at, changed);
    let huge = format!("{}{}", " ".repeat(5_000), good);
    let (weak, odd) = (
        testdata!("bad-request-rsa1024.csr"),
        testdata!("bad-request-ed25519.csr"),
    );
    for wrong in [
        json!({}),
        of(""),
        of("x"),
        of(&forged),
        of(&huge),
        of(weak),
        of(odd),
        json!({"certificateSigningRequest": 1}),
        json!({"csr": good}),
    ] {
        let message = refused(&mut wire, FROM_CSR, wrong, 400, "InvalidParameters").await;
        assert!(message.contains("certificateSigningRequest"), "{message}");
    }
    assert_eq!(registered(&lab).await, 1);

    // What a request asks for besides its subject and key is not issued, and unusual names are.
    let asking = super::factory::authority("Ünusual \u{1F4A7} name, with = signs")
        .serialize_request(&key)
        .unwrap();
    let answer = granted(&mut wire, FROM_CSR, Format::Cbor, of(&asking.pem().unwrap())).await;
    let pem = answer["certificatePem"].as_str().unwrap();
    let issued = thingsmith_x509::Certificate::from_pem(pem).unwrap();
    assert!(!issued.is_ca());
    assert!(issued.subject().to_string().contains("nusual"));
    lab.stop().await;
}

#[tokio::test]
async fn templates_that_are_not_in_force_register_nothing() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    fleet(&lab, &template(), json!({})).await;
    let role = "arn:aws:iam::123456789012:role/jitp";
    add_template(&lab, "off", &template(), role, json!({"enabled": false})).await;
    let mut just_in_time = template();
    just_in_time["Resources"].as_object_mut().unwrap().remove("thing");
    just_in_time
        .as_object_mut()
        .unwrap()
        .remove("DeviceConfiguration");
    add_template(&lab, "jitp", &just_in_time, role, json!({"type": "JITP"})).await;
    let mut bare = template();
    bare["Resources"].as_object_mut().unwrap().remove("certificate");
    add_template(&lab, "bare", &bare, role, json!({})).await;
    let mut nameless = template();
    nameless["Resources"].as_object_mut().unwrap().remove("thing");
    nameless.as_object_mut().unwrap().remove("DeviceConfiguration");
    add_template(&lab, "nameless", &nameless, role, json!({})).await;
    let mut another = template();
    another["Resources"]["certificate"]["Properties"]["CertificateId"] = json!({"Ref": "Other"});
    add_template(&lab, "another", &another, role, json!({})).await;
    let mut typed = template();
    typed["Resources"]["thing"]["Properties"]["ThingTypeName"] = "absent".into();
    add_template(&lab, "typed", &typed, role, json!({})).await;
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let given = give(&lab, &mut wire).await;
    let on = |name: &str| format!("$aws/provisioning-templates/{name}/provision");
    for (name, status, code) in [
        ("absent", 404, "ResourceNotFound"),
        ("off", 403, "AccessDenied"),
        ("jitp", 400, "InvalidParameters"),
        ("bare", 400, "InvalidParameters"),
        ("another", 400, "InvalidParameters"),
        ("typed", 400, "ResourceRegistrationFailure"),
    ] {
        let mut request = registration(&given.token, "1");
        request["parameters"]["Other"] = claim.id().into();
        let message = refused(&mut wire, &on(name), request, status, code).await;
        assert!(!message.is_empty());
    }
    let record = lab
        .server
        .deeds
        .decisions()
        .about(&given.device.id())
        .pop()
        .unwrap();
    assert_eq!(record.template_step, Some("resources"));
    done(
        &admin,
        "DeleteProvisioningTemplate",
        json!({"templateName": "fleet"}),
    )
    .await;
    refused(
        &mut wire,
        REGISTER,
        registration(&given.token, "1"),
        404,
        "ResourceNotFound",
    )
    .await;
    assert_eq!(
        described(&lab, &given.device).await["status"],
        "PENDING_ACTIVATION"
    );
    // Without a thing the answer names none.
    let answer = granted(
        &mut wire,
        &on("nameless"),
        Format::Json,
        registration(&given.token, "1"),
    )
    .await;
    assert_eq!(answer, json!({"deviceConfiguration": {}}));
    lab.stop().await;
}

#[tokio::test]
async fn the_role_of_the_template_must_be_there_and_permit_what_is_done() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    fleet(&lab, &template(), json!({})).await;
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let given = give(&lab, &mut wire).await;
    let policy = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
    let detach = json!({"RoleName": "jitp", "PolicyArn": policy});
    assert_eq!(iam(&admin, "DetachRolePolicy", detach).await.status, 200);
    let message = refused(
        &mut wire,
        REGISTER,
        registration(&given.token, "1"),
        403,
        "AccessDenied",
    )
    .await;
    assert!(!message.contains("jitp"), "{message}");
    let record = lab.server.deeds.decisions().about("claim").pop().unwrap();
    assert_eq!(record.template_step, Some("resources"));
    assert!(
        record.reason.contains("assumed-role/jitp/FleetProvisioning-"),
        "{}",
        record.reason
    );
    assert_eq!(
        iam(&admin, "DeleteRole", json!({"RoleName": "jitp"}))
            .await
            .status,
        200
    );
    refused(
        &mut wire,
        REGISTER,
        registration(&given.token, "1"),
        403,
        "AccessDenied",
    )
    .await;
    let record = lab.server.deeds.decisions().about("claim").pop().unwrap();
    assert_eq!(record.template_step, Some("role"));
    lab.stop().await;
}

#[tokio::test]
async fn a_thing_that_is_there_is_overridden_as_the_template_says() {
    let lab = Lab::start().await;
    fleet(&lab, &template(), json!({})).await;
    let admin = lab.server.administrator();
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    for (index, (setting, site)) in [
        ("DO_NOTHING", Some("nowhere")),
        ("REPLACE", Some("north")),
        ("MERGE", Some("north")),
        ("FAIL", None),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("t{index}");
        let mut overriding = template();
        overriding["Resources"]["thing"]["OverrideSettings"] = json!({"AttributePayload": setting});
        add_template(
            &lab,
            &name,
            &overriding,
            "arn:aws:iam::123456789012:role/jitp",
            json!({}),
        )
        .await;
        let topic = format!("$aws/provisioning-templates/{name}/provision");
        let first = give(&lab, &mut wire).await;
        granted(&mut wire, &topic, Format::Json, registration(&first.token, &name)).await;
        let second = give(&lab, &mut wire).await;
        let mut request = registration(&second.token, &name);
        request["parameters"]["Site"] = "north".into();
        match site {
            None => {
                refused(&mut wire, &topic, request, 409, "ResourceConflict").await;
            }
            Some(site) => {
                granted(&mut wire, &topic, Format::Json, request).await;
                let thing = done(
                    &admin,
                    "DescribeThing",
                    json!({"thingName": format!("pump-{name}")}),
                )
                .await;
                assert_eq!(thing["attributes"]["site"], site, "{setting}");
            }
        }
    }
    lab.stop().await;
}

#[tokio::test]
async fn two_devices_that_want_the_same_name_at_once_are_both_answered() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let admin = lab.server.administrator();
        let claim = lab.device(&claim_policy()).await;
        for setting in ["DO_NOTHING", "REPLACE", "MERGE", "FAIL"] {
            let mut overriding = template();
            overriding["Resources"]["thing"]["OverrideSettings"] = json!({"AttributePayload": setting});
            let name = format!("race-{setting}");
            add_template(
                &lab,
                &name,
                &overriding,
                "arn:aws:iam::123456789012:role/jitp",
                json!({}),
            )
            .await;
            let topic = format!("$aws/provisioning-templates/{name}/provision");
            let mut one = lab.dial(&claim).connect("one").await;
            let mut two = lab.dial(&claim).connect("two").await;
            let (first, second) = (give(&lab, &mut one).await, give(&lab, &mut two).await);
            let request = |token: &str| registration(token, setting).to_string().into_bytes();
            let (first_request, second_request) = (request(&first.token), request(&second.token));
            let (a, b) = tokio::join!(
                ask(&mut one, &topic, Format::Json, &first_request),
                ask(&mut two, &topic, Format::Json, &second_request),
            );
            let accepted = [a.0, b.0].into_iter().filter(|accepted| *accepted).count();
            let expected = if setting == "FAIL" { 1 } else { 2 };
            assert_eq!(accepted, expected, "{setting}: {} {}", a.1, b.1);
            for (accepted, answer, _) in [&a, &b] {
                match accepted {
                    true => assert_eq!(answer["thingName"], format!("pump-{setting}")),
                    false => assert_eq!(answer["errorCode"], "ResourceConflict"),
                }
            }
            let thing = json!({"thingName": format!("pump-{setting}")});
            let principals = done(&admin, "ListThingPrincipals", thing).await;
            assert_eq!(principals["principals"].as_array().unwrap().len(), expected);
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn claims_and_accounts_have_their_bounds() {
    let lab = Lab::start().await;
    let few = |burst| Rate {
        burst,
        per_second: 1.0,
    };
    let limits = Limits {
        keys_per_claim: few(2.0),
        keys_per_account: few(3.0),
        requests_per_claim: few(4.0),
        requests_per_account: few(7.0),
        unclaimed_certificates: 6,
        ..Limits::default()
    };
    lab.server.deeds.fleet_provisioning().configure(limits);
    let (claim, other) = (
        lab.device(&claim_policy()).await,
        lab.device(&claim_policy()).await,
    );
    let mut wire = lab.dial(&claim).connect("claim").await;
    let mut sibling = lab.dial(&other).connect("other").await;
    let key = KeyPair::generate().unwrap();
    let request = json!({"certificateSigningRequest": csr(&key)});
    granted(&mut wire, CREATE, Format::Json, json!({})).await;
    granted(&mut wire, CREATE, Format::Json, json!({})).await;
    let message = refused(&mut wire, CREATE, json!({}), 429, "Throttled").await;
    assert!(message.contains("this claim"), "{message}");
    // Who may have no key now may have a certificate for its own.
    granted(&mut wire, FROM_CSR, Format::Json, request.clone()).await;
    refused(&mut wire, FROM_CSR, request.clone(), 429, "Throttled").await;
    granted(&mut sibling, CREATE, Format::Json, json!({})).await;
    let message = refused(&mut sibling, CREATE, json!({}), 429, "Throttled").await;
    assert!(message.contains("this account"), "{message}");
    lab.advance(Duration::from_secs(1));
    granted(&mut wire, FROM_CSR, Format::Json, request.clone()).await;
    lab.advance(Duration::from_secs(60));
    granted(&mut wire, CREATE, Format::Json, json!({})).await;
    let message = refused(&mut wire, CREATE, json!({}), 429, "Throttled").await;
    assert!(message.contains("no device has registered"), "{message}");
    lab.advance(Duration::from_secs(3600));
    thingsmith_core::fleet_provisioning::sweep(&lab.server.deeds)
        .await
        .unwrap();
    granted(&mut wire, CREATE, Format::Json, json!({})).await;

    // No keys are ready.
    lab.server.rsa_keys.refill(0);
    lab.advance(Duration::from_secs(60));
    let message = refused(&mut wire, CREATE, json!({}), 429, "Throttled").await;
    assert!(message.contains("RSA key"), "{message}");
    lab.stop().await;
}
