//! The pre-provisioning hook: a function of the customer that is asked before a device is provisioned (guide,
//! "Pre-provisioning hooks").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admission::Candidate;
use super::register::check_parameters;
use super::rejection::{Kind, Rejection, Step};
use super::token::Given;
use crate::Deeds;
use crate::functions::{OnBehalf, invoke_for_service};

/// The service that calls.
const SERVICE: &str = "iot.amazonaws.com";

/// What the hook is asked, in the payload version 2020-04-01.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    claim_certificate_id: String,
    certificate_id: String,
    certificate_pem: String,
    template_arn: &'a str,
    client_id: &'a str,
    parameters: &'a BTreeMap<String, String>,
}

/// What it answers. Anything else in it is not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    allow_provisioning: Option<Value>,
    parameter_overrides: Option<Value>,
}

/// Asks the hook of the template, if it has one, and gives back the parameters with what the hook puts in their place.
///
/// # Errors
/// `AccessDenied` for everything but an answer in time that allows it. The device learns no more; the record has the reason.
pub(super) async fn ask(
    deeds: &Deeds,
    candidate: Candidate<'_>,
) -> Result<BTreeMap<String, String>, Rejection> {
    let Candidate {
        claimant,
        given,
        template,
        mut parameters,
    } = candidate;
    let Some(hook) = &template.hook else {
        return Ok(parameters);
    };
    let realm = &claimant.realm;
    let denied = |detail: String| {
        Rejection::denied(Step::Admission, format!("the hook {}: {detail}", hook.target_arn))
    };
    let template_arn = template.arn(realm).to_string();
    let event = Event {
        claim_certificate_id: claimant.certificate_id.to_string(),
        certificate_id: given.token.certificate_id.to_string(),
        certificate_pem: pem(given)?,
        template_arn: &template_arn,
        client_id: &claimant.client_id,
        parameters: &parameters,
    };
    let event = serde_json::to_vec(&event).map_err(|cause| denied(cause.to_string()))?;
    let on_behalf = OnBehalf {
        service: SERVICE,
        source_arn: &template_arn,
        source_account: realm.account.as_str(),
    };
    let patience = deeds.fleet_provisioning().limits().hook_patience;
    let answer = invoke_for_service(deeds, realm, &hook.target_arn, on_behalf, event.into(), patience)
        .await
        .map_err(|failure| denied(failure.to_string()))?;
    let overrides = read(&answer).map_err(denied)?;
    parameters.extend(overrides);
    Ok(parameters)
}

fn pem(given: &Given) -> Result<String, Rejection> {
    let gone = || {
        Rejection::new(
            Step::Admission,
            Kind::NotFound,
            "The certificate of the certificate ownership token was deleted.",
        )
    };
    Ok(given.certificate.as_ref().ok_or_else(gone)?.pem())
}

/// Reads an answer: the overrides if it allows, and else what it does.
fn read(answer: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|error| format!("its answer cannot be read: {error}"))?;
    match answer.allow_provisioning {
        Some(Value::Bool(true)) => {}
        // The guide writes it both ways.
        Some(Value::String(text)) if text == "true" => {}
        None | Some(Value::Null) => return Err("its answer has no allowProvisioning".to_owned()),
        Some(Value::Bool(false)) => return Err("it does not allow the provisioning".to_owned()),
        Some(_) => return Err("allowProvisioning in its answer is not true".to_owned()),
    }
    let overrides = match answer.parameter_overrides {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(overrides)) => overrides,
        Some(_) => return Err("parameterOverrides in its answer is no map".to_owned()),
    };
    let text = |(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        _ => Err(format!("parameterOverrides.{name} in its answer is no text")),
    };
    let overrides: BTreeMap<_, _> = overrides.into_iter().map(text).collect::<Result<_, _>>()?;
    check_parameters(&overrides).map_err(|wrong| format!("parameterOverrides in its answer: {wrong}"))?;
    Ok(overrides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_allows_or_it_does_not() {
        let none = BTreeMap::new();
        for allowed in [
            r#"{"allowProvisioning": true}"#,
            r#"{"allowProvisioning": "true", "parameterOverrides": {}}"#,
            r#"{"allowProvisioning": true, "parameterOverrides": null, "x": [1]}"#,
        ] {
            assert_eq!(read(allowed.as_bytes()), Ok(none.clone()), "{allowed}");
        }
        let overridden = read(br#"{"allowProvisioning": true, "parameterOverrides": {"a": "b"}}"#);
        assert_eq!(overridden.unwrap()["a"], "b");
        let long = format!(
            r#"{{"allowProvisioning": true, "parameterOverrides": {{"a": "{}"}}}}"#,
            "x".repeat(5_000)
        );
        for denied in [
            "",
            "null",
            "true",
            "[]",
            "{}",
            r#"{"allowProvisioning": false}"#,
            r#"{"allowProvisioning": "false"}"#,
            r#"{"allowProvisioning": "True"}"#,
            r#"{"allowProvisioning": 1}"#,
            r#"{"allowProvisioning": {"a": true}}"#,
            r#"{"AllowProvisioning": true}"#,
            r#"{"allowProvisioning": true, "parameterOverrides": "a"}"#,
            r#"{"allowProvisioning": true, "parameterOverrides": {"a": 1}}"#,
            r#"{"allowProvisioning": true, "parameterOverrides": {"a": {"b": "c"}}}"#,
            r#"{"allowProvisioning": true"#,
            &long,
        ] {
            assert!(read(denied.as_bytes()).is_err(), "{denied}");
        }
    }
}
