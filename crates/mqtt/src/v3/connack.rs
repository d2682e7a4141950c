//! CONNACK (3.2).

use bytes::{BufMut, BytesMut};

use crate::string::Reader;
use crate::{ConnAck, ConnectReturnCode, Kind, MqttError, Protocol, frame};

/// Reads the body.
///
/// # Errors
/// A flag or return code that does not exist, or a kept session together with a refusal.
pub fn decode(body: &[u8]) -> Result<ConnAck, MqttError> {
    let mut reader = Reader::new(body);
    let (flags, number) = (reader.u8()?, reader.u8()?);
    reader.end()?;
    match (flags, return_code(number)) {
        (0, Some(code)) => Ok(ConnAck {
            session_present: false,
            code,
        }),
        (1, Some(ConnectReturnCode::Accepted)) => Ok(ConnAck {
            session_present: true,
            code: ConnectReturnCode::Accepted,
        }),
        _ => Err(MqttError::ConnectAnswer { flags, code: number }),
    }
}

fn return_code(number: u8) -> Option<ConnectReturnCode> {
    Some(match number {
        0 => ConnectReturnCode::Accepted,
        1 => ConnectReturnCode::UnacceptableProtocolVersion,
        2 => ConnectReturnCode::IdentifierRejected,
        3 => ConnectReturnCode::ServerUnavailable,
        4 => ConnectReturnCode::BadUserNameOrPassword,
        5 => ConnectReturnCode::NotAuthorized,
        _ => return None,
    })
}

/// Appends the packet.
///
/// # Errors
/// A kept session together with a refusal, which 3.2.2.2 forbids.
pub fn encode(connack: &ConnAck, to: &mut BytesMut) -> Result<(), MqttError> {
    let (flags, code) = (u8::from(connack.session_present), connack.code as u8);
    if connack.session_present && connack.code != ConnectReturnCode::Accepted {
        return Err(MqttError::ConnectAnswer { flags, code });
    }
    frame::write_fixed(Kind::ConnAck, 2, to)?;
    to.put_slice(&[flags, code]);
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
        Protocol::V3_1 | Protocol::Other(_) => encode(
            &ConnAck {
                session_present: false,
                code: ConnectReturnCode::UnacceptableProtocolVersion,
            },
            to,
        ),
    }
}
