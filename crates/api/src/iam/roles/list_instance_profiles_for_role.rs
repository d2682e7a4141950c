use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, roles};

use crate::iam;
use crate::{Context, Http, Operation};

/// Lists the instance profiles of a role. Nothing makes instance profiles, so a role has none; who deletes a role asks first.
///
/// # Errors
/// `NoSuchEntity` if there is no such role.
pub struct ListInstanceProfilesForRole;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
    marker: Option<String>,
    #[expect(dead_code, reason = "nothing fits on a page of any size")]
    max_items: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    instance_profiles: [(); 0],
    is_truncated: bool,
}

impl Operation for ListInstanceProfilesForRole {
    const NAME: &'static str = "ListInstanceProfilesForRole";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListInstanceProfilesForRole");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::role_arn(cx, "/", &input.role_name)]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        Ok(vec![iam::find_role_arn(cx, &input.role_name).await?])
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        if input.marker.is_some() {
            return Err(Fault::invalid("Marker is not a token of this list."));
        }
        roles::role(cx.deeds, &realm, &input.role_name).await?;
        Ok(Output {
            instance_profiles: [],
            is_truncated: false,
        })
    }
}
