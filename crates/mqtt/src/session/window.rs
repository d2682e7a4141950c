//! Messages of QoS 1 on their way to the client: those in flight, known by their packet identifiers, and those that
//! wait for a place.

use std::collections::VecDeque;

use super::DeliveryId;
use crate::{Limits, Message, PacketId};

/// INVARIANT: nothing waits while there is room in flight; the session sees to it after each change.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Mostly acknowledged in the order sent, so that the first one looked at is the one.
    ///
    /// INVARIANT: in the order in which counting on from the last identifier comes to them.
    in_flight: VecDeque<(PacketId, DeliveryId)>,
    queue: VecDeque<Waiting>,
    queue_bytes: usize,
    last_packet_id: u16,
}

/// A message that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) message: Message,
    pub(super) id: DeliveryId,
    pub(super) duplicate: bool,
    /// When it is worth nothing any more.
    pub(super) expires_at_ms: Option<u64>,
}

impl Window {
    /// Whether another message may be in flight, of as many as `maximum`.
    pub(super) fn has_room(&self, maximum: usize) -> bool {
        // One identifier stays free for the search to end.
        self.in_flight.len() < maximum.clamp(1, usize::from(u16::MAX) - 1)
    }

    /// Whether anything waits for a place in flight.
    pub(super) fn has_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Lets a message wait, or gives it back when the queue is full.
    pub(super) fn queue(&mut self, waiting: Waiting, limits: &Limits) -> Result<(), Message> {
        let bytes = self.queue_bytes + size(&waiting.message);
        if self.queue.len() >= limits.outbound_queue || bytes > limits.outbound_queue_bytes {
            return Err(waiting.message);
        }
        self.queue_bytes = bytes;
        self.queue.push_back(waiting);
        Ok(())
    }

    /// The message that waits longest, for a place in flight.
    pub(super) fn next_waiting(&mut self) -> Option<Waiting> {
        let waiting = self.queue.pop_front()?;
        self.queue_bytes -= size(&waiting.message);
        Some(waiting)
    }

    /// Begins a flight.
    pub(super) fn begin(&mut self, id: DeliveryId) -> PacketId {
        let packet_id = self.unused_packet_id();
        self.in_flight.push_back((packet_id, id));
        packet_id
    }

    /// Ends a flight.
    pub(super) fn acknowledge(&mut self, packet_id: PacketId) -> Option<DeliveryId> {
        let position = self.in_flight.iter().position(|(used, _)| *used == packet_id)?;
        self.in_flight.remove(position).map(|(_, id)| id)
    }

    fn unused_packet_id(&mut self) -> PacketId {
        loop {
            self.last_packet_id = self.last_packet_id.wrapping_add(1);
            let Some(packet_id) = PacketId::new(self.last_packet_id) else {
                continue;
            };
            match self.in_flight.front() {
                // Still in flight after all others were given: counting comes to it last from here on.
                Some((used, _)) if *used == packet_id => self.in_flight.rotate_left(1),
                _ => return packet_id,
            }
        }
    }
}

/// What a waiting message counts as: its bytes and a flat rate for the rest.
fn size(message: &Message) -> usize {
    const OVERHEAD: usize = 128;
    message.bytes() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbitrary::message;

    fn limits() -> Limits {
        Limits {
            outbound_queue: 2,
            outbound_queue_bytes: 1_000,
            ..Limits::default()
        }
    }

    fn waiting(id: u64, payload: &[u8]) -> Waiting {
        Waiting {
            message: message("t", payload),
            id: DeliveryId(id),
            duplicate: false,
            expires_at_ms: None,
        }
    }

    #[test]
    fn what_has_no_room_waits_and_what_has_no_queue_comes_back() {
        let mut window = Window::default();
        let (first, second) = (window.begin(DeliveryId(1)), window.begin(DeliveryId(2)));
        assert!(window.has_room(3) && !window.has_room(2));
        for id in [3, 4] {
            assert_eq!(window.queue(waiting(id, b"payload"), &limits()), Ok(()));
        }
        let back = window.queue(waiting(5, b"payload"), &limits());
        assert_eq!(back.unwrap_err().payload, b"payload"[..]);
        assert_eq!(window.acknowledge(second), Some(DeliveryId(2)));
        assert!(window.has_room(2));
        assert_eq!(window.next_waiting().unwrap().id, DeliveryId(3));
        assert_eq!(window.acknowledge(second), None);
        assert_eq!(window.acknowledge(first), Some(DeliveryId(1)));
        assert_eq!(window.next_waiting().unwrap().id, DeliveryId(4));
        assert!(window.next_waiting().is_none());
        assert_eq!((window.queue.len(), window.queue_bytes), (0, 0));
    }

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let mut window = Window::default();
        assert!(window.queue(waiting(1, &[0; 1_000]), &limits()).is_err());
        assert!(window.queue(waiting(2, &[0; 700]), &limits()).is_ok());
        assert!(window.queue(waiting(3, &[0; 700]), &limits()).is_err());
    }

    #[test]
    fn an_identifier_in_flight_is_not_used_again() {
        let mut window = Window::default();
        let stuck = window.begin(DeliveryId(0));
        for id in 1..70_000 {
            let packet_id = window.begin(DeliveryId(id));
            assert_ne!(packet_id, stuck);
            assert_eq!(window.acknowledge(packet_id), Some(DeliveryId(id)));
        }
    }

    #[test]
    fn identifiers_are_unique_in_whatever_order_they_are_acknowledged() {
        let (mut window, mut in_flight) = (Window::default(), Vec::new());
        // Some are stuck, next to each other and apart; of the rest now the oldest is acknowledged, now another.
        for id in 0..300_000_u64 {
            let packet_id = window.begin(DeliveryId(id));
            assert!(
                in_flight.iter().all(|(used, _)| *used != packet_id),
                "{packet_id} is in flight"
            );
            in_flight.push((packet_id, DeliveryId(id)));
            if in_flight.len() > 40 {
                let place = 20 + usize::try_from(id * id % 7).unwrap();
                let (packet_id, id) = in_flight.remove(place);
                assert_eq!(window.acknowledge(packet_id), Some(id));
            }
            if id % 50_000 == 49_999 {
                let (packet_id, id) = in_flight.remove(3);
                assert_eq!(window.acknowledge(packet_id), Some(id));
            }
        }
    }
}
