use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::transfers::{self, Transfer};

use crate::{Context, Http, Operation, pages};

/// Lists the certificates that wait for another account to take them, by age.
///
/// # Errors
/// `InvalidRequestException` for a marker of another list.
pub struct ListOutgoingCertificates;

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
    outgoing_certificates: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

/// AWS's `OutgoingCertificate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    certificate_arn: String,
    certificate_id: String,
    transferred_to: String,
    transfer_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_message: Option<String>,
    creation_date: f64,
}

impl Operation for ListOutgoingCertificates {
    const NAME: &'static str = "ListOutgoingCertificates";
    const HTTP: Http = Http::get("/certificates-out-going");
    const ACTION: Option<&'static str> = Some("iot:ListOutgoingCertificates");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // AWS's API reference, ListOutgoingCertificates: 25 when nothing is said.
        let page = pages::by_marker(input.marker, input.page_size, 25);
        let ascending = input.ascending_order.unwrap_or_default();
        let realm = cx.realm().await?;
        let page = transfers::list_outgoing_certificates(cx.deeds, &realm, ascending, &page).await?;
        let item = |found: Transfer| Item {
            certificate_arn: found.arn_there(&realm),
            certificate_id: found.id.to_string(),
            transferred_to: found.peer_account.to_string(),
            transfer_date: found.sent_at.as_seconds_f64(),
            transfer_message: found.message,
            creation_date: found.created_at.as_seconds_f64(),
        };
        Ok(Output {
            outgoing_certificates: page.items.into_iter().map(item).collect(),
            next_marker: page.next,
        })
    }
}
