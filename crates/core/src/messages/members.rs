//! What a message says of itself besides its payload when it is published over HTTP, by an operator or by a device.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use thingsmith_mqtt::{MessageProperties, TopicLimits, TopicName};

use super::{LONGEST_EXPIRY_SECONDS, user_properties};
use crate::Fault;

/// Most bytes of a content type (guide, "MQTT 5 supported features").
const CONTENT_TYPE_BYTES: usize = 256;
/// Most bytes of correlation data (the same place).
const CORRELATION_BYTES: usize = 8 * 1024;

/// The members of AWS's `Publish` that become properties of MQTT 5, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Members<'a> {
    /// `contentType`
    pub content_type: Option<&'a str>,
    /// `responseTopic`
    pub response_topic: Option<&'a str>,
    /// `messageExpiry`, in seconds.
    pub message_expiry: Option<i64>,
    /// `payloadFormatIndicator`, one of two words.
    pub payload_format_indicator: Option<&'a str>,
    /// `correlationData`, base64.
    pub correlation_data: Option<&'a str>,
    /// `userProperties`, base64 of JSON.
    pub user_properties: Option<&'a str>,
}

impl Members<'_> {
    /// The properties that they come to; none where they say nothing. Topics are held to `limits`.
    ///
    /// # Errors
    /// `InvalidRequestException` with the member that is not what it should be.
    pub fn read(&self, limits: &TopicLimits) -> Result<Option<MessageProperties>, Fault> {
        let properties = MessageProperties {
            payload_is_utf8: self.payload_format_indicator.map_or(Ok(false), is_utf8)?,
            message_expiry_seconds: self.message_expiry.map(expiry).transpose()?,
            content_type: self.content_type.map(content_type).transpose()?,
            response_topic: self
                .response_topic
                .map(|text| response_topic(text, limits))
                .transpose()?,
            correlation_data: self.correlation_data.map(correlation_data).transpose()?,
            user_properties: self
                .user_properties
                .map(user_properties::read)
                .transpose()?
                .unwrap_or_default(),
        };
        Ok((properties != MessageProperties::default()).then_some(properties))
    }
}

fn is_utf8(word: &str) -> Result<bool, Fault> {
    match word {
        "UNSPECIFIED_BYTES" => Ok(false),
        "UTF8_DATA" => Ok(true),
        other => Err(Fault::invalid(format!(
            "payloadFormatIndicator {other:?} is neither UNSPECIFIED_BYTES nor UTF8_DATA."
        ))),
    }
}

/// 0 counts as 1, and more than a week as a week (guide, "MQTT 5 supported features", Message Expiry).
fn expiry(seconds: i64) -> Result<u32, Fault> {
    let longest = LONGEST_EXPIRY_SECONDS;
    match u64::try_from(seconds) {
        Ok(seconds) => Ok(u32::try_from(seconds).unwrap_or(longest).clamp(1, longest)),
        Err(_) => Err(Fault::invalid(format!(
            "messageExpiry is {seconds}, and cannot be negative."
        ))),
    }
}

fn content_type(text: &str) -> Result<String, Fault> {
    if text.len() > CONTENT_TYPE_BYTES {
        return Err(Fault::invalid(format!(
            "contentType has {} bytes, and may have {CONTENT_TYPE_BYTES}.",
            text.len()
        )));
    }
    // MQTT 5, 1.5.4: no text has this character; a subscriber would close its connection over it.
    if text.contains('\0') {
        return Err(Fault::invalid("contentType has the character U+0000."));
    }
    Ok(text.to_owned())
}

fn response_topic(text: &str, limits: &TopicLimits) -> Result<TopicName, Fault> {
    TopicName::parse(text, limits)
        .map_err(|wrong| Fault::invalid(format!("responseTopic {text:?} is no topic: {wrong}.")))
}

fn correlation_data(text: &str) -> Result<Bytes, Fault> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| Fault::invalid("correlationData is not base64."))?;
    if bytes.len() > CORRELATION_BYTES {
        return Err(Fault::invalid(format!(
            "correlationData has {} bytes, and may have {CORRELATION_BYTES}.",
            bytes.len()
        )));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use thingsmith_mqtt::TopicLimits;

    use super::{Members, STANDARD};

    #[test]
    fn what_says_nothing_is_nothing() {
        let nothing = Members {
            payload_format_indicator: Some("UNSPECIFIED_BYTES"),
            user_properties: Some("W10="),
            ..Members::default()
        };
        for members in [Members::default(), nothing] {
            assert_eq!(members.read(&TopicLimits::default()).unwrap(), None);
        }
    }

    #[test]
    fn each_member_has_its_bounds() {
        let (fits, long) = ("x".repeat(256), "x".repeat(257));
        let data = |bytes| STANDARD.encode(vec![7; bytes]);
        let (much, more) = (data(8 * 1024), data(8 * 1024 + 1));
        let content = |text| Members {
            content_type: Some(text),
            ..Members::default()
        };
        let correlation = |text| Members {
            correlation_data: Some(text),
            ..Members::default()
        };
        let topic = |text| Members {
            response_topic: Some(text),
            ..Members::default()
        };
        let expiry = |seconds| Members {
            message_expiry: Some(seconds),
            ..Members::default()
        };
        let indicator = |word| Members {
            payload_format_indicator: Some(word),
            ..Members::default()
        };
        for (members, member) in [
            (content(&long), "contentType "),
            (content("a\0b"), "contentType "),
            (correlation(&more), "correlationData "),
            (correlation("*"), "correlationData "),
            (topic("a/#"), "responseTopic "),
            (topic(""), "responseTopic "),
            (expiry(-1), "messageExpiry "),
            (indicator("TEXT"), "payloadFormatIndicator "),
        ] {
            let fault = members.read(&TopicLimits::default()).unwrap_err();
            assert!(fault.message.starts_with(member), "{members:?}: {fault}");
        }
        for members in [content(&fits), correlation(&much), topic("a/b")] {
            assert!(members.read(&TopicLimits::default()).unwrap().is_some());
        }
        for (asked, seconds) in [
            (0, 1),
            (604_800, 604_800),
            (604_801, 604_800),
            (i64::MAX, 604_800),
        ] {
            let read = expiry(asked).read(&TopicLimits::default()).unwrap().unwrap();
            assert_eq!(read.message_expiry_seconds, Some(seconds), "{asked}");
        }
        let text = indicator("UTF8_DATA").read(&TopicLimits::default()).unwrap();
        assert!(text.unwrap().payload_is_utf8);
    }
}
