use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thingsmith_core::{Fault, events};
use thingsmith_model::Timestamp;

use crate::{Context, Http, Operation};

/// Reads which types of events are published. Every type is in the answer.
pub struct DescribeEventConfigurations;

#[derive(Deserialize)]
pub struct Input {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    event_configurations: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified_date: Option<f64>,
}

impl Operation for DescribeEventConfigurations {
    const NAME: &'static str = "DescribeEventConfigurations";
    const HTTP: Http = Http::get("/event-configurations");
    const ACTION: Option<&'static str> = Some("iot:DescribeEventConfigurations");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, _: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let found = events::describe_event_configurations(cx.deeds, &realm).await?;
        let entry = |(event_type, enabled): (events::EventType, bool)| {
            (event_type.as_str().to_owned(), json!({ "Enabled": enabled }))
        };
        Ok(Output {
            event_configurations: found.enabled.into_iter().map(entry).collect(),
            creation_date: found.created_at.map(Timestamp::as_seconds_f64),
            last_modified_date: found.modified_at.map(Timestamp::as_seconds_f64),
        })
    }
}
