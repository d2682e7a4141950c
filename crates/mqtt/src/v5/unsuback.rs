//! UNSUBACK (3.11).

use bytes::{BufMut, BytesMut};

use super::property::PropertyWriter;
use super::{problem, reason};
use crate::string::Reader;
use crate::{Kind, Limits, MqttError, UnsubAck, frame};

pub(super) fn decode(body: &[u8], limits: &Limits) -> Result<UnsubAck, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    let problem = problem::read(&mut reader, limits)?;
    let codes = reader
        .rest()
        .iter()
        .map(|number| reason::read(Kind::UnsubAck, *number))
        .collect::<Result<Vec<_>, _>>()?;
    match codes.is_empty() {
        true => Err(MqttError::NoFilters(Kind::UnsubAck)),
        false => Ok(UnsubAck {
            packet_id,
            codes,
            problem,
        }),
    }
}

pub(super) fn encode(unsuback: &UnsubAck, to: &mut BytesMut) -> Result<(), MqttError> {
    if unsuback.codes.is_empty() {
        return Err(MqttError::NoFilters(Kind::UnsubAck));
    }
    for code in &unsuback.codes {
        reason::check(Kind::UnsubAck, *code)?;
    }
    let mut properties = PropertyWriter::default();
    problem::add(unsuback.problem.as_deref(), &mut properties)?;
    let body_bytes = 2 + properties.encoded_length()? + unsuback.codes.len();
    frame::write_fixed(Kind::UnsubAck, body_bytes, to)?;
    to.put_u16(unsuback.packet_id.get());
    properties.write(to);
    to.extend(unsuback.codes.iter().map(|code| *code as u8));
    Ok(())
}
