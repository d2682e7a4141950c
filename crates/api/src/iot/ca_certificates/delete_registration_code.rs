use serde::Deserialize;
use thingsmith_core::{Fault, registration_codes};

use crate::{Context, Empty, Http, Operation};

/// Deletes the registration code of the account and region. The next one is another.
///
/// # Errors
/// `ResourceNotFoundException` if there is none.
pub struct DeleteRegistrationCode;

#[derive(Deserialize)]
pub struct Input {}

impl Operation for DeleteRegistrationCode {
    const NAME: &'static str = "DeleteRegistrationCode";
    const HTTP: Http = Http::delete("/registrationcode");
    const ACTION: Option<&'static str> = Some("iot:DeleteRegistrationCode");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, _: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        registration_codes::delete_registration_code(cx.deeds, &realm).await?;
        Ok(Empty {})
    }
}
