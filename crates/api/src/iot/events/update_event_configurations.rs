use std::collections::BTreeMap;

use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::events::{self, EventType};

use super::Configuration;
use crate::{Context, Empty, Http, Operation};

/// Turns types of events on and off. Those that are not named stay as they are.
pub struct UpdateEventConfigurations;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    event_configurations: Option<BTreeMap<String, Configuration>>,
}

impl Operation for UpdateEventConfigurations {
    const NAME: &'static str = "UpdateEventConfigurations";
    const HTTP: Http = Http::patch("/event-configurations");
    const ACTION: Option<&'static str> = Some("iot:UpdateEventConfigurations");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let mut enabled = BTreeMap::new();
        for (name, configuration) in input.event_configurations.unwrap_or_default() {
            let event_type = EventType::named(&name)
                .ok_or_else(|| Fault::invalid(format!("eventConfigurations has no type {name}.")))?;
            enabled.insert(event_type, configuration.enabled);
        }
        let realm = cx.realm().await?;
        events::update_event_configurations(cx.deeds, &realm, &enabled).await?;
        Ok(Empty {})
    }
}
