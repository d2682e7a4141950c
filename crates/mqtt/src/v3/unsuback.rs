//! UNSUBACK (3.11).

use bytes::{BufMut, BytesMut};

use crate::string::Reader;
use crate::{Kind, MqttError, PacketId, UnsubAck, frame};

pub(super) fn decode(body: &[u8]) -> Result<UnsubAck, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    reader.end()?;
    Ok(UnsubAck {
        packet_id,
        codes: Vec::new(),
        problem: None,
    })
}

pub(super) fn encode(packet_id: PacketId, to: &mut BytesMut) -> Result<(), MqttError> {
    frame::write_fixed(Kind::UnsubAck, 2, to)?;
    to.put_u16(packet_id.get());
    Ok(())
}
