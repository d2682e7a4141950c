use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{Arn, PolicyName, Resource};

use crate::{Context, Http, Operation, pages};

/// Lists what a policy is attached to, certificates and thing groups, in the order in which they were made.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy, `InvalidRequestException` for a marker of another list.
pub struct ListTargetsForPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    marker: Option<String>,
    page_size: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    targets: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListTargetsForPolicy {
    const NAME: &'static str = "ListTargetsForPolicy";
    const HTTP: Http = Http::post("/policy-targets/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:ListTargetsForPolicy");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_marker(input.marker, input.page_size, 100);
        let realm = cx.realm().await?;
        let page = policies::list_targets_for_policy(cx.deeds, &realm, &input.policy_name, &page).await?;
        Ok(Output {
            targets: page.items.iter().map(Arn::to_string).collect(),
            next_marker: page.next,
        })
    }
}
