//! Functions of texts. Positions and lengths count characters (code points).

use super::Arguments;
use crate::evaluate::{Run, Stop, VALUE_LIMIT};
use crate::value::{Array, Value};

type Result = std::result::Result<Value, Stop>;

/// White space as `trim` means it: the space and whatever stands before it, tabs and line ends among them.
fn is_space(character: char) -> bool {
    character <= ' '
}

fn map(run: &mut Run<'_>, arguments: &Arguments<'_>, function: impl Fn(&str) -> String) -> Result {
    Ok(Value::or_undefined(
        arguments.text(run, 0)?.map(|text| function(&text)),
    ))
}

pub(super) fn lower(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    map(run, arguments, str::to_lowercase)
}

pub(super) fn upper(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    map(run, arguments, str::to_uppercase)
}

pub(super) fn trim(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    map(run, arguments, |text| text.trim_matches(is_space).to_owned())
}

pub(super) fn ltrim(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    map(run, arguments, |text| {
        text.trim_start_matches(is_space).to_owned()
    })
}

pub(super) fn rtrim(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    map(run, arguments, |text| text.trim_end_matches(is_space).to_owned())
}

/// So many spaces, 0 to 1000, added on one side.
fn pad(run: &mut Run<'_>, arguments: &Arguments<'_>, join: fn(&str, &str) -> String) -> Result {
    let spaces = arguments
        .value(1)
        .to_int()
        .and_then(|count| usize::try_from(count.clamp(0, 1000)).ok());
    let text = arguments.text(run, 0)?;
    Ok(Value::or_undefined(
        text.zip(spaces)
            .map(|(text, spaces)| join(&text, &" ".repeat(spaces))),
    ))
}

pub(super) fn lpad(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    pad(run, arguments, |text, spaces| format!("{spaces}{text}"))
}

pub(super) fn rpad(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    pad(run, arguments, |text, spaces| format!("{text}{spaces}"))
}

fn count(value: usize) -> Value {
    i128::try_from(value).map_or(Value::Undefined, Value::Int)
}

pub(super) fn length(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(arguments
        .text(run, 0)?
        .map_or(Value::Undefined, |text| count(text.chars().count())))
}

pub(super) fn numbytes(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(arguments
        .text(run, 0)?
        .map_or(Value::Undefined, |text| count(text.len())))
}

pub(super) fn startswith(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Value::or_undefined(
        arguments
            .texts(run)?
            .map(|(text, start)| text.starts_with(&*start)),
    ))
}

pub(super) fn endswith(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Value::or_undefined(
        arguments.texts(run)?.map(|(text, end)| text.ends_with(&*end)),
    ))
}

/// The first place of the second text in the first, from 0; -1 if it is not there.
pub(super) fn indexof(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(arguments
        .texts(run)?
        .map_or(Value::Undefined, |(text, sought)| match text.find(&*sought) {
            Some(at) => count(text[..at].chars().count()),
            None => Value::Int(-1),
        }))
}

/// From one place up to, and without, another; places outside are those at the ends.
pub(super) fn substring(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(run, 0)? else {
        return Ok(Value::Undefined);
    };
    let place = |index: usize| {
        arguments
            .value(index)
            .to_int()
            .map(|place| usize::try_from(place.max(0)).unwrap_or(usize::MAX))
    };
    let end = if arguments.values.len() > 2 {
        place(2)
    } else {
        Some(usize::MAX)
    };
    let (Some(start), Some(end)) = (place(1), end) else {
        return Ok(Value::Undefined);
    };
    Ok(Value::from(
        text.chars()
            .skip(start)
            .take(end.saturating_sub(start))
            .collect::<String>(),
    ))
}

pub(super) fn replace(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some((text, sought)), Some(by)) = (arguments.texts(run)?, arguments.text(run, 2)?) else {
        return Ok(Value::Undefined);
    };
    // Counted before anything is built: a short text can become a very long one.
    let grows = by.len().saturating_sub(sought.len());
    Run::bound(
        text.len()
            .saturating_add(text.matches(&*sought).count().saturating_mul(grows)),
    )?;
    Ok(Value::from(text.replace(&*sought, &by)))
}

/// The character of an ASCII code.
pub(super) fn chr(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let code = arguments
        .value(0)
        .to_int()
        .and_then(|code| u8::try_from(code).ok());
    Ok(Value::or_undefined(
        code.filter(u8::is_ascii).map(|code| char::from(code).to_string()),
    ))
}

/// Arrays and whatever else there is into one array; without an array, texts into one text.
pub(super) fn concat(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    match arguments.values {
        [] => return Ok(Value::Undefined),
        [single] => return Ok(single.clone()),
        _ => {}
    }
    if arguments
        .values
        .iter()
        .any(|value| matches!(value, Value::Array(_)))
    {
        let mut all = Array::default();
        for value in arguments.values {
            run.charge(value.weight())?;
            match value {
                Value::Array(array) => array.items().iter().for_each(|item| all.push(item.clone())),
                other => all.push(other.clone()),
            }
            Run::bound(all.weight())?;
        }
        return Ok(all.into());
    }
    let mut all = String::new();
    for index in 0..arguments.values.len() {
        let Some(text) = arguments.text(run, index)? else {
            return Ok(Value::Undefined);
        };
        all.push_str(&text);
        if all.len() > VALUE_LIMIT {
            break;
        }
    }
    Run::bound(all.len())?;
    Ok(Value::from(all))
}
