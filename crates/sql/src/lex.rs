//! Cuts a statement into tokens.

use crate::error::SqlError;

/// A token and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) offset: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, a function or a name: what it is depends on its place.
    Word(String),
    Number(String),
    Text(String),
    /// `@name`, without the sign.
    Variable(String),
    /// One of the operators and brackets.
    Symbol(&'static str),
    End,
}

/// The longer ones first.
const SYMBOLS: [&str; 21] = [
    "<>", "<=", ">=", "!=", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "*", "/", "%", "+",
    "-",
];

impl Kind {
    /// How a message names it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("{:?}", word.chars().take(64).collect::<String>()),
            Self::Number(number) => format!("the number {}", number.chars().take(64).collect::<String>()),
            Self::Variable(name) => format!("the variable @{}", name.chars().take(64).collect::<String>()),
            Self::Text(text) => format!("the text {:?}", text.chars().take(64).collect::<String>()),
            Self::Symbol(symbol) => format!("{symbol:?}"),
            Self::End => "the end of the statement".to_owned(),
        }
    }
}

/// A place in the text; it is copied to look ahead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token, SqlError> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        let offset = self.at;
        let rest = &self.text[offset..];
        let Some(first) = rest.chars().next() else {
            return Ok(Token {
                kind: Kind::End,
                offset,
            });
        };
        let kind = if is_name_start(first) {
            let end = rest
                .find(|character| !is_name_part(character))
                .unwrap_or(rest.len());
            self.at += end;
            Kind::Word(rest[..end].to_owned())
        } else if first.is_ascii_digit() {
            let end = number_end(rest);
            self.at += end;
            if rest[end..].starts_with(is_name_part) {
                return Err(self.error(
                    offset,
                    "a name cannot begin with a digit; use get() for such a key",
                ));
            }
            Kind::Number(rest[..end].to_owned())
        } else if first == '@' {
            let name = &rest[1..];
            let end = name
                .find(|character| !is_variable_part(character))
                .unwrap_or(name.len());
            if !(1..=64).contains(&end) {
                return Err(self.error(
                    offset,
                    "the name of a variable has 1 to 64 letters, digits and underscores",
                ));
            }
            self.at += 1 + end;
            Kind::Variable(name[..end].to_owned())
        } else if first == '\'' || first == '"' {
            self.quoted(first)?
        } else if rest.starts_with("--") || rest.starts_with("/*") || rest.starts_with("//") {
            return Err(self.error(offset, "the language has no comments"));
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            self.at += symbol.len();
            Kind::Symbol(symbol)
        } else {
            return Err(self.error(offset, format!("unexpected character {first:?}")));
        };
        Ok(Token { kind, offset })
    }

    /// A text in quotes; its quote doubled stands for one. A backslash is a character as any other, so that regular
    /// expressions are written as they are.
    fn quoted(&mut self, quote: char) -> Result<Kind, SqlError> {
        let start = self.at;
        let mut text = String::new();
        let mut at = start + 1;
        loop {
            let rest = &self.text[at..];
            let Some(end) = rest.find(quote) else {
                return Err(self.error(start, "a text that is not closed"));
            };
            text.push_str(&rest[..end]);
            at += end + 1;
            if !self.text[at..].starts_with(quote) {
                self.at = at;
                return Ok(Kind::Text(text));
            }
            text.push(quote);
            at += 1;
        }
    }

    pub(crate) fn error(&self, offset: usize, problem: impl Into<String>) -> SqlError {
        SqlError::at(self.text, offset, problem)
    }
}

/// Whether a name may begin with it.
fn is_name_start(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

fn is_name_part(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn is_variable_part(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// Where the number ends that the text begins with: digits, perhaps a fraction and an exponent.
fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    end
}
