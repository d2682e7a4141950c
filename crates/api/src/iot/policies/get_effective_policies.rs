use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource, ThingName};

use super::{no_identity_pool, target_resource};
use crate::{Context, Http, Operation};

/// Lists the policies that have an effect on a device: those of its principal, of its thing's groups, or both.
///
/// # Errors
/// `ResourceNotFoundException` if the principal or the thing is not there, `InvalidRequestException` if neither is given or
/// the principal cannot be one.
pub struct GetEffectivePolicies;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    principal: Option<String>,
    cognito_identity_pool_id: Option<String>,
    thing_name: Option<ThingName>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    effective_policies: Vec<Effective>,
}

/// AWS's `EffectivePolicy`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Effective {
    policy_name: PolicyName,
    policy_arn: String,
    policy_document: String,
}

impl Operation for GetEffectivePolicies {
    const NAME: &'static str = "GetEffectivePolicies";
    const HTTP: Http = Http::post("/effective-policies");
    const ACTION: Option<&'static str> = Some("iot:GetEffectivePolicies");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        let principal = input.principal.as_deref();
        vec![principal.map_or_else(|| "*".into(), target_resource)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        no_identity_pool(input.cognito_identity_pool_id.as_deref())?;
        let realm = cx.realm().await?;
        let (principal, thing) = (input.principal.as_deref(), input.thing_name.as_ref());
        let found = policies::get_effective_policies(cx.deeds, &realm, principal, thing).await?;
        let policies = found.into_iter().map(|effective| Effective {
            policy_arn: cx.arn(Resource::Policy(effective.policy.name.clone())),
            policy_name: effective.policy.name,
            policy_document: effective.document,
        });
        Ok(Output {
            effective_policies: policies.collect(),
        })
    }
}
