//! What policies have said yes to, so that a device which says the same thing every second is not looked up in them each
//! time.
//!
//! The answers of a certificate's policies depend on nothing that changes while a connection lasts but on the policies
//! themselves, its thing and its status. Whoever keeps them forgets them with what they were read from.

use thingsmith_mqtt::TopicName;

/// Answers that are kept. Most devices publish on one or two topics and receive on as few.
const ANSWERS: usize = 8;
/// Most bytes of a topic in an answer that is kept: AWS's own limit of a topic.
const TOPIC_BYTES: usize = 256;

/// What may be done with messages on a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicAction {
    /// `iot:Publish`
    Publish,
    /// `iot:RetainPublish`
    RetainPublish,
    /// `iot:Receive`
    Receive,
}

impl TopicAction {
    /// The action's name in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "iot:Publish",
            Self::RetainPublish => "iot:RetainPublish",
            Self::Receive => "iot:Receive",
        }
    }
}

/// The latest permissions of one principal. Only what is permitted stands here: a refusal is written down each time.
#[derive(Debug, Default)]
pub(super) struct Permitted {
    answers: Vec<(TopicAction, TopicName)>,
    /// The one that is replaced next.
    oldest: usize,
}

impl Permitted {
    pub(super) fn has(&self, action: TopicAction, topic: &TopicName) -> bool {
        let mut answers = self.answers.iter();
        answers.any(|(permitted, on)| *permitted == action && on == topic)
    }

    pub(super) fn remember(&mut self, action: TopicAction, topic: &TopicName) {
        if topic.as_bytes().len() > TOPIC_BYTES {
            return;
        }
        let answer = (action, topic.clone());
        if self.answers.len() < ANSWERS {
            return self.answers.push(answer);
        }
        self.answers[self.oldest] = answer;
        self.oldest = (self.oldest + 1) % ANSWERS;
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use thingsmith_mqtt::TopicLimits;

    use super::TopicAction::{Publish, Receive, RetainPublish};
    use super::*;

    fn topic(text: &str) -> TopicName {
        let generous = TopicLimits {
            bytes: 1_000,
            ..TopicLimits::default()
        };
        TopicName::parse(text, &generous).unwrap()
    }

    #[test]
    fn a_permission_is_of_one_action_on_one_topic() {
        let mut permitted = Permitted::default();
        permitted.remember(Publish, &topic("a/b"));
        assert!(permitted.has(Publish, &topic("a/b")));
        for (action, other) in [
            (Publish, "a/bc"),
            (Publish, "a"),
            (Receive, "a/b"),
            (RetainPublish, "a/b"),
        ] {
            assert!(!permitted.has(action, &topic(other)), "{action:?} {other}");
        }
        permitted.forget();
        assert!(!permitted.has(Publish, &topic("a/b")));
    }

    #[test]
    fn as_many_are_kept_as_there_is_room_for_and_the_latest_are() {
        let mut permitted = Permitted::default();
        for number in 0..3 * ANSWERS + 1 {
            permitted.remember(Receive, &topic(&format!("t/{number}")));
        }
        let kept = |number: usize| permitted.has(Receive, &topic(&format!("t/{number}")));
        assert!((2 * ANSWERS + 1..3 * ANSWERS + 1).all(kept));
        assert!(!(0..2 * ANSWERS + 1).any(kept));
        let long = topic(&"t".repeat(TOPIC_BYTES + 1));
        permitted.remember(Receive, &long);
        assert!(!permitted.has(Receive, &long), "it would take too much room");
    }
}
