//! AUTH (3.15), which is read to be refused with a reason.

use bytes::{BufMut, BytesMut};

use super::property::{Properties, Property, PropertyWriter};
use super::{problem, reason};
use crate::string::Reader;
use crate::{Auth, Kind, Limits, MqttError, Problem, ReasonCode, frame};

pub(super) fn decode(body: &[u8], limits: &Limits) -> Result<Auth, MqttError> {
    let mut reader = Reader::new(body);
    let mut auth = Auth {
        code: ReasonCode::Success,
        method: None,
        data: None,
        problem: None,
    };
    // 3.15.2.1: what is Success without a property may be left out.
    if reader.is_empty() {
        return Ok(auth);
    }
    auth.code = reason::read(Kind::Auth, reader.u8()?)?;
    let mut properties = Properties::of(&mut reader)?;
    let mut problem = Problem::default();
    while let Some(property) = properties.next()? {
        match property {
            Property::AuthenticationMethod => auth.method = Some(properties.string()?),
            Property::AuthenticationData => auth.data = Some(properties.binary()?.into()),
            other => problem::take(other, &mut properties, &mut problem, limits)?,
        }
    }
    auth.problem = problem::some(problem);
    reader.end()?;
    Ok(auth)
}

pub(super) fn encode(auth: &Auth, to: &mut BytesMut) -> Result<(), MqttError> {
    let code = reason::check(Kind::Auth, auth.code)?;
    let mut properties = PropertyWriter::default();
    if let Some(method) = &auth.method {
        properties.string(Property::AuthenticationMethod, method)?;
    }
    if let Some(data) = &auth.data {
        properties.binary(Property::AuthenticationData, data)?;
    }
    problem::add(auth.problem.as_deref(), &mut properties)?;
    if code == ReasonCode::Success && properties.is_empty() {
        return frame::write_fixed(Kind::Auth, 0, to);
    }
    frame::write_fixed(Kind::Auth, 1 + properties.encoded_length()?, to)?;
    to.put_u8(code as u8);
    properties.write(to);
    Ok(())
}
