//! Messages as they are kept: the columns that retained and queued messages share.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thingsmith_model::Timestamp;
use thingsmith_mqtt::{Message, MessageProperties, Qos, TopicLimits, TopicName};
use thingsmith_ports::{StoreError, Value};

/// The longest a message may ask to live, in seconds (AWS's quota "Maximum message expiry interval").
pub const LONGEST_EXPIRY_SECONDS: u32 = 604_800;

/// What was checked when it came is not held to today's limits when it goes.
const LIMITS: TopicLimits = TopicLimits {
    bytes: 65_535,
    levels: TopicLimits::DEEPEST,
};

/// A kept message and when it is no longer worth anything. Its retain flag is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The message as it was published.
    pub message: Message,
    /// When it is not to be delivered any more, if ever.
    pub expires_at: Option<Timestamp>,
}

impl Stored {
    /// A message that is kept from `now` on. Its expiry interval, where it has one, begins now: 0 counts as 1 second, and
    /// more than a week as a week (AWS, "MQTT 5 supported features", Message Expiry).
    pub fn new(message: &Message, now: Timestamp) -> Self {
        let seconds = message
            .properties
            .as_ref()
            .and_then(|properties| properties.message_expiry_seconds);
        Self {
            message: message.clone(),
            expires_at: seconds.map(|seconds| {
                now.plus(Duration::from_secs(
                    seconds.clamp(1, LONGEST_EXPIRY_SECONDS).into(),
                ))
            }),
        }
    }

    /// The message as it is to be delivered at `now`: its expiry interval is what is left of it, in whole seconds (MQTT 5,
    /// 3.3.2.3.3). Nothing when its time is over.
    pub fn at(&self, now: Timestamp) -> Option<Message> {
        let mut message = self.message.clone();
        if let Some(end) = self.expires_at {
            if end <= now {
                return None;
            }
            let left =
                u32::try_from(end.as_millis().saturating_sub(now.as_millis()) / 1000).unwrap_or(u32::MAX);
            if let Some(properties) = &mut message.properties {
                Arc::make_mut(properties).message_expiry_seconds = Some(left);
            }
        }
        Some(message)
    }

    /// Its bytes as a limit counts them: topic, payload and properties, which may be as long as a payload.
    pub fn bytes(&self) -> i64 {
        let properties = self.message.properties.as_ref();
        let properties = properties.map_or(0, |properties| properties.bytes());
        let bytes = self.message.topic.as_bytes().len() + self.message.payload.len() + properties;
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// The values of the columns topic, payload, properties and expires_at.
    pub(crate) fn columns(&self) -> Result<[Value; 4], StoreError> {
        let properties = self.message.properties.as_deref().map(Properties::of);
        let properties = properties.map(|properties| serde_json::to_string(&properties));
        Ok([
            self.message.topic.as_str().into(),
            self.message.payload.as_ref().into(),
            properties.transpose().map_err(StoreError::other)?.into(),
            self.expires_at.into(),
        ])
    }

    /// Reads those columns.
    pub(crate) fn read(
        topic: &str,
        payload: Vec<u8>,
        properties: Option<&str>,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let properties = properties
            .map(|text| serde_json::from_str(text).map_err(StoreError::other))
            .transpose()?;
        Ok(Self {
            message: Message {
                topic: TopicName::parse(topic, &LIMITS).map_err(StoreError::other)?,
                payload: payload.into(),
                retain: false,
                properties: properties.map(Properties::read).transpose()?.map(Arc::new),
            },
            expires_at,
        })
    }
}

/// The column of a quality of service.
pub(super) fn qos_column(qos: Qos) -> Value {
    i64::from(qos > Qos::AtMostOnce).into()
}

/// Reads that column.
pub(super) fn qos(column: i64) -> Qos {
    if column == 0 {
        Qos::AtMostOnce
    } else {
        Qos::AtLeastOnce
    }
}

/// The properties of a message as they stand in their column.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    utf8: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiry: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_topic: Option<String>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    user: Vec<(String, String)>,
}

impl Properties {
    fn of(properties: &MessageProperties) -> Self {
        Self {
            utf8: properties.payload_is_utf8,
            expiry: properties.message_expiry_seconds,
            content_type: properties.content_type.clone(),
            response_topic: properties
                .response_topic
                .as_ref()
                .map(|topic| topic.as_str().to_owned()),
            correlation: properties
                .correlation_data
                .as_ref()
                .map(|bytes| STANDARD.encode(bytes)),
            user: properties.user_properties.clone(),
        }
    }

    fn read(self) -> Result<MessageProperties, StoreError> {
        let response_topic = self
            .response_topic
            .map(|topic| TopicName::parse(&topic, &LIMITS).map_err(StoreError::other));
        let correlation = self
            .correlation
            .map(|text| STANDARD.decode(text).map_err(StoreError::other));
        Ok(MessageProperties {
            payload_is_utf8: self.utf8,
            message_expiry_seconds: self.expiry,
            content_type: self.content_type,
            response_topic: response_topic.transpose()?,
            correlation_data: correlation.transpose()?.map(Into::into),
            user_properties: self.user,
        })
    }
}
