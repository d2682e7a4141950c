//! Messages as they are kept: the columns that retained and queued messages share.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thingsmith_model::Timestamp;
use thingsmith_mqtt::{Message, MessageProperties, Qos, TopicFilter, TopicLimits, TopicName};
use thingsmith_ports::{StoreError, Value};

use super::Shared;

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
    /// The group whose member it waits for, if it came by a shared subscription.
    pub shared: Option<Box<Shared>>,
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
            shared: None,
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
        i64::try_from(self.message.bytes()).unwrap_or(i64::MAX)
    }

    /// The values of the columns topic, payload, properties and expires_at.
    pub(crate) fn columns(&self) -> Result<[Value; 4], StoreError> {
        let properties = self.message.properties.as_deref().map(Properties::of);
        let properties = match &self.shared {
            None => properties,
            Some(shared) => Some(Properties {
                shared: Some(Group::of(shared)),
                ..properties.unwrap_or_default()
            }),
        };
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
        let mut properties: Option<Properties> = properties
            .map(|text| serde_json::from_str(text).map_err(StoreError::other))
            .transpose()?;
        let shared = properties
            .as_mut()
            .and_then(|properties| properties.shared.take());
        let properties = properties.map(Properties::read).transpose()?;
        // The column of one without properties may have had its group alone.
        let properties =
            properties.filter(|found| shared.is_none() || *found != MessageProperties::default());
        Ok(Self {
            message: Message {
                topic: TopicName::parse(topic, &LIMITS).map_err(StoreError::other)?,
                payload: payload.into(),
                retain: false,
                properties: properties.map(Arc::new),
            },
            expires_at,
            shared: shared.map(Group::read).transpose()?.map(Box::new),
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
#[derive(Default, Serialize, Deserialize)]
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
    /// No property, but known of the message as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shared: Option<Group>,
}

/// A [`Shared`] as it stands among them. Only messages of QoS 1 are kept for sessions, and none with its retain flag.
#[derive(Serialize, Deserialize)]
struct Group {
    filter: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tried: Vec<u64>,
}

impl Group {
    fn of(shared: &Shared) -> Self {
        Self {
            filter: shared.filter.as_str().to_owned(),
            tried: shared.tried.clone(),
        }
    }

    fn read(self) -> Result<Shared, StoreError> {
        Ok(Shared {
            filter: TopicFilter::parse(&self.filter, &LIMITS).map_err(StoreError::other)?,
            qos: Qos::AtLeastOnce,
            retain: false,
            tried: self.tried,
        })
    }
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
            shared: None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_kept_beside_properties_and_without_any() {
        let rich = MessageProperties {
            content_type: Some("text/plain".into()),
            ..MessageProperties::default()
        };
        let shared = |tried: &[u64]| {
            Some(Box::new(Shared {
                filter: TopicFilter::parse("$share/g/a/+", &LIMITS).unwrap(),
                qos: Qos::AtLeastOnce,
                retain: false,
                tried: tried.into(),
            }))
        };
        for properties in [None, Some(MessageProperties::default()), Some(rich)] {
            for shared in [None, shared(&[]), shared(&[7, 1 << 60])] {
                let has_group = shared.is_some();
                let stored = Stored {
                    message: Message {
                        topic: TopicName::parse("a/b", &LIMITS).unwrap(),
                        payload: "x".into(),
                        retain: false,
                        properties: properties.clone().map(Arc::new),
                    },
                    expires_at: None,
                    shared,
                };
                let [_, _, column, _] = stored.columns().unwrap();
                let text = match &column {
                    Value::Text(text) => Some(text.as_str()),
                    _ => None,
                };
                let mut expected = stored.clone();
                if has_group && properties == Some(MessageProperties::default()) {
                    // Which says no more than none.
                    expected.message.properties = None;
                }
                let read = Stored::read("a/b", b"x".to_vec(), text, None).unwrap();
                assert_eq!(read, expected);
            }
        }
    }
}
