//! Reads statements and expressions: recursive descent, one method per level of precedence.

mod expression;
mod primary;
mod select;

use std::sync::Arc;

use crate::error::SqlError;
use crate::functions::External;
use crate::lex::{Kind, Lexer, Token};
use crate::syntax::{Expr, Select, Variable};
use crate::version::Version;

/// Longest statement or template in bytes.
pub(crate) const LENGTH_LIMIT: usize = 64 * 1024;
/// Deepest nesting of expressions.
const DEPTH_LIMIT: usize = 48;
/// Most variables of a statement.
const VARIABLE_LIMIT: usize = 64;
/// Most regular expressions that a statement keeps compiled.
const PATTERN_LIMIT: usize = 16;
/// Most names in a path or an alias.
const PATH_LIMIT: usize = 32;

/// Words that begin no expression and are no names of members of the payload.
const RESERVED: [&str; 15] = [
    "select", "from", "where", "as", "and", "or", "not", "in", "case", "when", "then", "else", "end", "true",
    "false",
];

pub(crate) struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    current: Token,
    depth: usize,
    version: Version,
    /// The functions of other services that were named so far.
    externals: Vec<External>,
    /// The variables that can be referred to.
    variables: Vec<Arc<str>>,
    /// How many of them the last one that was referred to needs.
    variables_needed: usize,
    /// Regular expressions that were compiled.
    patterns: usize,
}

/// What stands after a statement's SELECT.
pub(crate) struct Parsed {
    pub(crate) variables: Vec<Variable>,
    pub(crate) select: Select,
    pub(crate) filter: Option<(String, usize)>,
    pub(crate) externals: Vec<External>,
}

/// Reads a whole statement.
pub(crate) fn statement(text: &str, version: Version) -> Result<Parsed, SqlError> {
    if text.len() > LENGTH_LIMIT {
        return Err(SqlError::at(
            text,
            0,
            format!("a statement of more than {LENGTH_LIMIT} bytes"),
        ));
    }
    let mut parser = Parser::new(text, 0, version, Vec::new())?;
    let variables = parser.variables()?;
    parser.keyword("SELECT")?;
    let projection = parser.projection()?;
    let mut filter = None;
    if parser.accept_word("from")? {
        let Token { kind, offset } = parser.advance()?;
        let Kind::Text(topic) = kind else {
            return Err(parser.error_at(
                offset,
                format!(
                    "FROM needs a topic filter in single quotes, not {}",
                    kind.describe()
                ),
            ));
        };
        filter = Some((topic, offset));
    }
    let condition = parser.condition()?;
    parser.end()?;
    Ok(Parsed {
        variables,
        select: Select {
            projection,
            source: None,
            condition,
        },
        filter,
        externals: parser.externals,
    })
}

/// An expression of a template.
pub(crate) struct TemplateExpression {
    pub(crate) expr: Expr,
    pub(crate) externals: Vec<External>,
    /// How many of the variables it needs, from the first.
    pub(crate) variables_needed: usize,
    /// The offset behind its brace.
    pub(crate) end: usize,
}

/// Reads an expression that begins at an offset and ends with `}`; it can refer to some variables.
pub(crate) fn template_expression(
    text: &str,
    offset: usize,
    version: Version,
    variables: Vec<Arc<str>>,
) -> Result<TemplateExpression, SqlError> {
    let mut parser = Parser::new(text, offset, version, variables)?;
    let expr = parser.expression()?;
    if parser.current.kind != Kind::Symbol("}") {
        return Err(parser.unexpected("\"}\""));
    }
    Ok(TemplateExpression {
        expr,
        externals: parser.externals,
        variables_needed: parser.variables_needed,
        end: parser.current.offset + 1,
    })
}

impl<'a> Parser<'a> {
    fn new(
        text: &'a str,
        offset: usize,
        version: Version,
        variables: Vec<Arc<str>>,
    ) -> Result<Self, SqlError> {
        let mut lexer = Lexer::new(text, offset);
        let current = lexer.next()?;
        Ok(Self {
            text,
            lexer,
            current,
            depth: 0,
            version,
            externals: Vec::new(),
            variables,
            variables_needed: 0,
            patterns: 0,
        })
    }

    fn needs_second(&self, what: &str) -> Result<(), SqlError> {
        if self.version.is_second() {
            return Ok(());
        }
        Err(self.error(format!("{what} needs the SQL version 2016-03-23")))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.current.kind, Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn accept_word(&mut self, word: &str) -> Result<bool, SqlError> {
        let is_there = self.is_word(word);
        if is_there {
            self.advance()?;
        }
        Ok(is_there)
    }

    fn keyword(&mut self, word: &str) -> Result<(), SqlError> {
        if self.accept_word(word)? {
            Ok(())
        } else {
            Err(self.unexpected(word))
        }
    }

    fn accept(&mut self, symbol: &'static str) -> Result<bool, SqlError> {
        let is_there = self.current.kind == Kind::Symbol(symbol);
        if is_there {
            self.advance()?;
        }
        Ok(is_there)
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), SqlError> {
        if self.accept(symbol)? {
            Ok(())
        } else {
            Err(self.unexpected(&format!("{symbol:?}")))
        }
    }

    fn end(&self) -> Result<(), SqlError> {
        if self.current.kind == Kind::End {
            Ok(())
        } else {
            Err(self.unexpected("the end of the statement"))
        }
    }

    /// Takes the current token and reads the next one.
    fn advance(&mut self) -> Result<Token, SqlError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.current, next))
    }

    fn unexpected(&self, expected: &str) -> SqlError {
        self.error(format!(
            "{expected} must stand here, not {}",
            self.current.kind.describe()
        ))
    }

    fn error(&self, problem: impl Into<String>) -> SqlError {
        self.error_at(self.current.offset, problem)
    }

    fn error_at(&self, offset: usize, problem: impl Into<String>) -> SqlError {
        SqlError::at(self.text, offset, problem)
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

/// A name as a message shows it.
fn cut(name: &str) -> String {
    name.chars().take(64).collect()
}
