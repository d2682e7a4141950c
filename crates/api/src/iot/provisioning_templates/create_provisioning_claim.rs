use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, provisioning_claims};
use thingsmith_model::TemplateName;

use super::arn;
use crate::iot::certificates::KeyPair;
use crate::{Context, Http, Operation};

/// Makes a key and a certificate for a trusted user to hand to a device: for five minutes it can be provisioned with this
/// template, and can do nothing else. This answer is the only place where the private key ever stands.
///
/// # Errors
/// `ResourceNotFoundException` for a template that is not there, `InvalidRequestException` for one of the type JITP,
/// `ThrottlingException` beyond ten a second for an account, and while no key is ready.
pub struct CreateProvisioningClaim;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_id: String,
    certificate_pem: String,
    key_pair: KeyPair,
    expiration: f64,
}

impl Operation for CreateProvisioningClaim {
    const NAME: &'static str = "CreateProvisioningClaim";
    const HTTP: Http = Http::post("/provisioning-templates/{templateName}/provisioning-claim");
    const ACTION: Option<&'static str> = Some("iot:CreateProvisioningClaim");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (claim, key) =
            provisioning_claims::create_provisioning_claim(cx.deeds, &realm, &input.template_name).await?;
        Ok(Output {
            certificate_id: claim.id.to_string(),
            certificate_pem: claim.pem,
            key_pair: key.into(),
            expiration: claim.expires_at.as_seconds_f64(),
        })
    }
}
