use serde::{Deserialize, Serialize};
use serde_json::Value;
use thingsmith_core::{Fault, topic_rule_destinations};

use super::TopicRuleDestination;
use crate::{Context, Http, Operation};

/// Creates a destination for HTTP actions: a token is sent to its URL, and whoever receives it there gives it back to
/// ConfirmTopicRuleDestination.
///
/// # Errors
/// `ResourceAlreadyExistsException` if there is one of this URL, `InvalidRequestException` for what is no URL.
pub struct CreateTopicRuleDestination;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    destination_configuration: DestinationConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DestinationConfiguration {
    http_url_configuration: Option<HttpUrlConfiguration>,
    vpc_configuration: Option<Value>,
    #[serde(rename = "influxDBConfiguration")]
    influx_db_configuration: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpUrlConfiguration {
    confirmation_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    topic_rule_destination: TopicRuleDestination,
}

impl Operation for CreateTopicRuleDestination {
    const NAME: &'static str = "CreateTopicRuleDestination";
    const HTTP: Http = Http::post("/destinations");
    const ACTION: Option<&'static str> = Some("iot:CreateTopicRuleDestination");
    type Input = Input;
    type Output = Output;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        let configuration = &input.destination_configuration;
        if configuration.vpc_configuration.is_some() {
            return Some("destinationConfiguration.vpcConfiguration");
        }
        let influx = configuration.influx_db_configuration.is_some();
        influx.then_some("destinationConfiguration.influxDBConfiguration")
    }

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let http = input.destination_configuration.http_url_configuration;
        let http =
            http.ok_or_else(|| Fault::invalid("destinationConfiguration needs httpUrlConfiguration."))?;
        let realm = cx.realm().await?;
        let url = &http.confirmation_url;
        let made = topic_rule_destinations::create_destination(cx.deeds, &realm, url).await?;
        Ok(Output {
            topic_rule_destination: TopicRuleDestination::new(&realm, made),
        })
    }
}
