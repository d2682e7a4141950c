//! Pre-provisioning hooks.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_ports::{Failed, Outcome, RunError};
use thingsmith_testkit::{ACCOUNT, REGION, ScriptedFunctions};

use super::claims::{Format, REGISTER, claim_policy, fleet, give, granted, registration, rejected, template};
use super::factory::described;
use super::jitp::done;
use super::lab::{Device, Lab};
use super::rules::make_function_for;

fn template_arn() -> String {
    format!("arn:aws:iot:{REGION}:{ACCOUNT}:provisioningtemplate/fleet")
}

/// A fleet whose template has a hook, and its claim.
pub(super) async fn with_hook(lab: &Lab) -> Device {
    let hook = make_function_for(lab, "hook", &template_arn()).await;
    let hook = json!({"preProvisioningHook": {"payloadVersion": "2020-04-01", "targetArn": hook}});
    fleet(lab, &template(), hook).await;
    lab.device(&claim_policy()).await
}

/// What the hook answers from now on.
pub(super) fn answers(lab: &Lab, answer: Value) {
    let answer = answer.to_string();
    lab.server
        .functions
        .answer("hook", move |_| Ok(ScriptedFunctions::answered(answer.clone())));
}

#[tokio::test]
async fn a_hook_gets_the_exact_event_and_what_it_overrides_counts() {
    let lab = Lab::start().await;
    let claim = with_hook(&lab).await;
    let overrides = json!({"SerialNumber": "7", "Site": "north"});
    answers(
        &lab,
        json!({"allowProvisioning": true, "parameterOverrides": overrides}),
    );
    let mut wire = lab.dial(&claim).connect("the client").await;
    for format in Format::ALL {
        let given = give(&lab, &mut wire).await;
        let mut request = registration(&given.token, "1");
        request["parameters"]["Undeclared"] = "x".into();
        let answer = granted(&mut wire, REGISTER, format, request).await;
        assert_eq!(answer["thingName"], "pump-7");
        assert_eq!(answer["deviceConfiguration"]["url"], "https://north.example");
        let mut calls = lab.server.functions.take_calls();
        assert_eq!(calls.len(), 1);
        let call = calls.pop().unwrap();
        assert_eq!(call.patience, Duration::from_secs(5));
        let event: Value = serde_json::from_slice(&call.event).unwrap();
        let expected = json!({
            "claimCertificateId": claim.id(),
            "certificateId": given.device.id(),
            "certificatePem": given.device.certificate.pem(),
            "templateArn": template_arn(),
            "clientId": "the client",
            "parameters": {"SerialNumber": "1", "Undeclared": "x"},
        });
        assert_eq!(event, expected);
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_hook_that_does_not_allow_it_in_time_denies_it() {
    let lab = Lab::start().await;
    let claim = with_hook(&lab).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let given = give(&lab, &mut wire).await;
    let functions = &lab.server.functions;
    let mut denied = async |why: &str| {
        let (status, code, message) =
            rejected(&mut wire, REGISTER, Format::Json, registration(&given.token, "1")).await;
        assert_eq!((status, code.as_str()), (403, "AccessDenied"), "{why}");
        assert_eq!(message, "Provisioning of this device was denied.");
        let record = lab
            .server
            .deeds
            .decisions()
            .about(&given.device.id())
            .pop()
            .unwrap();
        assert_eq!(record.stage.as_str(), "fleet_provisioning");
        assert_eq!(record.template_step, Some("admission"));
        assert_eq!(record.certificate_id.as_deref(), Some(claim.id().as_str()));
        assert!(record.reason.contains(why), "{} lacks {why}", record.reason);
        assert_eq!(
            described(&lab, &given.device).await["status"],
            "PENDING_ACTIVATION"
        );
    };
    for (answer, why) in [
        (json!({"allowProvisioning": false}), "does not allow"),
        (json!({}), "no allowProvisioning"),
        (json!("true"), "cannot be read"),
        (json!({"allowProvisioning": "yes"}), "is not true"),
        (
            json!({"allowProvisioning": true, "parameterOverrides": {"SerialNumber": 1}}),
            "is no text",
        ),
    ] {
        answers(&lab, answer);
        denied(why).await;
    }
    functions.answer("hook", |_| Ok(ScriptedFunctions::raised("broken")));
    denied("broken").await;
    functions.answer("hook", |_| {
        Ok(Outcome {
            failed: Some(Failed::TimedOut),
            ..ScriptedFunctions::answered("")
        })
    });
    denied("in time").await;
    functions.answer("hook", |_| Err(RunError::TooManyRequests));
    denied("too many calls").await;
    functions.answer("hook", |_| Err(RunError::Unavailable("it is down".into())));
    denied("it is down").await;
    // An answer that leaves the template without a value is no denial.
    answers(
        &lab,
        json!({"allowProvisioning": true, "parameterOverrides": {"Site": "unknown"}}),
    );
    let (status, code, _) =
        rejected(&mut wire, REGISTER, Format::Json, registration(&given.token, "1")).await;
    assert_eq!((status, code.as_str()), (400, "InvalidParameters"));
    answers(&lab, json!({"allowProvisioning": true}));
    granted(&mut wire, REGISTER, Format::Json, registration(&given.token, "1")).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_hook_that_is_gone_or_does_not_permit_the_template_denies_it() {
    let lab = Lab::start().await;
    let claim = with_hook(&lab).await;
    let admin = lab.server.administrator();
    answers(&lab, json!({"allowProvisioning": true}));
    let mut wire = lab.dial(&claim).connect("claim").await;
    let given = give(&lab, &mut wire).await;
    let other = make_function_for(
        &lab,
        "other",
        "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/other",
    )
    .await;
    let gone = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:gone");
    for (target, why) in [(other, "does not permit"), (gone, "no function")] {
        let hook = json!({"templateName": "fleet", "preProvisioningHook": {"targetArn": target}});
        done(&admin, "UpdateProvisioningTemplate", hook).await;
        let (status, code, _) =
            rejected(&mut wire, REGISTER, Format::Json, registration(&given.token, "1")).await;
        assert_eq!((status, code.as_str()), (403, "AccessDenied"));
        let record = lab.server.deeds.decisions().about("claim").pop().unwrap();
        assert!(record.reason.contains(why), "{}", record.reason);
    }
    let none = json!({"templateName": "fleet", "removePreProvisioningHook": true});
    done(&admin, "UpdateProvisioningTemplate", none).await;
    granted(&mut wire, REGISTER, Format::Json, registration(&given.token, "1")).await;
    assert!(lab.server.functions.take_calls().is_empty());
    lab.stop().await;
}
