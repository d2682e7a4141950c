//! Statements and substitution templates, as callers see them.

use std::sync::Arc;

use crate::error::{EvalError, SqlError};
use crate::evaluate::{Part, Run, Stop};
use crate::functions::External;
use crate::message::{Answer, Message, Outcome, Step};
use crate::parse;
use crate::syntax::{Expr, Select, Variable};
use crate::version::Version;

/// A rule's statement: parsed once, evaluated for every message that its filter matches.
#[derive(Debug, Clone)]
pub struct Statement {
    variables: Arc<[Variable]>,
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
            variables: parsed.variables.into(),
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
        let mut run = Run::new(message, self.version, answers, &self.variables, Part::Statement);
        let outcome: Result<Outcome, Stop> = run.statement(&self.select);
        step(outcome)
    }

    /// Parses a template of one of the rule's actions, which can use the variables that the statement sets.
    ///
    /// # Errors
    /// [`SqlError`] if an expression is none or is not closed.
    pub fn template(&self, text: &str) -> Result<Substitution, SqlError> {
        Substitution::with_variables(text, self.version, self.variables.clone())
    }
}

/// A text with `${expression}` in it, as the fields of a rule's actions may be.
#[derive(Debug, Clone)]
pub struct Substitution {
    text: String,
    pieces: Vec<Piece>,
    variables: Arc<[Variable]>,
    externals: Vec<External>,
    version: Version,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    /// An expression, and how it is written.
    Expression(Expr, String),
}

impl Substitution {
    /// Parses a template; a text without `${` is one as well. One that may use a statement's variables is parsed by
    /// [`Statement::template`].
    ///
    /// # Errors
    /// [`SqlError`] if an expression is none or is not closed.
    pub fn parse(text: &str, version: Version) -> Result<Self, SqlError> {
        Self::with_variables(text, version, Arc::default())
    }

    fn with_variables(text: &str, version: Version, variables: Arc<[Variable]>) -> Result<Self, SqlError> {
        if text.len() > parse::LENGTH_LIMIT {
            return Err(SqlError::at(
                text,
                0,
                format!("a template of more than {} bytes", parse::LENGTH_LIMIT),
            ));
        }
        let mut pieces = Vec::new();
        let mut externals = Vec::new();
        let mut variables_needed = 0;
        let mut at = 0;
        while let Some(found) = text[at..].find("${") {
            if found > 0 {
                pieces.push(Piece::Text(text[at..at + found].to_owned()));
            }
            let start = at + found + 2;
            let names = variables.iter().map(|variable| variable.name.clone()).collect();
            let read = parse::template_expression(text, start, version, names)?;
            externals.extend(read.externals);
            variables_needed = variables_needed.max(read.variables_needed);
            let written = text[start..read.end - 1].trim().chars().take(128).collect();
            pieces.push(Piece::Expression(read.expr, written));
            at = read.end;
        }
        externals.extend(
            variables[..variables_needed]
                .iter()
                .flat_map(|variable| &variable.externals),
        );
        if at < text.len() {
            pieces.push(Piece::Text(text[at..].to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
            variables,
            externals,
            version,
        })
    }

    /// The text, if there is nothing to evaluate in it.
    pub fn as_constant(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The functions of other services that it names, or that the variables in it do.
    pub fn externals(&self) -> &[External] {
        &self.externals
    }

    /// Puts the values of its expressions into the text, over the message as it came. With the statement's seed it draws
    /// other UUIDs than the statement and than other templates do, while variables keep their values. The calls of
    /// variables are met here again.
    ///
    /// # Errors
    /// [`EvalError::Undefined`] if an expression has no text, others as [`Statement::evaluate`].
    pub fn evaluate(&self, message: &Message<'_>, answers: &[Answer]) -> Result<Step<String>, EvalError> {
        if let Some(constant) = self.as_constant() {
            return Ok(Step::Done(constant.to_owned()));
        }
        step(self.filled(message, answers))
    }

    fn filled(&self, message: &Message<'_>, answers: &[Answer]) -> Result<String, Stop> {
        let part = Part::Template(&self.text);
        let mut run = Run::new(message, self.version, answers, &self.variables, part);
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Expression(expr, written) => {
                    let value = run.template(expr)?.to_text();
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
