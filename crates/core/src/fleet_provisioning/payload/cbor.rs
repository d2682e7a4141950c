//! Payloads in CBOR. Maps and texts of definite and of indefinite length are read, as small encoders write both; answers are
//! of definite length.

use std::collections::BTreeMap;

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

use super::{DEEPEST, Member, PayloadError, Value};

pub(super) fn read(payload: &[u8]) -> Result<BTreeMap<String, Member>, PayloadError> {
    let malformed = |reason: String| PayloadError::Malformed {
        format: "CBOR",
        reason,
    };
    let mut decoder = Decoder::new(payload);
    let kind = decoder.datatype().map_err(|error| malformed(error.to_string()))?;
    if !matches!(kind, Type::Map | Type::MapIndef) {
        return Err(PayloadError::NotAMap);
    }
    let mut members = BTreeMap::new();
    entries(&mut decoder, |decoder, name| {
        if let Some(member) = member(decoder)? {
            members.insert(name, member);
        }
        Ok(())
    })
    .map_err(|error| malformed(error.to_string()))?;
    match decoder.position() == payload.len() {
        true => Ok(members),
        false => Err(malformed("something follows the map".to_owned())),
    }
}

fn member(decoder: &mut Decoder<'_>) -> Result<Option<Member>, Error> {
    Ok(Some(match decoder.datatype()? {
        Type::String | Type::StringIndef => Member::Text(text(decoder)?),
        Type::Map | Type::MapIndef => {
            let mut map = BTreeMap::new();
            entries(decoder, |decoder, name| {
                let value = match decoder.datatype()? {
                    Type::String | Type::StringIndef => Some(text(decoder)?),
                    _ => {
                        skip(decoder, DEEPEST)?;
                        None
                    }
                };
                map.insert(name, value);
                Ok(())
            })?;
            Member::Map(map)
        }
        kind => {
            skip(decoder, DEEPEST)?;
            match kind {
                Type::Null | Type::Undefined => return Ok(None),
                _ => Member::Other,
            }
        }
    }))
}

/// Reads the entries of a map whose names are texts.
fn entries<'b>(
    decoder: &mut Decoder<'b>,
    mut entry: impl FnMut(&mut Decoder<'b>, String) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut left = decoder.map()?;
    loop {
        match &mut left {
            Some(0) => return Ok(()),
            // What is promised costs nothing: each entry has to be there.
            Some(left) => *left -= 1,
            None if is_break(decoder)? => return Ok(()),
            None => {}
        }
        let name = text(decoder)?;
        entry(decoder, name)?;
    }
}

fn text(decoder: &mut Decoder<'_>) -> Result<String, Error> {
    // Whether in one piece or in several.
    decoder.str_iter()?.collect()
}

/// Whether what is of indefinite length ends here; then that is taken.
fn is_break(decoder: &mut Decoder<'_>) -> Result<bool, Error> {
    let ends = decoder.datatype()? == Type::Break;
    if ends {
        decoder.set_position(decoder.position() + 1);
    }
    Ok(ends)
}

/// Reads over one value, of at most so many levels.
fn skip(decoder: &mut Decoder<'_>, levels: usize) -> Result<(), Error> {
    let Some(levels) = levels.checked_sub(1) else {
        return Err(Error::message("it is nested too deeply"));
    };
    let kind = decoder.datatype()?;
    let per_entry = match kind {
        Type::Array | Type::ArrayIndef => 1,
        Type::Map | Type::MapIndef => 2,
        Type::Tag => {
            decoder.tag()?;
            return skip(decoder, levels);
        }
        Type::Break | Type::Unknown(_) => return Err(Error::type_mismatch(kind)),
        _ => return decoder.skip(),
    };
    let mut left = match per_entry {
        1 => decoder.array()?,
        _ => decoder.map()?,
    };
    loop {
        match &mut left {
            Some(0) => return Ok(()),
            Some(left) => *left -= 1,
            None if is_break(decoder)? => return Ok(()),
            None => {}
        }
        for _ in 0..per_entry {
            skip(decoder, levels)?;
        }
    }
}

pub(super) fn write(members: &[(&'static str, Value<'_>)], bytes: &mut Vec<u8>) {
    try_write(members, bytes).expect("memory takes what is written");
}

fn try_write(
    members: &[(&'static str, Value<'_>)],
    bytes: &mut Vec<u8>,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    let mut encoder = Encoder::new(bytes);
    encoder.map(members.len() as u64)?;
    for (name, value) in members {
        encoder.str(name)?;
        match value {
            Value::Text(text) => encoder.str(text)?,
            Value::Number(number) => encoder.u16(*number)?,
            Value::Map(map) => {
                encoder.map(map.len() as u64)?;
                for (name, value) in *map {
                    encoder.str(name)?.str(value)?;
                }
                &mut encoder
            }
        };
    }
    Ok(())
}
