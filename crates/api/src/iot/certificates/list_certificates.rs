use serde::{Deserialize, Serialize};
use thingsmith_core::certificates::{self, Certificate};
use thingsmith_core::{Fault, Page};
use thingsmith_model::{CertificateMode, CertificateStatus, Resource};

use crate::{Context, Http, Operation, pages};

/// Lists certificates by age.
///
/// # Errors
/// `InvalidRequestException` for a marker of another list.
pub struct ListCertificates;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    page_size: Option<u16>,
    marker: Option<String>,
    ascending_order: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificates: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

/// AWS's `Certificate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    certificate_arn: String,
    certificate_id: String,
    status: CertificateStatus,
    certificate_mode: CertificateMode,
    creation_date: f64,
}

impl Output {
    /// A page of certificates as ListCertificates and ListCertificatesByCA show it.
    pub(super) fn new(cx: &Context<'_>, page: Page<Certificate>) -> Self {
        let item = |found: Certificate| Item {
            certificate_arn: cx.arn(Resource::Certificate(found.id)),
            certificate_id: found.id.to_string(),
            status: found.status,
            certificate_mode: found.mode,
            creation_date: found.created_at.as_seconds_f64(),
        };
        Self {
            certificates: page.items.into_iter().map(item).collect(),
            next_marker: page.next,
        }
    }
}

impl Operation for ListCertificates {
    const NAME: &'static str = "ListCertificates";
    const HTTP: Http = Http::get("/certificates");
    const ACTION: Option<&'static str> = Some("iot:ListCertificates");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // AWS's API reference, ListCertificates: 25 when nothing is said.
        let page = pages::by_marker(input.marker, input.page_size, 25);
        let ascending = input.ascending_order.unwrap_or_default();
        let realm = cx.realm().await?;
        let page = certificates::list_certificates(cx.deeds, &realm, ascending, &page).await?;
        Ok(Output::new(cx, page))
    }
}
