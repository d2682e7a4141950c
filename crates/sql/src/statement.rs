//! Statements and substitution templates, as callers see them.

use crate::error::{EvalError, SqlError};
use crate::evaluate::{Run, Stop};
use crate::functions::External;
use crate::message::{Answer, Message, Outcome, Step};
use crate::parse;
use crate::syntax::{Expr, Select};
use crate::value::Value;
use crate::version::Version;

/// A rule's statement: parsed once, evaluated for every message that its filter matches.
#[derive(Debug, Clone)]
pub struct Statement {
    select: Select,
    filter: Option<String>,
    externals: Vec<External>,
    version: Version,
}

impl Statement {
    /// Parses a statement.
    ///
    /// # Errors
    /// [`SqlError`] tells what is wrong and where.
    pub fn parse(sql: &str, version: Version) -> Result<Self, SqlError> {
        let parsed = parse::statement(sql, version)?;
        let filter = match parsed.filter {
            Some((filter, offset)) => match filter_problem(&filter) {
                Some(problem) => return Err(SqlError::at(sql, offset, problem)),
                None => Some(filter),
            },
            None => None,
        };
        Ok(Self {
            select: parsed.select,
            filter,
            externals: parsed.externals,
            version,
        })
    }

    /// The topic filter of FROM; none in a rule that is for Basic Ingest alone.
    pub fn topic_filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }

    /// The version that it was parsed as.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The functions of other services that it names, each as often as it does.
    pub fn externals(&self) -> &[External] {
        &self.externals
    }

    /// Evaluates it over a message, with the answers to the calls that earlier evaluations of the same message ended
    /// with. Whether the topic matches the filter is not looked at.
    ///
    /// # Errors
    /// [`EvalError`] if a value becomes too large or the work too much.
    pub fn evaluate(&self, message: &Message<'_>, answers: &[Answer]) -> Result<Step, EvalError> {
        let outcome: Result<Outcome, Stop> = Run::new(message, self.version, answers).statement(&self.select);
        step(outcome)
    }
}

/// A text with `${expression}` in it, as the fields of a rule's actions may be.
#[derive(Debug, Clone)]
pub struct Substitution {
    parts: Vec<Part>,
    externals: Vec<External>,
    version: Version,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    /// An expression, and how it is written.
    Expression(Expr, String),
}

impl Substitution {
    /// Parses a template; a text without `${` is one as well.
    ///
    /// # Errors
    /// [`SqlError`] if an expression is none or is not closed.
    pub fn parse(text: &str, version: Version) -> Result<Self, SqlError> {
        if text.len() > parse::LENGTH_LIMIT {
            return Err(SqlError::at(
                text,
                0,
                format!("a template of more than {} bytes", parse::LENGTH_LIMIT),
            ));
        }
        let mut parts = Vec::new();
        let mut externals = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("${") {
            if found > 0 {
                parts.push(Part::Text(text[at..at + found].to_owned()));
            }
            let start = at + found + 2;
            let (expr, named, end) = parse::template_expression(text, start, version)?;
            externals.extend(named);
            let written = text[start..end - 1].trim().chars().take(128).collect();
            parts.push(Part::Expression(expr, written));
            at = end;
        }
        if at < text.len() {
            parts.push(Part::Text(text[at..].to_owned()));
        }
        Ok(Self {
            parts,
            externals,
            version,
        })
    }

    /// The text, if there is nothing to evaluate in it.
    pub fn as_constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The functions of other services that it names, each as often as it does.
    pub fn externals(&self) -> &[External] {
        &self.externals
    }

    /// Puts the values of its expressions into the text, over the message as it came. Give it another seed than the
    /// statement had, unless both shall draw the same UUIDs.
    ///
    /// # Errors
    /// [`EvalError::Undefined`] if an expression has no text, others as [`Statement::evaluate`].
    pub fn evaluate(&self, message: &Message<'_>, answers: &[Answer]) -> Result<Step<String>, EvalError> {
        if let Some(constant) = self.as_constant() {
            return Ok(Step::Done(constant.to_owned()));
        }
        step(self.text(message, answers))
    }

    fn text(&self, message: &Message<'_>, answers: &[Answer]) -> Result<String, Stop> {
        let mut run = Run::new(message, self.version, answers);
        let payload: Value = run.payload();
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Expression(expr, written) => {
                    let value = run.template(expr, &payload)?.to_text();
                    let value = value.ok_or_else(|| EvalError::Undefined {
                        expression: written.clone(),
                    })?;
                    text.push_str(&value);
                }
            }
            Run::bound(text.len())?;
        }
        Ok(text)
    }
}

fn step<T>(result: Result<T, Stop>) -> Result<Step<T>, EvalError> {
    match result {
        Ok(done) => Ok(Step::Done(done)),
        Err(Stop::Call(call)) => Ok(Step::Call(call)),
        Err(Stop::Error(error)) => Err(error),
    }
}

/// What is wrong with a topic filter (MQTT 5, 4.7), if anything.
fn filter_problem(filter: &str) -> Option<&'static str> {
    if filter.is_empty() {
        return Some("the topic filter is empty");
    }
    if filter.len() > 256 {
        return Some("the topic filter has more than 256 bytes");
    }
    if filter.contains('\0') {
        return Some("the topic filter holds a null character");
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains('#') && (level != "#" || levels.peek().is_some()) {
            return Some("\"#\" must be the last level of a topic filter");
        }
        if level.contains('+') && level != "+" {
            return Some("\"+\" must be a whole level of a topic filter");
        }
    }
    None
}
