//! DISCONNECT (3.14).

use bytes::{BufMut, BytesMut};

use super::property::{Properties, Property, PropertyWriter};
use super::{problem, reason};
use crate::string::Reader;
use crate::{Disconnect, Kind, Limits, MqttError, Problem, ReasonCode, frame};

pub(super) fn decode(body: &[u8], limits: &Limits) -> Result<Disconnect, MqttError> {
    let mut reader = Reader::new(body);
    let mut disconnect = Disconnect::default();
    // 3.14.2.1: what is a normal disconnection without a property may be left out.
    if !reader.is_empty() {
        disconnect.code = reason::read(Kind::Disconnect, reader.u8()?)?;
    }
    if !reader.is_empty() {
        let mut properties = Properties::of(&mut reader)?;
        let mut problem = Problem::default();
        while let Some(property) = properties.next()? {
            match property {
                Property::SessionExpiryInterval => {
                    disconnect.session_expiry_seconds = Some(properties.u32()?);
                }
                Property::ServerReference => disconnect.server_reference = Some(properties.string()?),
                other => problem::take(other, &mut properties, &mut problem, limits)?,
            }
        }
        disconnect.problem = problem::some(problem);
    }
    reader.end()?;
    Ok(disconnect)
}

pub(super) fn encode(disconnect: &Disconnect, to: &mut BytesMut) -> Result<(), MqttError> {
    let code = reason::check(Kind::Disconnect, disconnect.code)?;
    let mut properties = PropertyWriter::default();
    if let Some(seconds) = disconnect.session_expiry_seconds {
        properties.u32(Property::SessionExpiryInterval, seconds);
    }
    if let Some(server) = &disconnect.server_reference {
        properties.string(Property::ServerReference, server)?;
    }
    problem::add(disconnect.problem.as_deref(), &mut properties)?;
    let body_bytes = match (code, properties.is_empty()) {
        (ReasonCode::Success, true) => 0,
        (_, true) => 1,
        (_, false) => 1 + properties.encoded_length()?,
    };
    frame::write_fixed(Kind::Disconnect, body_bytes, to)?;
    if body_bytes > 0 {
        to.put_u8(code as u8);
    }
    if body_bytes > 1 {
        properties.write(to);
    }
    Ok(())
}
