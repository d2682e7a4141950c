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
