//! Words for the person at the terminal.

use std::io::Write;

/// Prints a line. A closed pipe is nobody's fault: whoever wanted to read has left.
pub(crate) fn line(text: impl AsRef<str>) {
    drop(writeln!(std::io::stdout(), "{}", text.as_ref()));
}

/// Prints a line on the standard error.
pub(crate) fn complain(text: impl AsRef<str>) {
    drop(writeln!(std::io::stderr(), "{}", text.as_ref()));
}

/// A text from a stranger as a person may see it: what a terminal would obey, or not show, is shown as an escape.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(
            visible("{\"name\": 'a\\b'}\n\u{1b}[2J\u{202e}\u{e9}"),
            "{\"name\": 'a\\b'}\\n\\u{1b}[2J\\u{202e}\u{e9}"
        );
    }
}
