//! SUBACK (3.9).

use bytes::{BufMut, BytesMut};

use crate::string::Reader;
use crate::{Grant, Kind, MqttError, Qos, ReasonCode, SubAck, frame};

const REFUSED: u8 = 0x80;

/// Reads the body.
///
/// # Errors
/// A return code that does not exist, or none.
pub fn decode(body: &[u8]) -> Result<SubAck, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    let mut grants = Vec::with_capacity(reader.remaining());
    while !reader.is_empty() {
        grants.push(match reader.u8()? {
            REFUSED => Grant::Refused(ReasonCode::UnspecifiedError),
            code => Grant::Granted(Qos::from_bits(code).map_err(|_| MqttError::SubscribeCode(code))?),
        });
    }
    match grants.is_empty() {
        true => Err(MqttError::NoFilters(Kind::SubAck)),
        false => Ok(SubAck {
            packet_id,
            grants,
            problem: None,
        }),
    }
}

/// Appends the packet.
///
/// # Errors
/// No return code, or more than a packet can hold.
pub fn encode(suback: &SubAck, to: &mut BytesMut) -> Result<(), MqttError> {
    if suback.grants.is_empty() {
        return Err(MqttError::NoFilters(Kind::SubAck));
    }
    frame::write_fixed(Kind::SubAck, 2 + suback.grants.len(), to)?;
    to.put_u16(suback.packet_id.get());
    for grant in &suback.grants {
        to.put_u8(match grant {
            Grant::Granted(qos) => *qos as u8,
            Grant::Refused(_) => REFUSED,
        });
    }
    Ok(())
}
