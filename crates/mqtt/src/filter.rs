//! Topic filters: which messages a subscriber wants.

use std::fmt;
use std::sync::Arc;

use crate::topic::check_size;
use crate::{MqttError, TopicLimits, TopicName, string};

const WHAT: &str = "a topic filter";
const SHARE: &str = "$share/";
/// Most bytes of a share name (AWS, "Shared Subscriptions").
const SHARE_NAME_BYTES: usize = 128;

/// A checked topic filter, perhaps of a shared subscription (`$share/NAME/FILTER`).
///
/// Two filters are equal when their whole texts are.
#[derive(Clone)]
pub struct TopicFilter {
    text: Arc<str>,
    /// Where the filter begins behind `$share/NAME/`; 0 for an ordinary filter.
    start: u16,
}

impl TopicFilter {
    /// Checks a text that is a topic filter.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str, limits: &TopicLimits) -> Result<Self, MqttError> {
        string::check(text.as_bytes())?;
        string::encoded_length(WHAT, text.as_bytes())?;
        let filter = match text.strip_prefix(SHARE) {
            Some(shared) => check_share(shared)?,
            None => text,
        };
        check_size(WHAT, filter, limits)?;
        check_levels(filter)?;
        Ok(Self {
            text: text.into(),
            start: u16::try_from(text.len() - filter.len()).expect("encoded_length has checked it"),
        })
    }

    /// The whole text, as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The filter itself, without the `$share/NAME/` of a shared subscription.
    pub fn filter(&self) -> &str {
        &self.text[usize::from(self.start)..]
    }

    /// The group, for a shared subscription: 1 to 128 bytes without `/`, `+` and `#`.
    pub fn share_name(&self) -> Option<&str> {
        let prefix = &self.text[..usize::from(self.start)];
        prefix.strip_prefix(SHARE)?.strip_suffix('/')
    }

    /// Whether the filter has a wildcard. A filter without one is equal to the only topic it matches.
    pub fn has_wildcard(&self) -> bool {
        self.filter().contains(['+', '#'])
    }

    /// Whether the filter is one of the server's own topics: those begin with `$`.
    pub fn is_reserved(&self) -> bool {
        self.filter().starts_with('$')
    }

    /// Whether a message on the topic is wanted; the share name plays no part.
    ///
    /// AWS's difference: `sensor/#` does not match `sensor` (AWS, "MQTT", differences from the specification). A
    /// wildcard in the first level does not match topics that begin with `$` (MQTT 3.1.1, 4.7.2).
    pub fn matches(&self, topic: &TopicName) -> bool {
        let mut wanted = self.levels();
        let mut given = topic.levels();
        if topic.is_reserved() && !self.is_reserved() {
            return false;
        }
        loop {
            match (wanted.next(), given.next()) {
                (Some(b"#"), Some(_)) | (None, None) => return true,
                (Some(b"+"), Some(_)) => {}
                (Some(wanted), Some(given)) if wanted == given => {}
                _ => return false,
            }
        }
    }

    /// The filter's levels, at least one; any may be empty.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &[u8]> {
        self.filter().as_bytes().split(|byte| *byte == b'/')
    }
}

fn check_share(shared: &str) -> Result<&str, MqttError> {
    let (name, filter) = shared.split_once('/').ok_or(MqttError::Share)?;
    if name.is_empty() || name.contains(['+', '#']) || filter.is_empty() {
        return Err(MqttError::Share);
    }
    if name.len() > SHARE_NAME_BYTES {
        return Err(MqttError::TooLong {
            what: "a share name",
            bytes: name.len(),
            maximum: SHARE_NAME_BYTES,
        });
    }
    Ok(filter)
}

fn check_levels(filter: &str) -> Result<(), MqttError> {
    if filter.is_empty() {
        return Err(MqttError::Empty(WHAT));
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let alone = level.len() == 1;
        if level.contains('+') && !alone || level.contains('#') && !(alone && levels.peek().is_none()) {
            return Err(MqttError::Wildcard(WHAT));
        }
    }
    Ok(())
}

impl PartialEq for TopicFilter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TopicFilter {}

impl std::hash::Hash for TopicFilter {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TopicFilter, MqttError> {
        TopicFilter::parse(text, &TopicLimits::default())
    }

    fn matches(filter: &str, topic: &str) -> bool {
        let topic = TopicName::parse(topic, &TopicLimits::default()).unwrap();
        parse(filter).unwrap().matches(&topic)
    }

    #[test]
    fn wildcards_stand_alone_in_their_level_and_a_hash_comes_last() {
        for text in [
            "#",
            "+",
            "a/#",
            "+/+",
            "a/+/b",
            "/",
            "+/",
            "a//b",
            "$aws/things/+/x",
            "пумпа/#",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["a#", "a/b#", "#/a", "a/#/b", "a+", "+a/b", "a/b+", "##", "++"] {
            assert_eq!(parse(text), Err(MqttError::Wildcard(WHAT)), "{text}");
        }
        assert_eq!(parse(""), Err(MqttError::Empty(WHAT)));
        assert_eq!(parse("a\0b"), Err(MqttError::Nul));
    }

    #[test]
    fn limits_hold_at_both_sides() {
        assert!(parse(&"t".repeat(256)).is_ok());
        assert!(parse(&"t".repeat(257)).is_err());
        assert!(parse("1/2/3/4/5/6/7/8").is_ok());
        assert!(parse("1/2/3/4/5/6/7/8/#").is_err());
        assert!(parse("$share/g/1/2/3/4/5/6/7/8").is_ok());
        assert!(parse(&format!("$share/g/{}", "t".repeat(256))).is_ok());
        assert!(parse(&format!("$share/{}/t", "g".repeat(128))).is_ok());
        assert!(parse(&format!("$share/{}/t", "g".repeat(129))).is_err());
    }

    #[test]
    fn a_shared_subscription_has_a_name_and_a_filter() {
        let shared = parse("$share/group/plant/+/x").unwrap();
        assert_eq!(shared.share_name(), Some("group"));
        assert_eq!(shared.filter(), "plant/+/x");
        assert_eq!(shared.as_str(), "$share/group/plant/+/x");
        assert!(matches("$share/group/plant/+/x", "plant/1/x"));
        assert_eq!(parse("plant/#").unwrap().share_name(), None);
        for text in [
            "$share/",
            "$share/g",
            "$share/g/",
            "$share//t",
            "$share/g+/t",
            "$share/#/t",
        ] {
            assert_eq!(parse(text), Err(MqttError::Share), "{text}");
        }
        assert!(parse("$share/g/#/x").is_err());
        // Only the exact first level makes a shared subscription.
        assert_eq!(parse("$shared/x").unwrap().share_name(), None);
        assert_eq!(parse("$share").unwrap().share_name(), None);
    }

    #[test]
    fn plus_takes_exactly_one_level() {
        assert!(matches("a/+/c", "a/b/c"));
        assert!(matches("a/+/c", "a//c"));
        assert!(matches("+", "a"));
        assert!(matches("+/+", "/a"));
        assert!(matches("/+", "/a"));
        assert!(!matches("+", "/a"));
        assert!(!matches("a/+", "a"));
        assert!(!matches("a/+", "a/b/c"));
        assert!(matches("a/+", "a/"));
    }

    #[test]
    fn hash_takes_one_level_or_more_unlike_the_specification() {
        assert!(matches("#", "a"));
        assert!(matches("#", "/"));
        assert!(matches("sensor/#", "sensor/"));
        assert!(matches("sensor/#", "sensor/x/y"));
        assert!(!matches("sensor/#", "sensor"));
        assert!(!matches("sensor/#", "sensors/x"));
        assert!(matches("+/#", "a/b"));
        assert!(!matches("+/#", "a"));
    }

    #[test]
    fn wildcards_in_the_first_level_do_not_reach_reserved_topics() {
        assert!(!matches("#", "$aws/events/x"));
        assert!(!matches("+/events/x", "$aws/events/x"));
        assert!(!matches("$share/g/#", "$aws/events/x"));
        assert!(matches("$aws/#", "$aws/events/x"));
        assert!(matches("$aws/+/x", "$aws/events/x"));
        assert!(matches("a/#", "a/$b"));
    }

    #[test]
    fn case_and_every_character_count() {
        assert!(matches("a/b", "a/b"));
        assert!(!matches("a/b", "a/B"));
        assert!(!matches("a/b", "a/b/"));
        assert!(!matches("a/b/", "a/b"));
    }
}
