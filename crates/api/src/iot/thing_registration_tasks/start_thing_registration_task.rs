use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::thing_registration_tasks::{NewTask, SERVICE, start_task};

use crate::auth::may_pass_role;
use crate::{Context, Http, Operation};

/// Starts the registration of a thing for each line of a file in a bucket. The caller must be permitted to hand the role over
/// (`iam:PassRole`); the role must trust AWS IoT and be permitted to read the file and to make what the template says.
///
/// # Errors
/// `InvalidRequestException` for what is no template, naming the place, for a file that is not there or that the role may not
/// read, and while another task of the account is under way.
pub struct StartThingRegistrationTask;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_body: String,
    input_file_bucket: String,
    input_file_key: String,
    role_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    task_id: String,
}

impl Operation for StartThingRegistrationTask {
    const NAME: &'static str = "StartThingRegistrationTask";
    const HTTP: Http = Http::post("/thing-registration-tasks");
    const ACTION: Option<&'static str> = Some("iot:StartThingRegistrationTask");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        may_pass_role(cx, "roleArn", &input.role_arn, SERVICE).await?;
        let realm = cx.realm().await?;
        let new = NewTask {
            template_body: input.template_body,
            bucket: input.input_file_bucket,
            key: input.input_file_key,
            role_arn: input.role_arn,
        };
        let task = start_task(cx.deeds, &realm, new).await?;
        Ok(Output { task_id: task.id })
    }
}
