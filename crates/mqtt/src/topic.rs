//! Topic names: where a message goes.

use std::fmt;
use std::sync::Arc;

use crate::{MqttError, TopicLimits, string};

/// A checked topic name: UTF-8, not empty, no wildcard, no U+0000, within the limits it was read with.
///
/// It keeps nothing of the packet alive that it came in, and a copy is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicName(Arc<str>);

const WHAT: &str = "a topic name";

impl TopicName {
    /// Checks the bytes of a topic name.
    ///
    /// # Errors
    /// Says which rule the bytes break.
    pub fn from_bytes(bytes: &[u8], limits: &TopicLimits) -> Result<Self, MqttError> {
        let text = string::check(bytes)?;
        check_size(WHAT, without_basic_ingest(text), limits)?;
        if text.len() > string::LONGEST {
            return Err(MqttError::TooLong {
                what: WHAT,
                bytes: text.len(),
                maximum: string::LONGEST,
            });
        }
        if text.is_empty() {
            return Err(MqttError::Empty(WHAT));
        }
        if bytes.iter().any(|byte| matches!(byte, b'+' | b'#')) {
            return Err(MqttError::Wildcard(WHAT));
        }
        Ok(Self(text.into()))
    }

    /// Checks a text that is a topic name.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str, limits: &TopicLimits) -> Result<Self, MqttError> {
        Self::from_bytes(text.as_bytes(), limits)
    }

    /// The topic of a PUBLISH that names it by its alias only. The session puts the real one in its place.
    pub(crate) fn absent() -> Self {
        Self(Arc::default())
    }

    /// Whether it is only a place for the topic that an alias stands for. Never so outside of the codec.
    pub fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether the topic is one of the server's own: those begin with `$`.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('$')
    }

    /// The levels between the slashes, at least one; any may be empty.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &[u8]> {
        self.as_bytes().split(|byte| *byte == b'/')
    }
}

/// The topic of the last message that was read. Most devices send theirs on one, which so is checked and copied once.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastTopic(Option<TopicName>);

impl LastTopic {
    /// Most bytes of a topic that is kept: AWS's own limit of one.
    const BYTES: usize = 256;

    /// Checks the bytes of a topic name, unless they are those of the last. `limits` are the same each time.
    pub(crate) fn read(&mut self, bytes: &[u8], limits: &TopicLimits) -> Result<TopicName, MqttError> {
        if let Some(last) = &self.0
            && last.as_bytes() == bytes
        {
            return Ok(last.clone());
        }
        let topic = TopicName::from_bytes(bytes, limits)?;
        if bytes.len() <= Self::BYTES {
            self.0 = Some(topic.clone());
        }
        Ok(topic)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Checks length and depth. Topic names and filters share the limits.
pub(crate) fn check_size(what: &'static str, text: &str, limits: &TopicLimits) -> Result<(), MqttError> {
    if text.len() > limits.bytes {
        return Err(MqttError::TooLong {
            what,
            bytes: text.len(),
            maximum: limits.bytes,
        });
    }
    let levels = 1 + text.bytes().filter(|byte| *byte == b'/').count();
    let maximum = limits.levels.min(TopicLimits::DEEPEST);
    if levels > maximum {
        return Err(MqttError::TooDeep {
            what,
            levels,
            maximum,
        });
    }
    Ok(())
}

// AWS's quota table ("Topic size", "Maximum number of slashes in topic and topic filter"): the first three levels
// of a Basic Ingest topic, $aws/rules/NAME/, count neither for the length nor for the depth.
fn without_basic_ingest(text: &str) -> &str {
    text.strip_prefix("$aws/rules/")
        .and_then(|rest| rest.split_once('/'))
        .map_or(text, |(_rule, topic)| topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TopicName, MqttError> {
        TopicName::parse(text, &TopicLimits::default())
    }

    #[test]
    fn a_topic_has_no_wildcard_no_nul_and_a_character() {
        assert!(parse("/").is_ok());
        assert!(parse("plant 1/пумпа//x").is_ok());
        assert_eq!(parse(""), Err(MqttError::Empty(WHAT)));
        assert_eq!(parse("a+"), Err(MqttError::Wildcard(WHAT)));
        assert_eq!(parse("a/#"), Err(MqttError::Wildcard(WHAT)));
        assert_eq!(parse("a\0"), Err(MqttError::Nul));
        assert_eq!(
            TopicName::from_bytes(b"\xff", &TopicLimits::default()),
            Err(MqttError::Utf8)
        );
    }

    #[test]
    fn limits_hold_at_both_sides() {
        assert!(parse(&"t".repeat(256)).is_ok());
        assert!(parse(&"t".repeat(257)).is_err());
        assert!(parse("1/2/3/4/5/6/7/8").is_ok());
        assert!(parse("1/2/3/4/5/6/7/8/9").is_err());
    }

    #[test]
    fn the_first_three_levels_of_basic_ingest_do_not_count() {
        assert!(parse("$aws/rules/store/1/2/3/4/5/6/7/8").is_ok());
        assert!(parse("$aws/rules/store/1/2/3/4/5/6/7/8/9").is_err());
        assert!(parse(&format!("$aws/rules/store/{}", "t".repeat(256))).is_ok());
        assert!(parse(&format!("$aws/rules/store/{}", "t".repeat(257))).is_err());
        assert!(parse("$aws/things/1/2/3/4/5/6/7/8").is_err());
    }

    #[test]
    fn the_last_topic_is_read_again_as_it_was() {
        let (mut last, limits) = (
            LastTopic::default(),
            TopicLimits {
                bytes: 1_000,
                ..TopicLimits::default()
            },
        );
        let first = last.read(b"a/b", &limits).unwrap();
        let again = last.read(b"a/b", &limits).unwrap();
        assert!(Arc::ptr_eq(&first.0, &again.0));
        assert_eq!(last.read(b"a/+", &limits), Err(MqttError::Wildcard(WHAT)));
        assert_eq!(last.read(b"", &limits), Err(MqttError::Empty(WHAT)));
        for other in ["a/c", "a/b/", "a", "a/b"] {
            assert_eq!(last.read(other.as_bytes(), &limits).unwrap().as_str(), other);
        }
        let long = "t".repeat(LastTopic::BYTES + 1);
        assert_eq!(last.read(long.as_bytes(), &limits).unwrap().as_str(), long);
        assert_eq!(last.0.unwrap().as_str(), "a/b", "a long one is not kept");
    }

    #[test]
    fn no_setting_allows_an_endless_depth() {
        let generous = TopicLimits {
            bytes: 65_535,
            levels: usize::MAX,
        };
        assert!(TopicName::parse(&"/".repeat(127), &generous).is_ok());
        assert!(TopicName::parse(&"/".repeat(128), &generous).is_err());
    }
}
