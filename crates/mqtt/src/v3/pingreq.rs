//! PINGREQ (3.12): a header without a body.

use bytes::BytesMut;

use crate::string::Reader;
use crate::{Kind, MqttError, Packet, frame};

pub(crate) fn decode(body: &[u8]) -> Result<Packet, MqttError> {
    Reader::new(body).end().map(|()| Packet::PingReq)
}

pub(crate) fn encode(to: &mut BytesMut) -> Result<(), MqttError> {
    frame::write_fixed(Kind::PingReq, 0, to)
}
