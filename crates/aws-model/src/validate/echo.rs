//! What a message may show of a stranger's value: little of it, and nothing that has structure.

use serde_json::Value;

/// Most characters of a value or a map's key that a message repeats.
const SHOWN_CHARACTERS: usize = 256;

/// A value as AWS shows it: a text as it is, a list as `[a, b]`, a map as `{key=value}`. None for whatever holds
/// structures, whose members a message has no business to repeat.
pub(super) fn whole(value: &Value) -> Option<String> {
    let mut text = String::new();
    match value {
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                push_simple(&mut text, item)?;
                if text.len() > 4 * SHOWN_CHARACTERS {
                    break;
                }
            }
            text.push(']');
        }
        Value::Object(entries) => {
            text.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                push_bounded(&mut text, key);
                text.push('=');
                push_simple(&mut text, value)?;
                if text.len() > 4 * SHOWN_CHARACTERS {
                    break;
                }
            }
            text.push('}');
        }
        simple => push_simple(&mut text, simple)?,
    }
    Some(bounded(&text))
}

/// The text, cut to 256 characters with `...` in place of the rest.
pub(super) fn bounded(text: &str) -> String {
    let mut shown = String::new();
    push_bounded(&mut shown, text);
    shown
}

fn push_bounded(target: &mut String, text: &str) {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => target.push_str(text),
        Some((end, _)) => {
            target.push_str(&text[..end]);
            target.push_str("...");
        }
    }
}

fn push_simple(target: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::String(text) => push_bounded(target, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => target.push_str(&value.to_string()),
        Value::Array(_) | Value::Object(_) => return None,
    }
    Some(())
}

/// A member's name as AWS's messages have it: with a small first letter.
pub(crate) fn member_path(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// What a value is, for people.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
