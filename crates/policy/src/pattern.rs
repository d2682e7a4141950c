//! Texts of a policy that are matched against texts of a request.
//!
//! A text is compiled once into literal parts, wildcards and variables. The values of variables are literal: a `*`
//! in a client id never becomes a wildcard. Matching goes back to the last `*` only, so that it takes at most the
//! product of both lengths, never more.

use std::borrow::Cow;

use crate::variables::{Key, Variable, Variables};

/// A compiled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    tokens: Box<[Token]>,
    variables: Box<[Variable]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(Box<str>),
    /// `?`: exactly one character.
    One,
    /// `*`: any run of characters.
    Any,
    /// The variable with this index.
    Variable(usize),
}

/// What has a meaning in a text besides itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Syntax {
    /// `*` and `?`.
    pub(crate) wildcards: bool,
    /// `${...}`.
    pub(crate) variables: bool,
    /// `${name, 'default'}`.
    pub(crate) defaults: bool,
    /// A backslash before one of RFC 4514's special characters, as AWS asks for values of certificates.
    pub(crate) backslashes: bool,
}

/// How a pattern and a text compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    /// A variable has no value, so that the pattern matches nothing.
    Unresolved,
}

impl Pattern {
    /// Compiles a text, or says what is wrong with a variable in it.
    pub(crate) fn compile(text: &str, syntax: Syntax) -> Result<Self, &'static str> {
        let mut compiler = Compiler::default();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let after = &rest[character.len_utf8()..];
            rest = match character {
                '*' if syntax.wildcards => {
                    // A run of stars says no more than one.
                    if !compiler.literal.is_empty() || compiler.tokens.last() != Some(&Token::Any) {
                        compiler.token(Token::Any);
                    }
                    after
                }
                '?' if syntax.wildcards => {
                    compiler.token(Token::One);
                    after
                }
                '$' if syntax.variables && after.starts_with('{') => {
                    compiler.variable(&after[1..], syntax.defaults)?
                }
                '\\' if syntax.backslashes
                    && after.starts_with([',', '"', '\\', '+', '=', '<', '>', ';']) =>
                {
                    compiler.literal.push_str(&after[..1]);
                    &after[1..]
                }
                _ => {
                    compiler.literal.push(character);
                    after
                }
            };
        }
        Ok(compiler.finish())
    }

    /// Compares with a text of the request.
    pub(crate) fn matches(&self, text: &str, variables: &dyn Variables) -> Match {
        if self.variables.is_empty() {
            return Match::from(run(&self.tokens, &[], text, strip_exactly));
        }
        // Most texts of a request fail here, before any value is looked up.
        if let Some(Token::Literal(start)) = self.tokens.first()
            && !text.starts_with(&**start)
        {
            return Match::No;
        }
        let mut few: [Cow<'_, str>; 4] = Default::default();
        let mut many = Vec::new();
        let values = match few.get_mut(..self.variables.len()) {
            Some(values) => values,
            None => {
                many.resize(self.variables.len(), Cow::Borrowed(""));
                &mut many[..]
            }
        };
        for (variable, value) in self.variables.iter().zip(values.iter_mut()) {
            match variable.resolve(variables) {
                Some(found) => *value = found,
                None => return Match::Unresolved,
            }
        }
        Match::from(run(&self.tokens, values, text, strip_exactly))
    }

    /// The text with its variables replaced, or `None` where one has no value.
    pub(crate) fn text(&self, variables: &dyn Variables) -> Option<String> {
        let mut text = String::new();
        for token in &self.tokens {
            match token {
                Token::Literal(literal) => text.push_str(literal),
                Token::One => text.push('?'),
                Token::Any => text.push('*'),
                Token::Variable(index) => text.push_str(&self.variables[*index].resolve(variables)?),
            }
        }
        Some(text)
    }

    /// Compares a pattern without variables with an ASCII text, without regard to case.
    pub(crate) fn matches_name(&self, text: &str) -> bool {
        match &*self.tokens {
            [Token::Literal(literal)] => literal.eq_ignore_ascii_case(text),
            [Token::Any] => true,
            _ => run(&self.tokens, &[], text, strip_name),
        }
    }

    /// The variables that stand in the text.
    pub(crate) fn variables(&self) -> &[Variable] {
        &self.variables
    }
}

impl From<bool> for Match {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

/// Matches tokens from the left. After a failure the last `*` takes one character more: an earlier one need never
/// change, because what stood between the two has matched as early as it can.
///
/// `strip` takes a literal off the start of a text.
fn run<'t>(
    tokens: &[Token],
    values: &[Cow<'_, str>],
    text: &'t str,
    strip: impl Fn(&'t str, &str) -> Option<&'t str>,
) -> bool {
    let (mut at, mut rest) = (0, text);
    let mut last_star: Option<(usize, &str)> = None;
    loop {
        let step = match tokens.get(at) {
            None if rest.is_empty() => return true,
            None => None,
            Some(Token::Literal(literal)) => strip(rest, literal),
            Some(Token::Variable(index)) => strip(rest, &values[*index]),
            Some(Token::One) => skip_one(rest),
            Some(Token::Any) if at + 1 == tokens.len() => return true,
            Some(Token::Any) => {
                last_star = Some((at + 1, rest));
                Some(rest)
            }
        };
        (at, rest) = match (step, last_star) {
            (Some(rest), _) => (at + 1, rest),
            (None, None) => return false,
            (None, Some((after, from))) => match skip_one(from) {
                None => return false,
                Some(from) => {
                    last_star = Some((after, from));
                    (after, from)
                }
            },
        };
    }
}

/// The text after this start.
fn strip_exactly<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.strip_prefix(start)
}

/// The text after a start that may differ in ASCII case.
fn strip_name<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let (found, rest) = text.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
}

/// The text after its first character.
fn skip_one(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

#[derive(Default)]
struct Compiler {
    literal: String,
    tokens: Vec<Token>,
    variables: Vec<Variable>,
}

impl Compiler {
    fn token(&mut self, token: Token) {
        if !self.literal.is_empty() {
            let literal = std::mem::take(&mut self.literal);
            self.tokens.push(Token::Literal(literal.into()));
        }
        self.tokens.push(token);
    }

    /// Reads a variable after its `${` and returns what follows its `}`.
    fn variable<'a>(&mut self, text: &'a str, defaults: bool) -> Result<&'a str, &'static str> {
        let name_end = text.find(['}', ',', '\'']).ok_or("is not closed")?;
        let (name, rest) = text.split_at(name_end);
        if rest.starts_with('}') && matches!(name, "*" | "?" | "$") {
            self.literal.push_str(name);
            return Ok(&rest[1..]);
        }
        if name.is_empty() {
            return Err("has no name");
        }
        if name.contains(|character: char| character.is_whitespace() || "${*?".contains(character)) {
            return Err("has a name with a character that no name has");
        }
        let (default, rest) = match rest.strip_prefix(',') {
            Some(rest) if defaults => {
                let text = rest.trim_start_matches(' ').strip_prefix('\'');
                let (default, rest) = text
                    .and_then(|text| text.split_once('\''))
                    .ok_or("has no default in quotes")?;
                (Some(default.into()), rest.trim_start_matches(' '))
            }
            Some(_) => return Err("has a default, which only IAM policies know"),
            None => (None, rest),
        };
        let rest = rest.strip_prefix('}').ok_or("is not closed")?;
        let index = self.variables.len();
        self.variables.push(Variable {
            key: Key::new(name),
            default,
        });
        self.token(Token::Variable(index));
        Ok(rest)
    }

    fn finish(mut self) -> Pattern {
        if !self.literal.is_empty() {
            self.tokens.push(Token::Literal(self.literal.into()));
        }
        Pattern {
            tokens: self.tokens.into(),
            variables: self.variables.into(),
        }
    }
}
