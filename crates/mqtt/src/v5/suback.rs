//! SUBACK (3.9).

use bytes::{BufMut, BytesMut};

use super::property::PropertyWriter;
use super::{problem, reason};
use crate::string::Reader;
use crate::{Grant, Kind, Limits, MqttError, Qos, ReasonCode, SubAck, frame};

/// Reads the body.
///
/// # Errors
/// The first rule that the bytes break, no reason code among them.
pub fn decode(body: &[u8], limits: &Limits) -> Result<SubAck, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    let problem = problem::read(&mut reader, limits)?;
    let mut grants = Vec::with_capacity(reader.remaining());
    for number in reader.rest() {
        let code = reason::read(Kind::SubAck, *number)?;
        grants.push(match Qos::from_bits(code as u8) {
            Ok(qos) => Grant::Granted(qos),
            Err(_) => Grant::Refused(code),
        });
    }
    match grants.is_empty() {
        true => Err(MqttError::NoFilters(Kind::SubAck)),
        false => Ok(SubAck {
            packet_id,
            grants,
            problem,
        }),
    }
}

/// Appends the packet.
///
/// # Errors
/// No answer, one that SUBACK may not have, or more than a packet can hold.
pub fn encode(suback: &SubAck, to: &mut BytesMut) -> Result<(), MqttError> {
    if suback.grants.is_empty() {
        return Err(MqttError::NoFilters(Kind::SubAck));
    }
    let mut properties = PropertyWriter::default();
    problem::add(suback.problem.as_deref(), &mut properties)?;
    for grant in &suback.grants {
        if let Grant::Refused(code) = grant {
            check_refusal(*code)?;
        }
    }
    let body_bytes = 2 + properties.encoded_length()? + suback.grants.len();
    frame::write_fixed(Kind::SubAck, body_bytes, to)?;
    to.put_u16(suback.packet_id.get());
    properties.write(to);
    for grant in &suback.grants {
        to.put_u8(match grant {
            Grant::Granted(qos) => *qos as u8,
            Grant::Refused(code) => *code as u8,
        });
    }
    Ok(())
}

fn check_refusal(code: ReasonCode) -> Result<(), MqttError> {
    match reason::check(Kind::SubAck, code)?.is_error() {
        true => Ok(()),
        false => Err(MqttError::SubscribeCode(code as u8)),
    }
}
