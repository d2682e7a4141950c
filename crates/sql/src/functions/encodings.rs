//! Base64, the one scheme of `encode` and `decode`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Arguments;
use crate::evaluate::{Run, Stop};
use crate::json;
use crate::value::Value;

/// Of `*` the message's bytes as they came, of anything else its text.
pub(super) fn encode(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result<Value, Stop> {
    if !is_base64(arguments) {
        return Ok(Value::Undefined);
    }
    if let Some(message) = arguments.message {
        run.charge(message.len())?;
        return Ok(Value::from(STANDARD.encode(message)));
    }
    Ok(Value::or_undefined(
        arguments.text(run, 0)?.map(|text| STANDARD.encode(&*text)),
    ))
}

/// The JSON that the text decodes to, else the text; Null if it decodes to neither.
pub(super) fn decode(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result<Value, Stop> {
    if !is_base64(arguments) {
        return Ok(Value::Undefined);
    }
    let Some(text) = arguments.text(run, 0)? else {
        return Ok(Value::Undefined);
    };
    let Ok(bytes) = STANDARD.decode(&*text) else {
        return Ok(Value::Null);
    };
    if let Some(value) = json::parse(&bytes, run.version) {
        return Ok(value);
    }
    Ok(String::from_utf8(bytes).map_or(Value::Null, Value::from))
}

fn is_base64(arguments: &Arguments<'_>) -> bool {
    arguments
        .value(1)
        .as_text()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("base64"))
}
