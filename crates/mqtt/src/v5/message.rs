//! The properties of an application message, in PUBLISH (3.3.2.3) and in a will (3.1.3.2).

use std::sync::Arc;

use bytes::Bytes;

use super::property::{Properties, Property, PropertyWriter};
use crate::{Limits, MessageProperties, MqttError, TopicName};

/// Takes one of them; any other is misplaced.
pub(super) fn take(
    property: Property,
    properties: &mut Properties<'_>,
    to: &mut MessageProperties,
    limits: &Limits,
) -> Result<(), MqttError> {
    match property {
        Property::PayloadFormatIndicator => to.payload_is_utf8 = properties.flag()?,
        Property::MessageExpiryInterval => to.message_expiry_seconds = Some(properties.u32()?),
        Property::ContentType => {
            let text = properties.string()?;
            check_length("a content type", text.len(), limits.properties.content_type_bytes)?;
            to.content_type = Some(text);
        }
        Property::ResponseTopic => {
            to.response_topic = Some(TopicName::from_bytes(properties.binary()?, &limits.topic)?);
        }
        Property::CorrelationData => {
            let data = properties.binary()?;
            check_length(
                "correlation data",
                data.len(),
                limits.properties.correlation_data_bytes,
            )?;
            to.correlation_data = Some(Bytes::copy_from_slice(data));
        }
        Property::User => properties.user(&mut to.user_properties, limits)?,
        other => return other.misplaced(),
    }
    Ok(())
}

fn check_length(what: &'static str, bytes: usize, maximum: usize) -> Result<(), MqttError> {
    match bytes > maximum {
        true => Err(MqttError::TooLong { what, bytes, maximum }),
        false => Ok(()),
    }
}

/// Nothing, if they say nothing.
pub(super) fn some(properties: MessageProperties) -> Option<Arc<MessageProperties>> {
    (!properties.is_empty()).then(|| Arc::new(properties))
}

/// Adds what there is to say.
pub(super) fn add(properties: &MessageProperties, to: &mut PropertyWriter) -> Result<(), MqttError> {
    if properties.payload_is_utf8 {
        to.flag(Property::PayloadFormatIndicator, true);
    }
    if let Some(seconds) = properties.message_expiry_seconds {
        to.u32(Property::MessageExpiryInterval, seconds);
    }
    if let Some(content_type) = &properties.content_type {
        to.string(Property::ContentType, content_type)?;
    }
    if let Some(topic) = &properties.response_topic {
        to.binary(Property::ResponseTopic, topic.as_bytes())?;
    }
    if let Some(data) = &properties.correlation_data {
        to.binary(Property::CorrelationData, data)?;
    }
    to.user(&properties.user_properties)
}
