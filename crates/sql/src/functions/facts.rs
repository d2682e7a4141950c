//! What a message is, apart from its payload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Arguments;
use crate::evaluate::{Run, Stop};
use crate::json::settle;
use crate::number::Decimal;
use crate::value::{Array, Object, Value};

pub(super) fn accountid(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::from(run.message.account_id))
}

pub(super) fn clientid(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::from(run.message.client_id.unwrap_or("n/a")))
}

pub(super) fn principal(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::or_undefined(run.message.principal))
}

pub(super) fn sourceip(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::or_undefined(run.message.source_ip))
}

pub(super) fn sql_version(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::from(run.version.as_str()))
}

pub(super) fn timestamp(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::Int(i128::from(run.message.timestamp_ms)))
}

pub(super) fn traceid(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::or_undefined(run.message.trace_id))
}

/// The topic, or its n-th segment from 1.
pub(super) fn topic(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result<Value, Stop> {
    let topic = run.message.visible_topic();
    if arguments.values.is_empty() {
        return Ok(Value::from(topic));
    }
    let index = arguments
        .value(0)
        .to_int()
        .and_then(|number| usize::try_from(number - 1).ok());
    Ok(Value::or_undefined(
        index.and_then(|index| topic.split('/').nth(index)),
    ))
}

/// A random UUID of version 4.
pub(super) fn newuuid(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    let mut bytes = run.draw();
    // RFC 9562 5.4: version and variant.
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0F] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    Ok(Value::from(text))
}

/// A double from 0 up to, and never, 1.
pub(super) fn rand(run: &mut Run<'_>, _: &Arguments<'_>) -> Result<Value, Stop> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&run.draw()[..8]);
    // As many bits as a double has.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a double")]
    let value = (u64::from_be_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64;
    Ok(Decimal::from_f64(value).map_or(Value::Undefined, |decimal| settle(decimal, run.version)))
}

/// A property of MQTT 5 by its name; correlation data in base64.
pub(super) fn get_mqtt_property(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result<Value, Stop> {
    let properties = &run.message.properties;
    Ok(match arguments.value(0).as_text() {
        Some("format_indicator") => Value::or_undefined(
            properties
                .is_utf8
                .map(|is_utf8| if is_utf8 { "UTF8_DATA" } else { "UNSPECIFIED_BYTES" }),
        ),
        Some("content_type") => Value::or_undefined(properties.content_type),
        Some("response_topic") => Value::or_undefined(properties.response_topic),
        Some("correlation_data") => {
            Value::or_undefined(properties.correlation_data.map(|data| STANDARD.encode(data)))
        }
        _ => Value::Undefined,
    })
}

/// The values of a user property, or all of them as objects of one member.
pub(super) fn get_user_properties(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result<Value, Stop> {
    let user = run.message.properties.user;
    run.charge(user.len() * 64)?;
    let array: Array = if arguments.values.is_empty() {
        user.iter()
            .map(|(name, value)| {
                let mut object = Object::default();
                object.insert(name.as_str().into(), Value::from(value.as_str()));
                object.into()
            })
            .collect()
    } else {
        let Some(wanted) = arguments.text(run, 0)? else {
            return Ok(Value::Undefined);
        };
        let values = user.iter().filter(|(name, _)| **name == *wanted);
        values.map(|(_, value)| Value::from(value.as_str())).collect()
    };
    Ok(if array.items().is_empty() {
        Value::Undefined
    } else {
        array.into()
    })
}
