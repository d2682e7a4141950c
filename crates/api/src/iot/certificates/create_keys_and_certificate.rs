use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, certificates};
use thingsmith_model::Resource;

use super::KeyPair;
use crate::{Context, Http, Operation};

/// Makes an RSA-2048 key and issues a certificate for it. This answer is the only place where the private key ever
/// stands.
///
/// # Errors
/// `ThrottlingException` while no key is ready.
pub struct CreateKeysAndCertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    set_as_active: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_arn: String,
    certificate_id: String,
    certificate_pem: String,
    key_pair: KeyPair,
}

impl Operation for CreateKeysAndCertificate {
    const NAME: &'static str = "CreateKeysAndCertificate";
    const HTTP: Http = Http::post("/keys-and-certificate");
    const ACTION: Option<&'static str> = Some("iot:CreateKeysAndCertificate");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let status = super::status(input.set_as_active);
        let realm = cx.realm().await?;
        let (made, key) = certificates::create_keys_and_certificate(cx.deeds, &realm, status).await?;
        Ok(Output {
            certificate_arn: cx.arn(Resource::Certificate(made.id)),
            certificate_id: made.id.to_string(),
            certificate_pem: made.pem(),
            key_pair: key.into(),
        })
    }
}
