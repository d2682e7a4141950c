use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::iso8601;
use thingsmith_core::{Fault, user_keys};

/// Creates an access key of a user: of the caller, if no other is named. Its secret is told this once.
///
/// # Errors
/// `NoSuchEntity` for a user that is not there, `LimitExceeded` for a third key, `ValidationError` if a caller that is
/// no user names none.
pub struct CreateAccessKey;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    access_key: AccessKey,
}

/// AWS's `AccessKey`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessKey {
    user_name: String,
    access_key_id: String,
    status: &'static str,
    secret_access_key: String,
    create_date: String,
}

impl Operation for CreateAccessKey {
    const NAME: &'static str = "CreateAccessKey";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:CreateAccessKey");
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
        let new = user_keys::create_access_key(cx.deeds, &realm, &name).await?;
        Ok(Output {
            access_key: AccessKey {
                user_name: new.user_name,
                access_key_id: new.key.access_key_id,
                status: new.key.status.as_str(),
                secret_access_key: new.secret.expose_secret().clone(),
                create_date: iso8601(new.key.created_at),
            },
        })
    }
}
