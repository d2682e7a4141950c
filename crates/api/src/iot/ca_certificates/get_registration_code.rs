use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, registration_codes};

use crate::{Context, Http, Operation};

/// Reads the registration code of the account and region, which is made when it is first asked for.
pub struct GetRegistrationCode;

#[derive(Deserialize)]
pub struct Input {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    registration_code: String,
}

impl Operation for GetRegistrationCode {
    const NAME: &'static str = "GetRegistrationCode";
    const HTTP: Http = Http::get("/registrationcode");
    const ACTION: Option<&'static str> = Some("iot:GetRegistrationCode");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, _: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        Ok(Output {
            registration_code: registration_codes::get_registration_code(cx.deeds, &realm).await?,
        })
    }
}
