//! Messages to the client.

use std::sync::Arc;

use super::alias::Alias;
use super::window::Waiting;
use super::{Action, Delivered, Dispatch, Session, State};
use crate::{Message, Packet, PacketId, Publish, PublishQos, Qos, TopicName, v5};

impl Session {
    /// Sends a message to the client, or keeps it until there is room in flight: as much as the limits and the client
    /// (MQTT 5, Receive Maximum) allow.
    pub fn deliver(&mut self, dispatch: Dispatch, now_ms: u64, actions: &mut Vec<Action>) -> Delivered {
        let Dispatch {
            message,
            qos,
            id,
            duplicate,
            waited_ms,
        } = dispatch;
        if self.state != State::Connected {
            return Delivered::NotConnected(message);
        }
        let expires_at_ms = message.expiry_seconds().map(|seconds| {
            let until = now_ms.saturating_add(u64::from(seconds) * 1_000);
            until.saturating_sub(waited_ms)
        });
        let waiting = Waiting {
            message,
            id,
            duplicate,
            expires_at_ms,
        };
        if qos == Qos::AtMostOnce || self.window.has_room(self.outbound_room()) {
            return match self.send(waiting, qos, now_ms, actions) {
                true => Delivered::Sent,
                false => Delivered::Dropped,
            };
        }
        match self.window.queue(waiting, &self.limits) {
            Ok(()) => Delivered::Queued,
            Err(message) => Delivered::Overflow(message),
        }
    }

    /// A PUBACK for nothing in flight is ignored: a device may acknowledge late what an earlier connection sent it,
    /// and cutting it off for that would only make it come again. One that carries an error ends the flight as any
    /// other does (MQTT 5, 4.4): the client does not want the message again.
    pub(super) fn acknowledged(&mut self, packet_id: PacketId, now_ms: u64, actions: &mut Vec<Action>) {
        let Some(id) = self.window.acknowledge(packet_id) else {
            return;
        };
        actions.push(Action::Acknowledged(id));
        while self.window.has_room(self.outbound_room())
            && let Some(waiting) = self.window.next_waiting()
        {
            let id = waiting.id;
            if !self.send(waiting, Qos::AtLeastOnce, now_ms, actions) {
                actions.push(Action::Dropped(id));
            }
        }
    }

    fn outbound_room(&self) -> usize {
        let client = self.five.as_ref().map_or(usize::MAX, |five| five.receive_maximum);
        self.limits.outbound_in_flight.min(client)
    }

    /// Sends a message, or says that it is not to be sent any more.
    fn send(&mut self, waiting: Waiting, qos: Qos, now_ms: u64, actions: &mut Vec<Action>) -> bool {
        let Waiting {
            mut message,
            id,
            duplicate,
            expires_at_ms,
        } = waiting;
        if let Some(expires_at_ms) = expires_at_ms {
            if expires_at_ms <= now_ms {
                return false;
            }
            set_remaining(&mut message, (expires_at_ms - now_ms) / 1_000);
        }
        let mut publish = Publish {
            message,
            // The real identifier is taken once it is known that the message can go.
            qos: match qos {
                Qos::AtMostOnce => PublishQos::AtMostOnce,
                Qos::AtLeastOnce | Qos::ExactlyOnce => PublishQos::AtLeastOnce(PacketId::MIN),
            },
            duplicate: duplicate && qos != Qos::AtMostOnce,
            topic_alias: None,
        };
        if !self.fit(&mut publish) {
            return false;
        }
        if let PublishQos::AtLeastOnce(packet_id) = &mut publish.qos {
            *packet_id = self.window.begin(id);
        }
        actions.push(Action::Send(Packet::Publish(publish)));
        true
    }

    /// Gives the topic its alias, and says whether the packet is one that the client takes.
    fn fit(&mut self, publish: &mut Publish) -> bool {
        let Some(five) = &mut self.five else {
            return true;
        };
        let topic = publish.message.topic.clone();
        let alias = five.outbound_aliases.find(&topic);
        match alias {
            Alias::None => {}
            Alias::New(number) => publish.topic_alias = Some(number),
            Alias::Known(number) => {
                publish.topic_alias = Some(number);
                publish.message.topic = TopicName::absent();
            }
        }
        let maximum = five.maximum_packet_bytes;
        let fits = v5::publish::most_packet_bytes(publish) <= maximum
            || v5::publish::packet_bytes(publish).is_ok_and(|bytes| bytes <= maximum);
        if fits && matches!(alias, Alias::New(_)) {
            five.outbound_aliases.remember(&topic);
        }
        fits
    }
}

/// The expiry that the client sees is what is left of it, in whole seconds; AWS sends 0 in the last one.
fn set_remaining(message: &mut Message, seconds: u64) {
    let remaining = u32::try_from(seconds).unwrap_or(u32::MAX);
    if message.expiry_seconds() != Some(remaining)
        && let Some(properties) = &mut message.properties
    {
        Arc::make_mut(properties).message_expiry_seconds = Some(remaining);
    }
}
