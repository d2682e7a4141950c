//! Who published a message, for those who ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::connections::Principal;
use crate::messages::Subscriber;

/// Who publishes a message: what rules can ask about it besides its topic and its payload.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    /// A device. Over HTTPS it has no client id.
    Device {
        /// Who it is.
        principal: &'a Principal,
        /// The subscriber whose own message it is (MQTT 5, No Local).
        subscriber: Option<&'a Subscriber>,
    },
    /// A caller of the API.
    Caller {
        /// Its user id, as IAM has it.
        user_id: &'a str,
        /// The address that it calls from.
        source_ip: Option<&'a str>,
    },
    /// The server itself, with an event.
    Server,
    /// A rule of the realm, in answer to another message.
    #[doc(hidden)]
    Rule(&'a Lineage),
}

impl<'a> Origin<'a> {
    /// The subscriber whose own message it is.
    pub(crate) fn subscriber(self) -> Option<&'a Subscriber> {
        match self {
            Self::Device { subscriber, .. } => subscriber,
            _ => None,
        }
    }

    pub(super) fn client_id(self) -> Option<&'a str> {
        match self {
            Self::Device { principal, .. } => Some(principal.client_id()).filter(|id| !id.is_empty()),
            _ => None,
        }
    }

    pub(super) fn principal(self) -> Option<String> {
        match self {
            Self::Device { principal, .. } => Some(principal.identifier()),
            Self::Caller { user_id, .. } => Some(user_id.to_owned()),
            Self::Server | Self::Rule(_) => None,
        }
    }

    pub(super) fn source_ip(self) -> Option<&'a str> {
        match self {
            Self::Device { principal, .. } => principal.source(),
            Self::Caller { source_ip, .. } => source_ip,
            Self::Server | Self::Rule(_) => None,
        }
    }

    pub(super) fn lineage(self) -> Lineage {
        match self {
            Self::Rule(lineage) => lineage.clone(),
            _ => Lineage::default(),
        }
    }
}

/// From which messages of rules a message comes, so that rules that trigger each other end.
#[derive(Debug, Clone, Default)]
pub struct Lineage {
    hops: u8,
    /// How many messages rules have published by now because of the first one.
    descendants: Arc<AtomicU32>,
}

/// How often a message may lead to another.
const HOPS: u8 = 8;
/// How many messages may come of one.
const DESCENDANTS: u32 = 256;

impl Lineage {
    /// The lineage of one more message, if there may be one.
    pub(super) fn next(&self) -> Option<Self> {
        if self.hops >= HOPS || self.descendants.fetch_add(1, Ordering::Relaxed) >= DESCENDANTS {
            return None;
        }
        Some(Self {
            hops: self.hops + 1,
            descendants: Arc::clone(&self.descendants),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_ends_and_so_does_a_bush() {
        let chain = std::iter::successors(Some(Lineage::default()), Lineage::next).skip(1);
        assert_eq!(chain.count(), usize::from(HOPS));
        let first = Lineage::default();
        let bush = std::iter::from_fn(|| first.next()).take(10_000).count();
        assert_eq!(bush, usize::try_from(DESCENDANTS).unwrap());
    }
}
