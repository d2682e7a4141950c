use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::ca_certificates::{self, CaCertificate};
use thingsmith_model::{CaCertificateStatus, Resource};

use crate::{Context, Http, Operation, pages};

/// Lists CA certificates by age, all or those that use a template.
///
/// # Errors
/// `InvalidRequestException` for a marker of another list.
pub struct ListCACertificates;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    page_size: Option<u16>,
    marker: Option<String>,
    ascending_order: Option<bool>,
    template_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificates: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

/// AWS's `CACertificate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    certificate_arn: String,
    certificate_id: String,
    status: CaCertificateStatus,
    creation_date: f64,
}

impl Operation for ListCACertificates {
    const NAME: &'static str = "ListCACertificates";
    const HTTP: Http = Http::get("/cacertificates");
    const ACTION: Option<&'static str> = Some("iot:ListCACertificates");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // AWS's API reference, ListCACertificates: 25 when nothing is said.
        let page = pages::by_marker(input.marker, input.page_size, 25);
        let ascending = input.ascending_order.unwrap_or_default();
        let template = input.template_name.as_deref();
        let realm = cx.realm().await?;
        let page =
            ca_certificates::list_ca_certificates(cx.deeds, &realm, template, ascending, &page).await?;
        let item = |found: CaCertificate| Item {
            certificate_arn: cx.arn(Resource::CaCertificate(found.id)),
            certificate_id: found.id.to_string(),
            status: found.status,
            creation_date: found.created_at.as_seconds_f64(),
        };
        Ok(Output {
            certificates: page.items.into_iter().map(item).collect(),
            next_marker: page.next,
        })
    }
}
