//! The two formats of the provisioning topics, JSON and CBOR (RFC 8949), as one value.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// The format of a request, and so of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// CBOR, for devices that already have a reader of it.
    Cbor,
}

/// How deep an answer may be: no real one comes near, and a stack does not grow for ever.
const DEEPEST: usize = 16;

impl Format {
    /// As it stands at the end of a topic.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
        }
    }

    pub(crate) fn write(self, value: &Value) -> Vec<u8> {
        match self {
            Self::Json => value.to_string().into_bytes(),
            Self::Cbor => {
                let mut bytes = Vec::new();
                // Writing to memory does not fail.
                drop(write(value, &mut Encoder::new(&mut bytes)));
                bytes
            }
        }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub(crate) fn read(self, bytes: &[u8]) -> Result<Value, String> {
        match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|cause| cause.to_string()),
            Self::Cbor => {
                let mut decoder = Decoder::new(bytes);
                let value = read(&mut decoder, DEEPEST).map_err(|cause| cause.to_string())?;
                if decoder.position() != bytes.len() {
                    return Err("something follows the CBOR".to_owned());
                }
                Ok(value)
            }
        }
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(value: &Value, to: &mut Encoder<&mut Vec<u8>>) -> Written {
    match value {
        Value::Null => to.null().map(drop),
        Value::Bool(it) => to.bool(*it).map(drop),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(it), _) => to.u64(it).map(drop),
            (None, Some(it)) => to.i64(it).map(drop),
            (None, None) => to.f64(number.as_f64().unwrap_or(f64::NAN)).map(drop),
        },
        Value::String(text) => to.str(text).map(drop),
        Value::Array(items) => {
            to.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write(item, to))
        }
        Value::Object(members) => {
            to.map(members.len() as u64)?;
            members.iter().try_for_each(|(name, value)| {
                to.str(name)?;
                write(value, to)
            })
        }
    }
}

fn read(from: &mut Decoder<'_>, deeper: usize) -> Result<Value, minicbor::decode::Error> {
    let wrong = minicbor::decode::Error::message;
    if deeper == 0 {
        return Err(wrong("it is too deep"));
    }
    Ok(match from.datatype()? {
        Type::Null | Type::Undefined => {
            from.skip()?;
            Value::Null
        }
        Type::Bool => Value::Bool(from.bool()?),
        Type::F32 => number(from.f32()?.into()),
        Type::F64 => number(from.f64()?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::from(from.u64()?),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Value::from(from.i64()?),
        Type::String | Type::StringIndef => Value::String(text(from)?),
        Type::Array | Type::ArrayIndef => {
            let mut items = Vec::new();
            let mut left = from.array()?;
            while more(from, &mut left)? {
                items.push(read(from, deeper - 1)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let mut members = Map::new();
            let mut left = from.map()?;
            while more(from, &mut left)? {
                let name = text(from)?;
                members.insert(name, read(from, deeper - 1)?);
            }
            Value::Object(members)
        }
        _ => return Err(wrong("it has a type that JSON does not have")),
    })
}

/// Whether another item of an array or a map follows; takes the end of one that did not tell its length.
fn more(from: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, minicbor::decode::Error> {
    match left {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None if from.datatype()? == Type::Break => from.skip().map(|()| false),
        None => Ok(true),
    }
}

fn text(from: &mut Decoder<'_>) -> Result<String, minicbor::decode::Error> {
    let mut whole = String::new();
    for part in from.str_iter()? {
        whole.push_str(part?);
    }
    Ok(whole)
}

fn number(it: f64) -> Value {
    Number::from_f64(it).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let value = json!({
            "text": "ä", "number": 400, "negative": -3, "half": 0.5, "yes": true, "nothing": null,
            "map": {"inner": ["a", {}]},
        });
        for format in [Format::Json, Format::Cbor] {
            assert_eq!(format.read(&format.write(&value)).unwrap(), value, "{format:?}");
        }
        assert_eq!(Format::Cbor.write(&json!({})), [0xa0]);
    }

    #[test]
    fn cbor_that_does_not_tell_its_length_is_read() {
        // {_ "a": (_ "b", "c"), "d": [_ 1]}
        let bytes = b"\xbf\x61a\x7f\x61b\x61c\xff\x61d\x9f\x01\xff\xff";
        assert_eq!(Format::Cbor.read(bytes).unwrap(), json!({"a": "bc", "d": [1]}));
    }

    #[test]
    fn nonsense_is_an_error() {
        let deep = vec![0x81; 100_000];
        let long = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        for bytes in [
            &b""[..],
            b"\xa1",
            b"\xa1\x01\x02",
            b"\x41a",
            b"\xa0\xa0",
            &deep,
            &long,
        ] {
            assert!(Format::Cbor.read(bytes).is_err());
        }
        assert!(Format::Json.read(b"{").is_err());
    }
}
