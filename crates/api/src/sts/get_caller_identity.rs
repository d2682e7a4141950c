use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;

use crate::{Context, Http, Operation};

/// Tells a caller who it is. Whoever has a key may ask: AWS refuses it to nobody either.
pub struct GetCallerIdentity;

#[derive(Deserialize)]
pub struct Input {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    arn: String,
    user_id: String,
    account: String,
}

impl Operation for GetCallerIdentity {
    const NAME: &'static str = "GetCallerIdentity";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = None;
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, _: Input) -> Result<Output, Fault> {
        Ok(Output {
            arn: cx.caller.arn.clone(),
            user_id: cx.caller.user_id.clone(),
            account: cx.caller.account.to_string(),
        })
    }
}
