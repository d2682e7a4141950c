//! PUBACK (3.4).

use bytes::{BufMut, BytesMut};

use super::property::PropertyWriter;
use super::{problem, reason};
use crate::string::Reader;
use crate::{Kind, Limits, MqttError, PubAck, ReasonCode, frame};

pub(super) fn decode(body: &[u8], limits: &Limits) -> Result<PubAck, MqttError> {
    let mut reader = Reader::new(body);
    let mut puback = PubAck::success(reader.packet_id()?);
    // 3.4.2.1: what is Success without a property may be left out.
    if !reader.is_empty() {
        puback.code = reason::read(Kind::PubAck, reader.u8()?)?;
    }
    if !reader.is_empty() {
        puback.problem = problem::read(&mut reader, limits)?;
    }
    reader.end()?;
    Ok(puback)
}

pub(super) fn encode(puback: &PubAck, to: &mut BytesMut) -> Result<(), MqttError> {
    let code = reason::check(Kind::PubAck, puback.code)?;
    let mut properties = PropertyWriter::default();
    problem::add(puback.problem.as_deref(), &mut properties)?;
    let body_bytes = match (code, properties.is_empty()) {
        (ReasonCode::Success, true) => 2,
        (_, true) => 3,
        (_, false) => 3 + properties.encoded_length()?,
    };
    frame::write_fixed(Kind::PubAck, body_bytes, to)?;
    to.put_u16(puback.packet_id.get());
    if body_bytes > 2 {
        to.put_u8(code as u8);
    }
    if body_bytes > 3 {
        properties.write(to);
    }
    Ok(())
}
