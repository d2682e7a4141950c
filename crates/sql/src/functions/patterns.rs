//! Regular expressions. AWS's are Java's; ours take time linear in the text, and so know neither look-around nor
//! references to groups. An expression that is none here is Undefined, as one that is none there.

use std::borrow::Cow;
use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::Arguments;
use crate::evaluate::{Run, Stop, VALUE_LIMIT};
use crate::value::Value;

type Result = std::result::Result<Value, Stop>;

/// Most bytes of a compiled expression.
const SIZE_LIMIT: usize = 512 * 1024;
/// Up to so many bytes an expression is a light one: in the worst case matching looks at all of it for each character.
const LIGHT_SIZE: usize = 32 * 1024;
/// What compiling an expression counts as, in bytes, on top of each of its own.
const COMPILE_CHARGE: usize = 64 * 1024;
/// Longest expression in bytes.
const LENGTH_LIMIT: usize = 4096;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    /// Times that a byte of a text is charged for.
    cost: usize,
}

/// What is known of a call's expression before there is a message.
#[derive(Debug, Clone)]
pub(crate) enum Literal {
    /// It is not a literal, or one of too many.
    Unknown,
    /// It is no expression, so that it is not tried for each message.
    Invalid,
    /// It is one.
    Pattern(Pattern),
}

/// Compiles an expression, or `None` if it is none or too large.
pub(super) fn compile(pattern: &str) -> Option<Pattern> {
    if pattern.len() > LENGTH_LIMIT {
        return None;
    }
    let translated = translate(pattern)?;
    let build = |size| {
        RegexBuilder::new(&translated)
            .size_limit(size)
            .dfa_size_limit(SIZE_LIMIT)
            .nest_limit(64)
            .build()
            .ok()
    };
    match build(LIGHT_SIZE) {
        Some(regex) => Some(Pattern { regex, cost: 8 }),
        None => build(SIZE_LIMIT).map(|regex| Pattern { regex, cost: 64 }),
    }
}

/// What Java writes as we do and means otherwise: its classes know ASCII alone, and `\Q...\E` quotes.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match rest.next()? {
            'd' => out.push_str("[0-9]"),
            'D' => out.push_str("[^0-9]"),
            'w' => out.push_str("[0-9A-Za-z_]"),
            'W' => out.push_str("[^0-9A-Za-z_]"),
            's' => out.push_str("[ \\t\\n\\x0B\\f\\r]"),
            'S' => out.push_str("[^ \\t\\n\\x0B\\f\\r]"),
            'b' => out.push_str("(?-u:\\b)"),
            'Q' => {
                let quoted = rest.as_str();
                let (text, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                out.push_str(&regex::escape(text));
                rest = after.chars();
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    Some(out)
}

/// The text, and the second argument compiled, now or when the statement was parsed.
fn prepare<'a>(
    run: &mut Run<'_>,
    arguments: &Arguments<'a>,
) -> std::result::Result<Option<Prepared<'a>>, Stop> {
    let pattern = match arguments.pattern {
        Literal::Pattern(pattern) => Some(Cow::Borrowed(pattern)),
        Literal::Invalid => None,
        Literal::Unknown => {
            run.charge(COMPILE_CHARGE)?;
            arguments
                .text(run, 1)?
                .and_then(|pattern| compile(&pattern))
                .map(Cow::Owned)
        }
    };
    let (Some(text), Some(pattern)) = (arguments.text(run, 0)?, pattern) else {
        return Ok(None);
    };
    run.charge(text.len() * pattern.cost)?;
    Ok(Some((text, pattern)))
}

type Prepared<'a> = (Arc<str>, Cow<'a, Pattern>);

pub(super) fn matches(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Value::or_undefined(
        prepare(run, arguments)?.map(|(text, pattern)| pattern.regex.is_match(&text)),
    ))
}

/// The first match; Undefined if there is none.
pub(super) fn substr(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let Some((text, pattern)) = prepare(run, arguments)? else {
        return Ok(Value::Undefined);
    };
    Ok(Value::or_undefined(
        pattern.regex.find(&text).map(|found| found.as_str()),
    ))
}

/// All matches replaced; `$1` and `${name}` stand for groups, a backslash takes the meaning of what follows.
pub(super) fn replace(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some((text, pattern)), Some(by)) = (prepare(run, arguments)?, arguments.text(run, 2)?) else {
        return Ok(Value::Undefined);
    };
    let regex = &pattern.regex;
    let Some(parts) = replacement(&by, regex) else {
        return Ok(Value::Undefined);
    };
    let mut out = String::new();
    let mut end = 0;
    for captures in regex.captures_iter(&text) {
        let Some(found) = captures.get(0) else { break };
        run.charge(found.len() + by.len())?;
        out.push_str(&text[end..found.start()]);
        expand(&parts, &captures, &mut out);
        end = found.end();
        if out.len() > VALUE_LIMIT {
            break;
        }
    }
    out.push_str(&text[end..]);
    Run::bound(out.len())?;
    Ok(Value::from(out))
}

enum Part {
    Text(String),
    Group(usize),
}

fn expand(parts: &[Part], captures: &Captures<'_>, out: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Group(group) => out.push_str(captures.get(*group).map_or("", |found| found.as_str())),
        }
    }
}

/// Reads a replacement as Java's `Matcher.appendReplacement` does, or `None` if it is none: a group's number takes as
/// many digits as there are groups for.
fn replacement(text: &str, regex: &Regex) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => plain.push(rest.next()?),
            '$' => {
                parts.push(Part::Text(std::mem::take(&mut plain)));
                if rest.next_if_eq(&'{').is_some() {
                    let mut name = String::new();
                    loop {
                        match rest.next()? {
                            '}' => break,
                            other => name.push(other),
                        }
                    }
                    let group = regex
                        .capture_names()
                        .position(|found| found == Some(name.as_str()))?;
                    parts.push(Part::Group(group));
                    continue;
                }
                let groups = regex.captures_len();
                let mut group = rest.next()?.to_digit(10)? as usize;
                if group >= groups {
                    return None;
                }
                while let Some(digit) = rest.peek().and_then(|next| next.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= groups {
                        break;
                    }
                    group = longer;
                    rest.next();
                }
                parts.push(Part::Group(group));
            }
            other => plain.push(other),
        }
    }
    parts.push(Part::Text(plain));
    Some(parts)
}
