//! The action `republish`: what the statement selected is published on another topic.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use thingsmith_mqtt::{Message, MessageProperties, Qos, TopicName};
use thingsmith_sql::Version;

use super::super::index::Rule;
use super::super::offer::Offered;
use super::super::template::Template;
use super::super::{FROM_LIMITS, Origin};
use super::Failure;
use crate::acting::Acting;
use crate::{Deeds, Fault, messages};

#[derive(Debug)]
pub(in super::super) struct Republish {
    role_arn: String,
    topic: Template,
    qos: Qos,
    headers: Vec<Template>,
    shape: Shape,
}

/// Which of the templates in `headers` is what.
#[derive(Debug, Default)]
struct Shape {
    payload_format_indicator: Option<usize>,
    content_type: Option<usize>,
    response_topic: Option<usize>,
    correlation_data: Option<usize>,
    message_expiry: Option<usize>,
    user_properties: Vec<(usize, usize)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    role_arn: String,
    topic: String,
    #[serde(default)]
    qos: u8,
    #[serde(default)]
    headers: Headers,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Headers {
    payload_format_indicator: Option<String>,
    content_type: Option<String>,
    response_topic: Option<String>,
    correlation_data: Option<String>,
    message_expiry: Option<String>,
    user_properties: Vec<UserProperty>,
}

#[derive(Deserialize)]
struct UserProperty {
    key: String,
    value: String,
}

/// Most bytes of a payload, a content type, correlation data, and of all user properties (AWS's quotas).
const PAYLOAD: usize = 128 * 1024;
const CONTENT_TYPE: usize = 256;
const CORRELATION_DATA: usize = 8 * 1024;
const USER_PROPERTIES: usize = 8 * 1024;

impl Republish {
    pub(super) fn read(place: &str, settings: &Value, version: Version) -> Result<Self, Fault> {
        let settings: Settings = super::settings(place, settings)?;
        let topic = Template::parse(&format!("{place}.topic"), &settings.topic, version)?;
        if let Some(constant) = topic.constant() {
            checked_topic(constant).map_err(|problem| Fault::invalid(format!("{place}.topic: {problem}")))?;
        }
        let mut headers = Vec::new();
        let mut template = |member: &str, text: &str| -> Result<usize, Fault> {
            let member = format!("{place}.headers.{member}");
            headers.push(Template::parse(&member, text, version)?);
            Ok(headers.len() - 1)
        };
        let mut optional =
            |member: &str, text: Option<String>| text.map(|text| template(member, &text)).transpose();
        let given = settings.headers;
        let mut shape = Shape {
            payload_format_indicator: optional("payloadFormatIndicator", given.payload_format_indicator)?,
            content_type: optional("contentType", given.content_type)?,
            response_topic: optional("responseTopic", given.response_topic)?,
            correlation_data: optional("correlationData", given.correlation_data)?,
            message_expiry: optional("messageExpiry", given.message_expiry)?,
            user_properties: Vec::new(),
        };
        for property in given.user_properties {
            let key = template("userProperties.key", &property.key)?;
            let value = template("userProperties.value", &property.value)?;
            shape.user_properties.push((key, value));
        }
        Ok(Self {
            role_arn: settings.role_arn,
            topic,
            qos: match settings.qos {
                0 => Qos::AtMostOnce,
                _ => Qos::AtLeastOnce,
            },
            headers,
            shape,
        })
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.topic).chain(&self.headers)
    }

    /// Whether a field calls another service.
    pub(super) fn calls_others(&self) -> bool {
        self.templates().any(|template| !template.externals().is_empty())
    }

    /// Publishes, by the leave of the action's role.
    pub(super) async fn run(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let topic = self.topic.text(deeds, offered, rule).await;
        let topic = topic.map_err(|message| Failure {
            resource: self.topic.constant().unwrap_or_default().to_owned(),
            message,
        })?;
        self.publish(deeds, offered, rule, &topic, payload)
            .await
            .map_err(|message| Failure {
                resource: topic,
                message,
            })
    }

    async fn publish(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
        topic: &str,
        payload: &[u8],
    ) -> Result<(), String> {
        let topic = checked_topic(topic)?;
        if payload.len() > PAYLOAD {
            return Err(format!(
                "The selected payload has {} bytes; a message may have {PAYLOAD}.",
                payload.len()
            ));
        }
        let realm = &offered.realm;
        let role = deeds.rules().roles.assume(deeds, realm, &self.role_arn).await;
        let role = role.map_err(|fault| fault.message)?;
        let resource = format!("arn:aws:iot:{}:{}:topic/{topic}", realm.region, realm.account);
        role.may("iot:Publish", &resource)
            .map_err(|fault| fault.message)?;
        let properties = self.properties(deeds, offered, rule).await?;
        let lineage = offered.lineage.next().ok_or(
            "Rules that trigger each other have published as many messages as one message may lead to.",
        )?;
        let message = Message {
            topic,
            payload: Bytes::copy_from_slice(payload),
            retain: false,
            properties: (!properties.is_empty()).then(|| Arc::new(properties)),
        };
        messages::publish(deeds, realm.realm, message, self.qos, Origin::Rule(&lineage))
            .await
            .map_err(|fault| fault.message)
    }

    async fn properties(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
    ) -> Result<MessageProperties, String> {
        let mut texts = Vec::with_capacity(self.headers.len());
        for template in &self.headers {
            texts.push(template.text(deeds, offered, rule).await?);
        }
        let text = |at: Option<usize>| at.map(|at| texts[at].as_str());
        let payload_is_utf8 = match text(self.shape.payload_format_indicator) {
            None | Some("UNSPECIFIED_BYTES" | "0") => false,
            Some("UTF8_DATA" | "1") => true,
            Some(other) => return Err(format!("payloadFormatIndicator {other:?} is not known.")),
        };
        let content_type = text(self.shape.content_type).map(str::to_owned);
        if content_type
            .as_ref()
            .is_some_and(|text| text.len() > CONTENT_TYPE)
        {
            return Err(format!("contentType has more than {CONTENT_TYPE} bytes."));
        }
        let correlation_data = text(self.shape.correlation_data).map(str::to_owned);
        if correlation_data
            .as_ref()
            .is_some_and(|text| text.len() > CORRELATION_DATA)
        {
            return Err(format!("correlationData has more than {CORRELATION_DATA} bytes."));
        }
        let response_topic = text(self.shape.response_topic).map(|topic| {
            TopicName::parse(topic, &FROM_LIMITS)
                .map_err(|wrong| format!("responseTopic {topic:?}: {wrong}."))
        });
        let message_expiry_seconds = text(self.shape.message_expiry).map(|seconds| {
            seconds
                .parse::<u32>()
                .map(|seconds| seconds.clamp(1, messages::LONGEST_EXPIRY_SECONDS))
                .map_err(|_| format!("messageExpiry {seconds:?} is no number of seconds."))
        });
        let user = self.shape.user_properties.iter();
        let user: Vec<(String, String)> = user
            .map(|(key, value)| (texts[*key].clone(), texts[*value].clone()))
            .collect();
        let bytes: usize = user.iter().map(|(key, value)| key.len() + value.len()).sum();
        if bytes > USER_PROPERTIES {
            return Err(format!("userProperties have more than {USER_PROPERTIES} bytes."));
        }
        Ok(MessageProperties {
            payload_is_utf8,
            message_expiry_seconds: message_expiry_seconds.transpose()?,
            content_type,
            response_topic: response_topic.transpose()?,
            correlation_data: correlation_data.map(|text| Bytes::from(text.into_bytes())),
            user_properties: user,
        })
    }
}

/// The topic that a text means: `$$aws/...` is one of AWS's own. Those of jobs are not for rules (guide, "Republish").
fn checked_topic(text: &str) -> Result<TopicName, String> {
    let topic = match text.strip_prefix("$$") {
        Some(reserved) => format!("${reserved}"),
        None if text.starts_with('$') => {
            return Err(format!(
                "The topic {text:?} is reserved; one that begins with $ is written with $$."
            ));
        }
        None => text.to_owned(),
    };
    let mut levels = topic.split('/');
    if levels.next() == Some("$aws") && levels.next() == Some("things") && levels.nth(1) == Some("jobs") {
        return Err(format!(
            "Rules do not publish on topics of jobs, as {topic:?} is."
        ));
    }
    TopicName::parse(&topic, &FROM_LIMITS).map_err(|wrong| format!("The topic {topic:?} is none: {wrong}."))
}

#[cfg(test)]
mod tests {
    use super::checked_topic;

    #[test]
    fn a_reserved_topic_is_written_with_two_dollars() {
        let topic = |text| checked_topic(text).map(|topic| topic.as_str().to_owned());
        assert_eq!(topic("a/b").unwrap(), "a/b");
        assert_eq!(
            topic("$$aws/things/a/shadow/update").unwrap(),
            "$aws/things/a/shadow/update"
        );
        for wrong in [
            "$aws/things/a/shadow/update",
            "$$aws/things/a/jobs/b/update",
            "a/+",
            "",
        ] {
            assert!(topic(wrong).is_err(), "{wrong}");
        }
    }
}
