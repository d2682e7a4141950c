//! The lines of a task's file, and what stands in one.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use serde_json::Value;
use thingsmith_ports::{ObjectBytes, ObjectError};

use super::{Floor, LINE_CHARACTERS};
use crate::Fault;

/// Bytes that [`LINE_CHARACTERS`] take at most.
const LINE_BYTES: usize = LINE_CHARACTERS * 4;

/// A line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number, counted from 1; blank lines count.
    pub(super) number: i64,
    /// Where it begins.
    pub(super) offset: i64,
    /// Where the next line begins.
    pub(super) end: i64,
    /// Its bytes without the line feed; nothing of one that is too long.
    pub(super) bytes: Option<Vec<u8>>,
}

/// Cuts a file into lines. Never more than one line is held, and of one that is too long nothing.
pub(super) struct Lines {
    source: ObjectBytes,
    /// What was read and not looked at yet.
    piece: Bytes,
    /// The line so far.
    line: Vec<u8>,
    too_long: bool,
    over: bool,
    /// The number of the line before.
    number: i64,
    /// Where the line began.
    begin: i64,
    /// Up to where the file was looked at.
    at: i64,
}

impl Lines {
    /// The lines behind `floor`, where `source` begins.
    pub(super) fn new(source: ObjectBytes, floor: Floor) -> Self {
        Self {
            source,
            piece: Bytes::new(),
            line: Vec::new(),
            too_long: false,
            over: false,
            number: floor.line,
            begin: floor.offset,
            at: floor.offset,
        }
    }

    /// Up to where the file was looked at.
    pub(super) fn at(&self) -> i64 {
        self.at
    }

    /// The next line that is not blank. It may be dropped while it waits; nothing is lost then.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, ObjectError> {
        loop {
            while let Some(line) = self.take() {
                if line
                    .bytes
                    .as_deref()
                    .is_none_or(|bytes| !bytes.trim_ascii().is_empty())
                {
                    return Ok(Some(line));
                }
            }
            if self.over {
                return Ok(None);
            }
            match self.source.next().await {
                Some(piece) => self.piece = piece?,
                None => self.over = true,
            }
        }
    }

    /// Takes a line from what was read, if there is a whole one.
    fn take(&mut self) -> Option<Line> {
        let feed = self.piece.iter().position(|byte| *byte == b'\n');
        let length = feed.unwrap_or(self.piece.len());
        if self.too_long || self.line.len() + length > LINE_BYTES {
            self.too_long = true;
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(&self.piece[..length]);
        }
        let used = length + usize::from(feed.is_some());
        self.piece.advance(used);
        self.at += i64::try_from(used).unwrap_or(i64::MAX);
        let rest = self.over && self.at > self.begin;
        if feed.is_none() && !rest {
            return None;
        }
        self.number += 1;
        let line = Line {
            number: self.number,
            offset: self.begin,
            end: self.at,
            bytes: (!self.too_long).then(|| std::mem::take(&mut self.line)),
        };
        self.too_long = false;
        self.begin = self.at;
        Some(line)
    }
}

impl Line {
    /// The values of the template's parameters that stand in it: an object of texts. Numbers and truth values are taken as
    /// their text.
    pub(super) fn parameters(&self) -> Result<BTreeMap<String, String>, Fault> {
        let too_long = || {
            Fault::invalid(format!(
                "The line has more than {LINE_CHARACTERS} characters, the most that a line may have."
            ))
        };
        let bytes = self.bytes.as_deref().ok_or_else(too_long)?;
        let text = std::str::from_utf8(bytes).map_err(|wrong| {
            Fault::invalid(format!(
                "The line is no UTF-8 behind its byte {}.",
                wrong.valid_up_to()
            ))
        })?;
        if text.len() > LINE_CHARACTERS && text.chars().count() > LINE_CHARACTERS {
            return Err(too_long());
        }
        // Editors of some systems begin a file with a byte order mark.
        let text = if self.offset == 0 {
            text.trim_start_matches('\u{feff}')
        } else {
            text
        };
        let value: Value = serde_json::from_str(text).map_err(|wrong| {
            Fault::invalid(format!(
                "The line is no JSON; see its character {}.",
                wrong.column()
            ))
        })?;
        let Value::Object(members) = value else {
            return Err(Fault::invalid("The line is no JSON object of parameters."));
        };
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(number) => Ok((name, number.to_string())),
            Value::Bool(truth) => Ok((name, truth.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(Fault::invalid(format!(
                "The value of the parameter {name} is no string."
            ))),
        };
        members.into_iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn read(pieces: &[&str]) -> Vec<Line> {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| Ok(Bytes::from(piece.to_string())))
            .collect();
        let mut lines = Lines::new(Box::pin(stream::iter(pieces)), Floor::default());
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line);
        }
        found
    }

    fn line(number: i64, offset: i64, end: i64, text: &str) -> Line {
        let bytes = Some(text.as_bytes().to_vec());
        Line {
            number,
            offset,
            end,
            bytes,
        }
    }

    #[tokio::test]
    async fn lines_are_the_same_however_the_bytes_come() {
        let text = "one\n\n  \r\ntwo\r\nthree";
        let expected = [
            line(1, 0, 4, "one"),
            line(4, 9, 14, "two\r"),
            line(5, 14, 19, "three"),
        ];
        assert_eq!(read(&[text]).await, expected);
        for cut in 0..text.len() {
            assert_eq!(read(&[&text[..cut], "", &text[cut..]]).await, expected, "{cut}");
        }
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(
            read(&bytes.iter().map(String::as_str).collect::<Vec<_>>()).await,
            expected
        );
        assert_eq!(read(&[]).await, []);
        assert_eq!(read(&["\n \n"]).await, []);
        assert_eq!(read(&["a\n"]).await, [line(1, 0, 2, "a")]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_not_held() {
        let piece = "x".repeat(LINE_BYTES);
        let found = read(&[&piece, "y", "y\nz"]).await;
        assert_eq!((found[0].number, &found[0].bytes), (1, &None));
        assert_eq!((found[1].number, found[1].bytes.as_deref()), (2, Some(&b"z"[..])));
        let message = found[0].parameters().unwrap_err().message;
        assert!(message.contains("256000"), "{message}");
        let wide = |count| Line {
            bytes: Some("ü".repeat(count).into_bytes()),
            ..line(1, 0, 0, "")
        };
        let message = wide(LINE_CHARACTERS + 1).parameters().unwrap_err().message;
        assert!(message.contains("256000"), "{message}");
        let message = wide(LINE_CHARACTERS).parameters().unwrap_err().message;
        assert!(message.contains("JSON"), "{message}");
    }

    #[test]
    fn parameters_are_texts() {
        let parse = |text: &str| line(1, 0, 0, text).parameters();
        let expected =
            [("A", "1"), ("B", "true"), ("C", "ü")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(
            parse("\u{feff} {\"A\": 1, \"B\": true, \"C\": \"ü\"}\r").unwrap(),
            expected.into()
        );
        for (text, wrong) in [
            ("{\"A\": null}", "parameter A"),
            ("{\"A\": [\"b\"]}", "parameter A"),
            ("[]", "object"),
            ("{\"A\": 1", "character 7"),
            ("{} {}", "character 4"),
        ] {
            let message = parse(text).unwrap_err().message;
            assert!(message.contains(wrong), "{text}: {message}");
        }
        let broken = Line {
            bytes: Some(vec![b'{', 0xff]),
            ..line(1, 0, 0, "")
        };
        assert!(broken.parameters().unwrap_err().message.contains("byte 1"));
    }
}
