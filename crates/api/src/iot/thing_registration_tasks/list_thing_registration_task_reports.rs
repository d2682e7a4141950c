use serde::{Deserialize, Serialize};
use thingsmith_core::thing_registration_tasks::{ReportType, list_reports};
use thingsmith_core::{Fault, objects};

use crate::{Context, Http, Operation, pages};

/// Lists links to the reports of a bulk registration that has ended, in the order of its file. Each is good for an hour.
///
/// # Errors
/// `InvalidRequestException` when there is no such task, and for a token of another list.
pub struct ListThingRegistrationTaskReports;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    task_id: String,
    report_type: String,
    next_token: Option<String>,
    max_results: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    resource_links: Vec<String>,
    report_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListThingRegistrationTaskReports {
    const NAME: &'static str = "ListThingRegistrationTaskReports";
    const HTTP: Http = Http::get("/thing-registration-tasks/{taskId}/reports");
    const ACTION: Option<&'static str> = Some("iot:ListThingRegistrationTaskReports");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let name = &input.report_type;
        let report = ReportType::named(name)
            .ok_or_else(|| Fault::invalid(format!("reportType {name} is not a type of reports.")))?;
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = list_reports(cx.deeds, &realm, &input.task_id, report, &page).await?;
        let link = |(bucket, key): &(String, String)| {
            objects::presign_get(cx.deeds, &realm, bucket, key, objects::LONGEST_LINK)
        };
        Ok(Output {
            resource_links: page.items.iter().map(link).collect::<Result<_, _>>()?,
            report_type: report.as_str(),
            next_token: page.next,
        })
    }
}
