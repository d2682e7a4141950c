//! Time zones by their ids: those of the tz database, offsets, and a few abbreviations.

use jiff::tz::{Offset, TimeZone};

/// Abbreviations that Java reads as zones, with the places that they stand for.
const ABBREVIATIONS: [(&str, &str); 12] = [
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("CET", "Europe/Paris"),
    ("CEST", "Europe/Paris"),
    ("JST", "Asia/Tokyo"),
    ("BST", "Europe/London"),
];

/// The zone of an id: `UTC`, `+01:00`, `UTC+1`, `Europe/Berlin`.
pub(super) fn find(id: &str) -> Option<TimeZone> {
    if matches!(id, "Z" | "UTC" | "GMT" | "UT") {
        return Some(TimeZone::UTC);
    }
    let offset_text = ["UTC", "GMT", "UT"]
        .iter()
        .find_map(|prefix| id.strip_prefix(prefix))
        .unwrap_or(id);
    if offset_text.starts_with(['+', '-']) {
        return offset(offset_text).map(TimeZone::fixed);
    }
    let id = ABBREVIATIONS
        .iter()
        .find(|(short, _)| *short == id)
        .map_or(id, |(_, place)| place);
    TimeZone::get(id).ok()
}

/// `+1`, `+01`, `+0100`, `+01:00`, each perhaps with seconds.
pub(super) fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let has_colons = rest.contains(':');
    let parts: Vec<&str> = if has_colons {
        rest.split(':').collect()
    } else {
        let at = rest.len().min(if rest.len() == 1 { 1 } else { 2 });
        let mut parts = vec![rest.get(..at)?];
        let mut at = at;
        while at < rest.len() {
            parts.push(rest.get(at..at + 2)?);
            at += 2;
        }
        parts
    };
    let mut seconds = 0;
    for (index, unit) in [3600, 60, 1].into_iter().enumerate() {
        let Some(part) = parts.get(index) else { break };
        if part.is_empty()
            || part.len() > 2
            || index > 0 && part.len() != 2
            || !part.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let number: i32 = part.parse().ok()?;
        if index > 0 && number > 59 {
            return None;
        }
        seconds += number * unit;
    }
    // Java's widest offset.
    if parts.len() > 3 || seconds > 18 * 3600 {
        return None;
    }
    Offset::from_seconds(sign * seconds).ok()
}

/// An offset as `+0100`, with a colon if wished.
pub(super) fn write_offset(offset: Offset, colon: &str) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}
