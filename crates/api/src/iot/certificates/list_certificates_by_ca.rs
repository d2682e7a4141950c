use serde::Deserialize;
use thingsmith_core::{Fault, certificates};
use thingsmith_model::CertificateId;

use super::list_certificates::Output;
use crate::{Context, Http, Operation, pages};

/// Lists the certificates that were registered under a CA certificate, by age.
///
/// # Errors
/// `InvalidRequestException` for a marker of another list.
pub struct ListCertificatesByCA;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "super::id")]
    ca_certificate_id: CertificateId,
    page_size: Option<u16>,
    marker: Option<String>,
    ascending_order: Option<bool>,
}

impl Operation for ListCertificatesByCA {
    const NAME: &'static str = "ListCertificatesByCA";
    const HTTP: Http = Http::get("/certificates-by-ca/{caCertificateId}");
    const ACTION: Option<&'static str> = Some("iot:ListCertificatesByCA");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // AWS's API reference, ListCertificatesByCA: 25 when nothing is said.
        let page = pages::by_marker(input.marker, input.page_size, 25);
        let ascending = input.ascending_order.unwrap_or_default();
        let realm = cx.realm().await?;
        let ca = &input.ca_certificate_id;
        let page = certificates::list_certificates_by_ca(cx.deeds, &realm, ca, ascending, &page).await?;
        Ok(Output::new(cx, page))
    }
}
