use serde::Deserialize;
use thingsmith_core::{Fault, thing_registration_tasks};

use crate::{Context, Empty, Http, Operation};

/// Stops a bulk registration. Lines that were registered stay.
///
/// # Errors
/// `ResourceNotFoundException`; `InvalidRequestException` for a task that is completed or has failed.
pub struct StopThingRegistrationTask;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    task_id: String,
}

impl Operation for StopThingRegistrationTask {
    const NAME: &'static str = "StopThingRegistrationTask";
    const HTTP: Http = Http::put("/thing-registration-tasks/{taskId}/cancel");
    const ACTION: Option<&'static str> = Some("iot:StopThingRegistrationTask");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        thing_registration_tasks::stop_task(cx.deeds, &realm, &input.task_id).await?;
        Ok(Empty {})
    }
}
