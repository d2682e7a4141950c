use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::iso8601;
use thingsmith_core::{Fault, user_keys};

/// Lists the access keys of a user: of the caller, if no other is named.
///
/// # Errors
/// `NoSuchEntity` for a user that is not there, `ValidationError` for a marker of another list.
pub struct ListAccessKeys;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    access_key_metadata: Vec<AccessKeyMetadata>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// AWS's `AccessKeyMetadata`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessKeyMetadata {
    user_name: String,
    access_key_id: String,
    status: &'static str,
    create_date: String,
}

impl Operation for ListAccessKeys {
    const NAME: &'static str = "ListAccessKeys";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListAccessKeys");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::user_arn(
            cx,
            "/",
            input
                .user_name
                .as_deref()
                .or(cx.caller.user_name.as_deref())
                .unwrap_or_default(),
        )]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        match input.user_name.as_deref().or(cx.caller.user_name.as_deref()) {
            Some(name) => Ok(vec![iam::find_user_arn(cx, name).await?]),
            None => Ok(vec![cx.caller.arn.clone()]),
        }
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let name = iam::named(cx, input.user_name)?;
        let realm = iam::realm(cx).await?;
        let page = iam::page(input.marker, input.max_items);
        let (user, page) = user_keys::list_access_keys(cx.deeds, &realm, &name, &page).await?;
        let page = page.map(|key| AccessKeyMetadata {
            user_name: user.name.clone(),
            access_key_id: key.access_key_id,
            status: key.status.as_str(),
            create_date: iso8601(key.created_at),
        });
        Ok(Output {
            access_key_metadata: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}
