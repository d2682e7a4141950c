//! Messages of QoS 1 on their way to the client: those in flight, known by their packet identifiers, and those that
//! wait for a place.

use std::collections::VecDeque;

use super::DeliveryId;
use crate::{Limits, Message, PacketId, Publish, PublishQos};

/// INVARIANT: nothing waits while there is room in flight.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Mostly acknowledged in the order sent, so that the first one looked at is the one.
    in_flight: VecDeque<(PacketId, DeliveryId)>,
    queue: VecDeque<(Message, DeliveryId)>,
    queue_bytes: usize,
    last_packet_id: u16,
}

pub(super) enum Offer {
    Send(Publish),
    Queued,
    Overflow(Message),
}

impl Window {
    pub(super) fn offer(&mut self, message: Message, id: DeliveryId, limits: &Limits) -> Offer {
        // One identifier stays free for the search to end.
        let room = limits.outbound_in_flight.clamp(1, usize::from(u16::MAX) - 1);
        if self.in_flight.len() < room {
            return Offer::Send(self.send(message, id));
        }
        let bytes = self.queue_bytes + size(&message);
        if self.queue.len() >= limits.outbound_queue || bytes > limits.outbound_queue_bytes {
            return Offer::Overflow(message);
        }
        self.queue_bytes = bytes;
        // A copy, so that a few waiting bytes do not keep the whole read buffer they came in alive.
        self.queue.push_back((message.detached(), id));
        Offer::Queued
    }

    /// Ends a flight; the message that takes its place is to be sent.
    pub(super) fn acknowledge(&mut self, packet_id: PacketId) -> Option<(DeliveryId, Option<Publish>)> {
        let position = self.in_flight.iter().position(|(used, _)| *used == packet_id)?;
        let (_, id) = self.in_flight.remove(position)?;
        let next = self.queue.pop_front().map(|(message, id)| {
            self.queue_bytes -= size(&message);
            self.send(message, id)
        });
        Some((id, next))
    }

    fn send(&mut self, message: Message, id: DeliveryId) -> Publish {
        let packet_id = self.unused_packet_id();
        self.in_flight.push_back((packet_id, id));
        Publish {
            message,
            qos: PublishQos::AtLeastOnce(packet_id),
            duplicate: false,
        }
    }

    fn unused_packet_id(&mut self) -> PacketId {
        loop {
            self.last_packet_id = self.last_packet_id.wrapping_add(1);
            if let Some(packet_id) = PacketId::new(self.last_packet_id)
                && self.in_flight.iter().all(|(used, _)| *used != packet_id)
            {
                return packet_id;
            }
        }
    }
}

/// What a waiting message counts as: its bytes and a flat rate for the rest.
fn size(message: &Message) -> usize {
    const OVERHEAD: usize = 128;
    message.topic.as_bytes().len() + message.payload.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbitrary::message;

    fn limits() -> Limits {
        Limits {
            outbound_in_flight: 2,
            outbound_queue: 2,
            outbound_queue_bytes: 1_000,
            ..Limits::default()
        }
    }

    fn sent(offer: Offer) -> PacketId {
        match offer {
            Offer::Send(publish) => publish.qos.packet_id().unwrap(),
            _ => panic!("not sent"),
        }
    }

    #[test]
    fn what_has_no_room_waits_and_what_has_no_queue_comes_back() {
        let mut window = Window::default();
        let mut offer = |id| window.offer(message("t", b"payload"), DeliveryId(id), &limits());
        let (first, second) = (sent(offer(1)), sent(offer(2)));
        assert!(matches!(offer(3), Offer::Queued));
        assert!(matches!(offer(4), Offer::Queued));
        assert!(matches!(offer(5), Offer::Overflow(message) if message.payload == "payload"[..]));
        let (id, next) = window.acknowledge(second).unwrap();
        assert_eq!(id, DeliveryId(2));
        assert!(next.is_some());
        assert!(window.acknowledge(second).is_none());
        assert_eq!(window.acknowledge(first).unwrap().0, DeliveryId(1));
        assert_eq!((window.queue.len(), window.queue_bytes), (0, 0));
    }

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let mut window = Window::default();
        for id in 0..2 {
            sent(window.offer(message("t", b""), DeliveryId(id), &limits()));
        }
        assert!(matches!(
            window.offer(message("t", &[0; 1_000]), DeliveryId(2), &limits()),
            Offer::Overflow(_)
        ));
        assert!(matches!(
            window.offer(message("t", &[0; 700]), DeliveryId(2), &limits()),
            Offer::Queued
        ));
        assert!(matches!(
            window.offer(message("t", &[0; 700]), DeliveryId(3), &limits()),
            Offer::Overflow(_)
        ));
    }

    #[test]
    fn an_identifier_in_flight_is_not_used_again() {
        let mut window = Window::default();
        let stuck = sent(window.offer(message("t", b""), DeliveryId(0), &limits()));
        for id in 1..70_000 {
            let packet_id = sent(window.offer(message("t", b""), DeliveryId(id), &limits()));
            assert_ne!(packet_id, stuck);
            assert_eq!(window.acknowledge(packet_id).unwrap().0, DeliveryId(id));
        }
    }
}
