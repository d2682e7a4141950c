//! Times as texts: `parse_time` writes them, `time_to_epoch` reads them.

mod pattern;
mod read;
mod write;
mod zone;

use super::Arguments;
use crate::evaluate::{Run, Stop};
use crate::value::Value;

/// What finding a time zone counts as, in bytes: its rules are unpacked each time.
const ZONE_CHARGE: usize = 2048;
/// Longest pattern and longest time in bytes.
const LENGTH_LIMIT: usize = 256;

/// `parse_time(pattern, milliseconds[, zone])`: a time as a text, by a pattern of Joda-Time.
pub(super) fn parse_time(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result<Value, Stop> {
    let zone = match arguments.values.len() {
        3 => arguments.text(run, 2)?,
        _ => Some("UTC".into()),
    };
    let (Some(pattern), Some(milliseconds), Some(zone)) =
        (arguments.text(run, 0)?, arguments.value(1).to_int(), zone)
    else {
        return Ok(Value::Undefined);
    };
    if pattern.len() > LENGTH_LIMIT {
        return Ok(Value::Undefined);
    }
    run.charge(ZONE_CHARGE)?;
    let written = i64::try_from(milliseconds)
        .ok()
        .and_then(|milliseconds| write::write(&pattern, milliseconds, &zone));
    Ok(Value::or_undefined(written))
}

/// `time_to_epoch(time, pattern)`: the milliseconds since 1970 of a text, by a pattern of `java.time`.
pub(super) fn time_to_epoch(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result<Value, Stop> {
    let Some((time, pattern)) = arguments.texts(run)? else {
        return Ok(Value::Undefined);
    };
    if pattern.len() > LENGTH_LIMIT || time.len() > LENGTH_LIMIT {
        return Ok(Value::Undefined);
    }
    run.charge(ZONE_CHARGE)?;
    let read = read::read(&time, &pattern);
    Ok(read.map_or(Value::Undefined, |milliseconds| {
        Value::Int(i128::from(milliseconds))
    }))
}

/// The months' names; the first three letters are their short ones, as with the days.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The days' names from Monday.
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
