//! CONNACK (3.2).

use bytes::{BufMut, BytesMut};

use crate::string::Reader;
use crate::{ConnAck, Kind, MqttError, Protocol, ReasonCode, frame};

/// Reads the body.
///
/// # Errors
/// A flag or return code that does not exist, or a kept session together with a refusal.
pub fn decode(body: &[u8]) -> Result<ConnAck, MqttError> {
    let mut reader = Reader::new(body);
    let (flags, number) = (reader.u8()?, reader.u8()?);
    reader.end()?;
    match (flags, return_code(number)) {
        (0, Some(code)) => Ok(ConnAck::new(false, code)),
        (1, Some(ReasonCode::Success)) => Ok(ConnAck::new(true, ReasonCode::Success)),
        _ => Err(MqttError::ConnectAnswer { flags, code: number }),
    }
}

/// The return codes (table 3.1), each at its number.
const RETURN_CODES: [ReasonCode; 6] = [
    ReasonCode::Success,
    ReasonCode::UnsupportedProtocolVersion,
    ReasonCode::ClientIdentifierNotValid,
    ReasonCode::ServerUnavailable,
    ReasonCode::BadUserNameOrPassword,
    ReasonCode::NotAuthorized,
];

fn return_code(number: u8) -> Option<ReasonCode> {
    RETURN_CODES.get(usize::from(number)).copied()
}

/// Appends the packet.
///
/// # Errors
/// A reason code that 3.1.1 does not have, or a kept session together with a refusal, which 3.2.2.2 forbids.
pub fn encode(connack: &ConnAck, to: &mut BytesMut) -> Result<(), MqttError> {
    let flags = u8::from(connack.session_present);
    let wrong = MqttError::ConnectAnswer {
        flags,
        code: connack.code as u8,
    };
    if connack.session_present && connack.code != ReasonCode::Success {
        return Err(wrong);
    }
    let number = RETURN_CODES.iter().position(|code| *code == connack.code);
    let number = number.and_then(|number| u8::try_from(number).ok()).ok_or(wrong)?;
    frame::write_fixed(Kind::ConnAck, 2, to)?;
    to.put_slice(&[flags, number]);
    Ok(())
}

/// Appends the answer to a CONNECT of another version, in the form that version understands.
///
/// # Errors
/// None; the result has the form of every packet's.
pub fn encode_refusal(protocol: Protocol, to: &mut BytesMut) -> Result<(), MqttError> {
    match protocol {
        // MQTT 5, 3.2: no session, reason code 0x84 (unsupported protocol version), no properties.
        Protocol::V5 => {
            frame::write_fixed(Kind::ConnAck, 3, to)?;
            to.put_slice(&[0, 0x84, 0]);
            Ok(())
        }
        Protocol::V3_1 | Protocol::Other(_) => {
            encode(&ConnAck::new(false, ReasonCode::UnsupportedProtocolVersion), to)
        }
    }
}
