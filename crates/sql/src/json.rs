//! Reads JSON without losing digits: serde_json would make doubles of its numbers.

use std::sync::Arc;

use crate::number::{self, Decimal};
use crate::value::{Array, Object, Value};
use crate::version::Version;

/// Deepest nesting that is read.
const DEPTH: usize = 96;

/// Reads a JSON text, or `None` if the bytes are none. Of members given twice the last one counts.
pub(crate) fn parse(bytes: &[u8], version: Version) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader { text, at: 0, version };
    let value = reader.value(DEPTH)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(value)
}

/// A number out of a text that is one: whole decimals are Ints from the second version on (guide, data types).
pub(crate) fn number(text: &str, version: Version) -> Option<Value> {
    if !text.contains(['.', 'e', 'E'])
        && let Ok(value) = text.parse::<i128>()
        && let Some(value) = number::int(value)
    {
        return Some(Value::Int(value));
    }
    Decimal::parse(text).map(|decimal| settle(decimal, version))
}

/// What a decimal is in the version: an Int if it is whole, from the second version on.
pub(crate) fn settle(decimal: Decimal, version: Version) -> Value {
    match decimal.to_int() {
        Some(int) if version.is_second() => Value::Int(int),
        _ => Value::Decimal(decimal),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    version: Version,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes a byte that must come next.
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        self.skip_space();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(|text| Value::Text(text.into())),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.take(b'{')?;
        let mut object = Object::default();
        self.skip_space();
        if self.take(b'}').is_some() {
            return Some(object.into());
        }
        loop {
            self.skip_space();
            let name: Arc<str> = self.string()?.into();
            self.skip_space();
            self.take(b':')?;
            object.insert(name, self.value(depth)?);
            self.skip_space();
            if self.take(b',').is_none() {
                self.take(b'}')?;
                return Some(object.into());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.take(b'[')?;
        let mut array = Array::default();
        self.skip_space();
        if self.take(b']').is_some() {
            return Some(array.into());
        }
        loop {
            array.push(self.value(depth)?);
            self.skip_space();
            if self.take(b',').is_none() {
                self.take(b']')?;
                return Some(array.into());
            }
        }
    }

    /// RFC 8259 6: no plus sign, no leading zeros, digits on both sides of the point.
    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        let _ = self.take(b'-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        if self.take(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        number(&self.text[start..self.at], self.version)
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<&str> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then(|| &self.text[start..self.at])
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find(|character: char| matches!(character, '"' | '\\') || character < ' ')?;
            out.push_str(&rest[..end]);
            self.at += end + 1;
            match rest.as_bytes()[end] {
                b'"' => return Some(out),
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                if !(0xD800..0xDC00).contains(&first) {
                    return char::from_u32(first);
                }
                self.take(b'\\')?;
                self.take(b'u')?;
                let second = self.unit()?;
                if !(0xDC00..0xE000).contains(&second) {
                    return None;
                }
                char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}
