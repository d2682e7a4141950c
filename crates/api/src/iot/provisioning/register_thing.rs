use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, provisioning};

use crate::auth::ActingCaller;
use crate::{Context, Http, Operation};

/// Registers a thing with its certificate and policies by a template, all of it or nothing. The caller must be permitted
/// every change that this makes.
///
/// # Errors
/// `InvalidRequestException` for what is no template and for values that cannot be, naming the place;
/// `ResourceRegistrationFailureException` for what the registry does not have or does not allow;
/// `ConflictingResourceUpdateException` for what is there although its `OverrideSettings` say `FAIL`.
pub struct RegisterThing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_body: String,
    parameters: Option<BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_pem: Option<String>,
    resource_arns: BTreeMap<String, String>,
}

impl Operation for RegisterThing {
    const NAME: &'static str = "RegisterThing";
    const HTTP: Http = Http::post("/things");
    const ACTION: Option<&'static str> = Some("iot:RegisterThing");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let parameters = input.parameters.unwrap_or_default();
        let registered = provisioning::register_single_thing(
            cx.deeds,
            &realm,
            &ActingCaller(cx),
            &input.template_body,
            parameters,
        )
        .await?;
        Ok(Output {
            certificate_pem: registered.certificate.map(|certificate| certificate.pem()),
            resource_arns: registered.resource_arns.into_iter().collect(),
        })
    }
}
