//! Payloads in JSON.

use std::collections::BTreeMap;

use super::{Member, PayloadError, Value};

pub(super) fn read(payload: &[u8]) -> Result<BTreeMap<String, Member>, PayloadError> {
    let read = serde_json::from_slice(payload).map_err(|error| PayloadError::Malformed {
        format: "JSON",
        reason: error.to_string(),
    })?;
    let serde_json::Value::Object(members) = read else {
        return Err(PayloadError::NotAMap);
    };
    let read = |(name, value)| Some((name, member(value)?));
    Ok(members.into_iter().filter_map(read).collect())
}

fn member(value: serde_json::Value) -> Option<Member> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::String(text) => Member::Text(text),
        serde_json::Value::Object(map) => Member::Map(
            map.into_iter()
                .map(|(name, value)| match value {
                    serde_json::Value::String(text) => (name, Some(text)),
                    _ => (name, None),
                })
                .collect(),
        ),
        _ => Member::Other,
    })
}

pub(super) fn write(members: &[(&'static str, Value<'_>)], bytes: &mut Vec<u8>) {
    bytes.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        text(name, bytes);
        bytes.push(b':');
        match value {
            Value::Text(value) => text(value, bytes),
            Value::Number(value) => bytes.extend_from_slice(value.to_string().as_bytes()),
            Value::Map(map) => {
                bytes.push(b'{');
                for (index, (name, value)) in map.iter().enumerate() {
                    if index > 0 {
                        bytes.push(b',');
                    }
                    text(name, bytes);
                    bytes.push(b':');
                    text(value, bytes);
                }
                bytes.push(b'}');
            }
        }
    }
    bytes.push(b'}');
}

fn text(text: &str, bytes: &mut Vec<u8>) {
    serde_json::to_writer(bytes, text).expect("a text can be written into memory");
}
