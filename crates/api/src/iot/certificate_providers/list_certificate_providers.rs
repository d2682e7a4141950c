use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, certificate_providers};

use crate::{Context, Http, Operation, pages};

/// Lists certificate providers, of which an account has one at most, so that the order is no matter.
///
/// # Errors
/// `InvalidRequestException` for a token of another list.
pub struct ListCertificateProviders;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    #[serde(rename = "ascendingOrder")]
    _ascending_order: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_providers: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `CertificateProviderSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    certificate_provider_name: String,
    certificate_provider_arn: String,
}

impl Operation for ListCertificateProviders {
    const NAME: &'static str = "ListCertificateProviders";
    const HTTP: Http = Http::get("/certificate-providers/");
    const ACTION: Option<&'static str> = Some("iot:ListCertificateProviders");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, None);
        let realm = cx.realm().await?;
        let page = certificate_providers::list_certificate_providers(cx.deeds, &realm, &page).await?;
        let page = page.map(|it| Summary {
            certificate_provider_arn: it.arn(&realm).to_string(),
            certificate_provider_name: it.name,
        });
        Ok(Output {
            certificate_providers: page.items,
            next_token: page.next,
        })
    }
}
