//! PINGRESP (3.13): a header without a body.

use bytes::BytesMut;

use crate::string::Reader;
use crate::{Kind, MqttError, Packet, frame};

pub(crate) fn decode(body: &[u8]) -> Result<Packet, MqttError> {
    Reader::new(body).end().map(|()| Packet::PingResp)
}

pub(crate) fn encode(to: &mut BytesMut) -> Result<(), MqttError> {
    frame::write_fixed(Kind::PingResp, 0, to)
}
