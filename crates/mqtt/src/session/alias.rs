//! Topic aliases (MQTT 5, 3.3.2.3.4): numbers that stand for topics on one connection, in each direction its own.

use std::num::NonZeroU16;

use crate::{MqttError, TopicName};

/// The aliases that the client has set.
#[derive(Debug, Default)]
pub(super) struct InboundAliases {
    topics: Vec<Option<TopicName>>,
}

impl InboundAliases {
    /// Sets the alias to the topic, or puts the topic that it stands for into an absent one's place.
    pub(super) fn resolve(
        &mut self,
        alias: NonZeroU16,
        topic: &mut TopicName,
        maximum: u16,
    ) -> Result<(), MqttError> {
        if alias.get() > maximum {
            return Err(MqttError::TopicAlias(alias.get()));
        }
        let index = usize::from(alias.get()) - 1;
        if self.topics.len() <= index {
            self.topics.resize(index + 1, None);
        }
        let known = &mut self.topics[index];
        if !topic.is_absent() {
            *known = Some(topic.clone());
            return Ok(());
        }
        *topic = known.clone().ok_or(MqttError::NoTopic)?;
        Ok(())
    }
}

/// The aliases that this side has set: the first topics sent have them for good.
#[derive(Debug)]
pub(super) struct OutboundAliases {
    topics: Vec<TopicName>,
    maximum: u16,
}

/// How a topic is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alias {
    /// By its name.
    None,
    /// By its name, and with this alias from then on.
    New(NonZeroU16),
    /// By this alias alone.
    Known(NonZeroU16),
}

impl OutboundAliases {
    pub(super) fn new(maximum: u16) -> Self {
        Self {
            topics: Vec::new(),
            maximum,
        }
    }

    pub(super) fn find(&self, topic: &TopicName) -> Alias {
        let position = self.topics.iter().position(|known| known == topic);
        let number = position.unwrap_or(self.topics.len()) + 1;
        match u16::try_from(number).ok().and_then(NonZeroU16::new) {
            Some(alias) if position.is_some() => Alias::Known(alias),
            Some(alias) if alias.get() <= self.maximum => Alias::New(alias),
            _ => Alias::None,
        }
    }

    /// Remembers a topic that was sent with a new alias.
    pub(super) fn remember(&mut self, topic: &TopicName) {
        self.topics.push(topic.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TopicLimits;

    fn topic(text: &str) -> TopicName {
        TopicName::parse(text, &TopicLimits::default()).unwrap()
    }

    fn alias(number: u16) -> NonZeroU16 {
        NonZeroU16::new(number).unwrap()
    }

    #[test]
    fn an_alias_stands_for_the_topic_last_set() {
        let mut aliases = InboundAliases::default();
        let mut resolve =
            |number, mut name: TopicName| aliases.resolve(alias(number), &mut name, 8).map(|()| name);
        assert_eq!(resolve(1, TopicName::absent()), Err(MqttError::NoTopic));
        assert_eq!(resolve(8, topic("a")), Ok(topic("a")));
        assert_eq!(resolve(8, TopicName::absent()), Ok(topic("a")));
        assert_eq!(resolve(8, topic("b")), Ok(topic("b")));
        assert_eq!(resolve(8, TopicName::absent()), Ok(topic("b")));
        assert_eq!(resolve(7, TopicName::absent()), Err(MqttError::NoTopic));
        assert_eq!(resolve(9, topic("a")), Err(MqttError::TopicAlias(9)));
    }

    #[test]
    fn as_many_topics_get_an_alias_as_the_client_keeps() {
        let mut aliases = OutboundAliases::new(2);
        for (name, expected) in [
            ("a", Alias::New(alias(1))),
            ("a", Alias::Known(alias(1))),
            ("b", Alias::New(alias(2))),
            ("c", Alias::None),
            ("b", Alias::Known(alias(2))),
        ] {
            let found = aliases.find(&topic(name));
            assert_eq!(found, expected);
            if matches!(found, Alias::New(_)) {
                aliases.remember(&topic(name));
            }
        }
        assert_eq!(OutboundAliases::new(0).find(&topic("a")), Alias::None);
    }
}
