use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::thing_registration_tasks::{TaskStatus, list_tasks};

use crate::{Context, Http, Operation, pages};

/// Lists the ids of bulk registrations, newest first.
///
/// # Errors
/// `InvalidRequestException` for a token of another list.
pub struct ListThingRegistrationTasks;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    status: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    task_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListThingRegistrationTasks {
    const NAME: &'static str = "ListThingRegistrationTasks";
    const HTTP: Http = Http::get("/thing-registration-tasks");
    const ACTION: Option<&'static str> = Some("iot:ListThingRegistrationTasks");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let unknown = |name: &str| Fault::invalid(format!("status {name} is not a status of tasks."));
        let status = input
            .status
            .map(|name| TaskStatus::named(&name).ok_or_else(|| unknown(&name)))
            .transpose()?;
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = list_tasks(cx.deeds, &realm, status, &page).await?;
        Ok(Output {
            task_ids: page.items,
            next_token: page.next,
        })
    }
}
