//! `RegisterThing`: the certificate becomes the device's own, and all that its template says is made, as one batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use thingsmith_model::TemplateName;
use thingsmith_template::{Template, Values, certificate};

use super::admission::Candidate;
use super::limits::{Ware, take};
use super::payload::{Format, Member, Reply, Request};
use super::rejection::{Kind, Rejection, Step};
use super::token::{self, OwnedCertificate};
use super::{Claimant, Written};
use crate::acting::ActingRole;
use crate::claims::rows::Guards;
use crate::fault::sentence;
use crate::provisioning::{Bearer, register_thing};
use crate::provisioning_templates::{self as templates, ProvisioningTemplate, TemplateKind};
use crate::{Code, Deeds, Fault};

/// The service as which a role is assumed.
const SERVICE: &str = "iot.amazonaws.com";
/// Most characters of a parameter's name and of its value (API reference, `RegisterThing`).
const NAME: usize = 2048;
const VALUE: usize = 4096;
/// Most parameters of a request.
const PARAMETERS: usize = 256;

/// Registers the device.
pub(super) async fn register(
    deeds: &Deeds,
    claimant: &Claimant,
    format: Format,
    template: &TemplateName,
    request: &Request,
) -> Result<Written, Rejection> {
    let text = token_of(request)?;
    let parameters = parameters(request)?;
    take(deeds, claimant, Ware::Registration)?;
    let realm = &claimant.realm;
    let at = |step: Step| move |fault: Fault| Rejection::from_fault(step, fault);
    let given = token::find(deeds, claimant, text)
        .await
        .map_err(at(Step::Token))?;
    let certificate_id = given.token.certificate_id;
    let of = |rejection: Rejection| rejection.of(certificate_id);
    let at = |step: Step| move |fault: Fault| of(Rejection::from_fault(step, fault));

    let (record, guards, template) = find_template(deeds, claimant, template)
        .await
        .map_err(at(Step::Template))?;
    let candidate = Candidate {
        claimant,
        given: &given,
        template: &record,
        parameters,
    };
    let (parameters, passed) = candidate.admit(deeds, guards).await.map_err(of)?;
    let id = certificate_id.to_string();
    let values = Values::new(parameters).with_pseudo_parameter(certificate::ID, id.clone());
    let plan = template.resolve(&values).map_err(|wrong| {
        of(Rejection::new(
            Step::Parameters,
            Kind::Parameters,
            sentence(&wrong),
        ))
    })?;
    // As much of the certificate's id as tells it from others in a refusal that is meant to be read.
    let session = format!("FleetProvisioning-{id:.16}");
    let actor = ActingRole::assume(
        deeds,
        realm,
        "provisioningRoleArn",
        &record.role_arn,
        SERVICE,
        &session,
    )
    .await
    .map_err(|fault| match fault.code {
        // What is wrong with the role is the operator's to know.
        Code::InvalidRequest => of(Rejection::denied(Step::Role, fault.message)),
        _ => at(Step::Role)(fault),
    })?;
    let owned = OwnedCertificate {
        given: &given,
        claimant,
        passed: &passed,
    };
    let registered = register_thing(deeds, realm, &actor, &plan, Bearer::Claimed(owned))
        .await
        .map_err(at(Step::Resources))?;
    deeds.fleet_provisioning().no_more_unclaimed(realm.realm);
    passed.report(deeds, realm);
    let thing_name = registered.thing_name.as_ref().map(ToString::to_string);
    tracing::info!(
        peer = %claimant.peer,
        account = %realm.account,
        region = %realm.region,
        claim_certificate_id = %claimant.certificate_id,
        certificate_id = id,
        thing_name,
        template = %record.name,
        "a device was registered by its claim"
    );
    let mut reply = Reply::default().map("deviceConfiguration", &registered.device_configuration);
    if let Some(name) = &thing_name {
        reply = reply.text("thingName", name);
    }
    Ok(reply.write(format))
}

fn token_of(request: &Request) -> Result<&str, Rejection> {
    let refused = |message| Err(Rejection::new(Step::Token, Kind::Token, message));
    match request.get("certificateOwnershipToken") {
        Some(Member::Text(token)) if !token.is_empty() => Ok(token),
        // AWS's own words.
        Some(Member::Text(_)) | None => refused("Certificate ownership token cannot be empty."),
        Some(_) => refused("The certificate ownership token must be a text."),
    }
}

fn parameters(request: &Request) -> Result<BTreeMap<String, String>, Rejection> {
    let refused = |message: String| Rejection::new(Step::Parameters, Kind::Parameters, message);
    let map = match request.get("parameters") {
        None => return Ok(BTreeMap::new()),
        Some(Member::Map(map)) => map,
        Some(_) => return Err(refused("parameters must be a map of texts.".to_owned())),
    };
    let mut parameters = BTreeMap::new();
    for (name, value) in map {
        let Some(value) = value else {
            let name = excerpt(name);
            return Err(refused(format!(
                "parameters: the value of {name} must be a text."
            )));
        };
        parameters.insert(name.clone(), value.clone());
    }
    check_parameters(&parameters).map_err(|wrong| refused(format!("parameters: {wrong}.")))?;
    Ok(parameters)
}

/// Checks how many and how long parameters are, and says what is wrong.
pub(super) fn check_parameters(parameters: &BTreeMap<String, String>) -> Result<(), String> {
    if parameters.len() > PARAMETERS {
        return Err(format!("there are more than {PARAMETERS}"));
    }
    for (name, value) in parameters {
        let shown = excerpt(name);
        if name.chars().count() > NAME {
            return Err(format!("the name {shown} has more than {NAME} characters"));
        }
        if value.chars().count() > VALUE {
            return Err(format!("the value of {shown} has more than {VALUE} characters"));
        }
    }
    Ok(())
}

/// A name that a device sends ends in messages and logs.
fn excerpt(name: &str) -> String {
    name.chars().take(64).collect()
}

/// The template of a name, as it is in force now, and what guards a registration with it by this claimant.
async fn find_template(
    deeds: &Deeds,
    claimant: &Claimant,
    name: &TemplateName,
) -> Result<(ProvisioningTemplate, Guards, Arc<Template>), Fault> {
    let missing = || templates::not_found(name.as_str());
    let (realm, claim) = (&claimant.realm, &claimant.certificate_id);
    let found = templates::rows::find_guarded(deeds.store(), realm.realm, name, claim).await?;
    let (found, guards) = found.ok_or_else(missing)?;
    if found.kind != TemplateKind::FleetProvisioning {
        return Err(Fault::invalid(format!(
            "Provisioning template {name} is of the type {}, not FLEET_PROVISIONING.",
            found.kind.as_str()
        )));
    }
    if !found.enabled {
        return Err(Fault::new(
            Code::Forbidden,
            format!("Provisioning template {name} is not enabled."),
        ));
    }
    // Another default version by now is found by the next request.
    let template = templates::in_force(deeds, realm, &found).await?;
    Ok((found, guards, template.ok_or_else(missing)?))
}
