//! What guards claims beside policies and hooks: allow lists, limits, counts, and who signs.

use std::time::Duration;

use serde_json::json;
use thingsmith_core::claims::{self, AllowedSerialNumber, ClaimLimit};
use thingsmith_core::metrics::Page;
use thingsmith_gateway::Config;
use thingsmith_model::Timestamp;
use thingsmith_testkit::{ACCOUNT, Engine, REGION};

use super::claims::{
    FROM_CSR, Format, REGISTER, ask, claim_policy, csr, fleet, give, granted, registration, rejected,
    template,
};
use super::jitp::done;
use super::lab::{Device, Lab};
use super::trusted_user;
use super::wire::Wire;

const DENIED: (u64, &str) = (403, "AccessDenied");

async fn register(lab: &Lab, wire: &mut Wire, serial: &str) -> serde_json::Value {
    let given = give(lab, wire).await;
    granted(wire, REGISTER, Format::Json, registration(&given.token, serial)).await
}

async fn denied(lab: &Lab, wire: &mut Wire, serial: &str) {
    let given = give(lab, wire).await;
    let (status, code, message) =
        rejected(wire, REGISTER, Format::Json, registration(&given.token, serial)).await;
    assert_eq!((status, code.as_str()), DENIED, "{serial}: {message}");
    assert_eq!(message, "Provisioning of this device was denied.");
}

async fn allow(lab: &Lab, serial: &str, batch: Option<&str>, expires_at: Option<Timestamp>) -> i64 {
    let allowed = AllowedSerialNumber {
        serial_number: serial.into(),
        batch: batch.map(str::to_owned),
        expires_at,
    };
    let (deeds, fleet) = (&lab.server.deeds, "fleet".parse().unwrap());
    let done = claims::allow(deeds, &lab.realm, &fleet, "SerialNumber", &[allowed]).await;
    done.unwrap().total
}

async fn limit(lab: &Lab, claim: &Device, devices: i64, batch: Option<&str>, refuse: bool) {
    let limit = ClaimLimit {
        claim: claim.certificate.id,
        devices,
        batch: batch.map(str::to_owned),
        refuse,
    };
    claims::limit(&lab.server.deeds, &lab.realm, &limit)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_trusted_users_device_is_provisioned() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let claim = trusted_user::claim(&lab, "fleet").await;
        let mut wire = lab.dial(&claim).connect("installer").await;
        let given = give(&lab, &mut wire).await;
        let answer = granted(&mut wire, REGISTER, Format::Json, registration(&given.token, "1")).await;
        assert_eq!(answer["thingName"], "pump-1");
        let mut own = lab.dial(&given.device).connect("pump-1").await;
        assert!(own.publish("pumps/1", b"up").await);
        // The token of another claim is of no use to it.
        let other = trusted_user::claim(&lab, "fleet").await;
        let mut other = lab.dial(&other).connect("other").await;
        let foreign = give(&lab, &mut wire).await;
        let (status, code, _) = rejected(
            &mut other,
            REGISTER,
            Format::Json,
            registration(&foreign.token, "2"),
        )
        .await;
        assert_eq!((status, code.as_str()), (400, "InvalidCertificateOwnershipToken"));
        lab.stop().await;
    }
}

#[tokio::test]
async fn an_allow_list_lets_its_serial_numbers_pass() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let claim = lab.device(&claim_policy()).await;
        let mut wire = lab.dial(&claim).connect("claim").await;
        register(&lab, &mut wire, "free").await;

        let soon = lab.server.deeds.clock().now().plus(Duration::from_secs(60));
        assert_eq!(allow(&lab, "1", Some("a"), None).await, 1);
        assert_eq!(allow(&lab, "2", Some("b"), Some(soon)).await, 2);
        denied(&lab, &mut wire, "free").await;
        denied(&lab, &mut wire, "11").await;
        register(&lab, &mut wire, "1").await;
        register(&lab, &mut wire, "2").await;
        let records = lab.server.deeds.decisions().about("claim");
        let reason = &records.last().unwrap().reason;
        assert!(
            reason.contains("SerialNumber \"11\" is not on the allow list"),
            "{reason}"
        );
        // A parameter that is not given.
        let given = give(&lab, &mut wire).await;
        let request = json!({"certificateOwnershipToken": given.token});
        let (status, code, _) = rejected(&mut wire, REGISTER, Format::Json, request).await;
        assert_eq!((status, code.as_str()), DENIED);
        // A claim of one batch has nothing to do with another's serial numbers.
        limit(&lab, &claim, 100, Some("a"), false).await;
        register(&lab, &mut wire, "1").await;
        denied(&lab, &mut wire, "2").await;
        limit(&lab, &claim, 100, Some("b"), false).await;
        register(&lab, &mut wire, "2").await;
        denied(&lab, &mut wire, "1").await;
        claims::unlimit(&lab.server.deeds, &lab.realm, &claim.certificate.id)
            .await
            .unwrap();
        // When its time is over.
        lab.advance(Duration::from_secs(60));
        register(&lab, &mut wire, "1").await;
        denied(&lab, &mut wire, "2").await;
        let fleet = "fleet".parse().unwrap();
        let deeds = &lab.server.deeds;
        let left = claims::disallow(deeds, &lab.realm, &fleet, &["1".into()])
            .await
            .unwrap();
        assert_eq!(left.total, 1);
        denied(&lab, &mut wire, "1").await;
        claims::remove_allow_list(deeds, &lab.realm, &fleet)
            .await
            .unwrap();
        register(&lab, &mut wire, "free").await;
        lab.stop().await;
    }
}

#[tokio::test]
async fn registrations_are_counted_and_a_claim_that_is_used_too_often_is_reported() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let claim = lab.device(&claim_policy()).await;
        limit(&lab, &claim, 2, None, false).await;
        let mut wire = lab.dial(&claim).connect("claim").await;
        for serial in ["1", "2"] {
            register(&lab, &mut wire, serial).await;
        }
        let used = async || {
            let all = claims::audit(&lab.server.deeds, &lab.realm, None).await.unwrap();
            assert_eq!(all.len(), 1);
            assert_eq!(all[0].claim, claim.certificate.id);
            (all[0].registrations, all[0].is_over())
        };
        assert_eq!(used().await, (2, false));
        register(&lab, &mut wire, "3").await;
        assert_eq!(used().await, (3, true));
        let mut page = Page::default();
        lab.server.deeds.metrics().write(&mut page);
        let text = page.into_text();
        for line in [
            "thingsmith_claims_over_limit_total 1".to_owned(),
            "thingsmith_fleet_registrations_total{template=\"fleet\",outcome=\"accepted\"} 3".to_owned(),
            format!(
                "thingsmith_fleet_registrations_by_claim_total{{claim=\"{}\"}} 3",
                claim.certificate.id
            ),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        // A rejection does not count, and a limit that refuses does.
        limit(&lab, &claim, 4, None, true).await;
        let given = give(&lab, &mut wire).await;
        let wrong = json!({"certificateOwnershipToken": given.token, "parameters": {}});
        assert!(
            !ask(&mut wire, REGISTER, Format::Json, wrong.to_string().as_bytes())
                .await
                .0
        );
        register(&lab, &mut wire, "4").await;
        denied(&lab, &mut wire, "5").await;
        assert_eq!(used().await, (4, false));
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_limit_that_refuses_holds_for_devices_that_come_at_once() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let claim = lab.device(&claim_policy()).await;
        limit(&lab, &claim, 1, None, true).await;
        let one = |number: u32| {
            let (lab, claim) = (&lab, &claim);
            async move {
                let mut wire = lab.dial(claim).connect(&format!("claim-{number}")).await;
                let given = give(lab, &mut wire).await;
                let request = registration(&given.token, &number.to_string()).to_string();
                ask(&mut wire, REGISTER, Format::Json, request.as_bytes()).await.0
            }
        };
        let (a, b, c, d) = tokio::join!(one(1), one(2), one(3), one(4));
        assert_eq!([a, b, c, d].iter().filter(|accepted| **accepted).count(), 1);
        let all = claims::audit(&lab.server.deeds, &lab.realm, None).await.unwrap();
        assert_eq!(all[0].registrations, 1);
        lab.stop().await;
    }
}

#[tokio::test]
async fn what_a_certificate_provider_does_not_sign_is_rejected() {
    let lab = Lab::start().await;
    fleet(&lab, &template(), json!({})).await;
    let claim = lab.device(&claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let admin = lab.server.administrator();
    let provider = json!({"certificateProviderName": "plant", "accountDefaultForOperations":
        ["CreateCertificateFromCsr"],
        "lambdaFunctionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:absent")});
    done(&admin, "CreateCertificateProvider", provider).await;
    let request = json!({"certificateSigningRequest": csr(&rcgen::KeyPair::generate().unwrap())});
    let (status, code, message) = rejected(&mut wire, FROM_CSR, Format::Json, request).await;
    assert_eq!((status, code.as_str()), (503, "ServiceUnavailable"));
    assert_eq!(
        message,
        "The certificate provider plant did not sign the request."
    );
    let name = json!({"certificateProviderName": "plant"});
    done(&admin, "DeleteCertificateProvider", name).await;
    register(&lab, &mut wire, "1").await;
}
