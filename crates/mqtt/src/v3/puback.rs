//! PUBACK (3.4).

use bytes::{BufMut, BytesMut};

use crate::string::Reader;
use crate::{Kind, MqttError, PacketId, PubAck, frame};

pub(super) fn decode(body: &[u8]) -> Result<PubAck, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    reader.end()?;
    Ok(PubAck::success(packet_id))
}

pub(super) fn encode(packet_id: PacketId, to: &mut BytesMut) -> Result<(), MqttError> {
    frame::write_fixed(Kind::PubAck, 2, to)?;
    to.put_u16(packet_id.get());
    Ok(())
}
