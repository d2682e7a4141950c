//! What the two pattern languages have in common: a letter so many times, and quoted text.

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A letter and how often it stands in a row.
    Field(char, usize),
    /// What stands for itself.
    Text(String),
}

/// Cuts a pattern, or `None` if a quote is not closed.
pub(super) fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        if character.is_ascii_alphabetic() {
            let mut count = 1;
            while rest.next_if_eq(&character).is_some() {
                count += 1;
            }
            parts.push(Part::Field(character, count));
        } else if character == '\'' {
            parts.push(Part::Text(quoted(&mut rest)?));
        } else {
            parts.push(Part::Text(character.to_string()));
        }
    }
    Some(parts)
}

/// Text up to the closing quote; two quotes are one, also alone.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    if rest.next_if_eq(&'\'').is_some() {
        return Some("'".to_owned());
    }
    let mut text = String::new();
    loop {
        match rest.next()? {
            '\'' if rest.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => return Some(text),
            other => text.push(other),
        }
    }
}
