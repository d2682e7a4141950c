use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::user_keys::{self, Status};
use thingsmith_core::{Code, Fault};

/// Switches an access key of a user on or off: of the caller, if no other is named.
///
/// # Errors
/// `NoSuchEntity` for a user or a key that is not there, `InvalidInput` for the status `Expired`, which is not one to
/// choose.
pub struct UpdateAccessKey;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: Option<String>,
    access_key_id: String,
    status: String,
}

impl Operation for UpdateAccessKey {
    const NAME: &'static str = "UpdateAccessKey";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:UpdateAccessKey");
    type Input = Input;
    type Output = Empty;

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

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let status = Status::parse(&input.status).ok_or_else(|| {
            let message = format!(
                "Status {} cannot be chosen: it must be Active or Inactive.",
                input.status
            );
            Fault::new(Code::InvalidInput, message)
        })?;
        let name = iam::named(cx, input.user_name)?;
        let realm = iam::realm(cx).await?;
        user_keys::update_access_key(cx.deeds, &realm, &name, &input.access_key_id, status).await?;
        Ok(Empty {})
    }
}
