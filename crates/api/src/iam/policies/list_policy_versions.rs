use super::PolicyVersion;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, managed_policies};

/// Lists the versions of a managed policy, newest first.
///
/// # Errors
/// `NoSuchEntity` if there is no such policy, `InvalidInput` for what is no policy's ARN, `ValidationError` for a
/// marker of another list.
pub struct ListPolicyVersions;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_arn: String,
    marker: Option<String>,
    max_items: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    versions: Vec<PolicyVersion>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListPolicyVersions {
    const NAME: &'static str = "ListPolicyVersions";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListPolicyVersions");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.policy_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let page = iam::page(input.marker, input.max_items);
        let page = managed_policies::list_policy_versions(cx.deeds, &realm, &input.policy_arn, &page).await?;
        let page = page.map(|version| PolicyVersion::new(&version, None));
        Ok(Output {
            versions: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}
