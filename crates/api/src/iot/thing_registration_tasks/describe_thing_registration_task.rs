use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, thing_registration_tasks};

use crate::{Context, Http, Operation};

/// Reads a bulk registration: what was asked for, how far it is, and why it failed if it did.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct DescribeThingRegistrationTask;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    task_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    task_id: String,
    creation_date: f64,
    last_modified_date: f64,
    template_body: String,
    input_file_bucket: String,
    input_file_key: String,
    role_arn: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    success_count: i64,
    failure_count: i64,
    percentage_progress: i64,
}

impl Operation for DescribeThingRegistrationTask {
    const NAME: &'static str = "DescribeThingRegistrationTask";
    const HTTP: Http = Http::get("/thing-registration-tasks/{taskId}");
    const ACTION: Option<&'static str> = Some("iot:DescribeThingRegistrationTask");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (task, progress) =
            thing_registration_tasks::describe_task(cx.deeds, &realm, &input.task_id).await?;
        Ok(Output {
            creation_date: task.created_at.as_seconds_f64(),
            last_modified_date: task.modified_at.as_seconds_f64(),
            status: task.status.as_str(),
            success_count: progress.successes,
            failure_count: progress.failures,
            percentage_progress: progress.percent(&task),
            task_id: task.id,
            template_body: task.template_body,
            input_file_bucket: task.bucket,
            input_file_key: task.key,
            role_arn: task.role_arn,
            message: task.message,
        })
    }
}
