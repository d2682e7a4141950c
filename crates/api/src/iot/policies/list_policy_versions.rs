use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::{Context, Http, Operation};

/// Lists the versions of a policy, newest first. There are so few that there are no pages.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy.
pub struct ListPolicyVersions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    policy_versions: Vec<Version>,
}

/// AWS's `PolicyVersion`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version_id: String,
    is_default_version: bool,
    create_date: f64,
}

impl Operation for ListPolicyVersions {
    const NAME: &'static str = "ListPolicyVersions";
    const HTTP: Http = Http::get("/policies/{policyName}/version");
    const ACTION: Option<&'static str> = Some("iot:ListPolicyVersions");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (policy, versions) = policies::list_policy_versions(cx.deeds, &realm, &input.policy_name).await?;
        let versions = versions.into_iter().map(|found| Version {
            version_id: found.version.to_string(),
            is_default_version: found.version == policy.default_version,
            create_date: found.created_at.as_seconds_f64(),
        });
        Ok(Output {
            policy_versions: versions.collect(),
        })
    }
}
