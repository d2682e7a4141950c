//! DISCONNECT (3.14): a header without a body.

use bytes::BytesMut;

use crate::string::Reader;
use crate::{Disconnect, Kind, MqttError, Packet, frame};

pub(super) fn decode(body: &[u8]) -> Result<Packet, MqttError> {
    Reader::new(body)
        .end()
        .map(|()| Packet::Disconnect(Disconnect::default()))
}

pub(super) fn encode(to: &mut BytesMut) -> Result<(), MqttError> {
    frame::write_fixed(Kind::Disconnect, 0, to)
}
