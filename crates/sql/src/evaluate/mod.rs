//! Walks a statement over a message.
//!
//! Functions of other services are not called here: an evaluation that needs one stops with the call, and is begun anew
//! with the answers so far. The i-th call that is met takes the i-th answer, which is the right one because everything
//! else is the same each time.

mod select;

use sha2::{Digest as _, Sha256};

use crate::error::EvalError;
use crate::functions::{Arguments, Body, External};
use crate::json;
use crate::message::{Answer, ExternalCall, Message};
use crate::operators;
use crate::syntax::{Call, Case, Expr, Variable};
use crate::value::{Array, Object, Value};
use crate::version::Version;

/// Most bytes of a value, about as it is in JSON.
pub(crate) const VALUE_LIMIT: usize = 256 * 1024;
/// Deepest nesting of a value that is evaluated.
const VALUE_DEPTH_LIMIT: usize = 200;
/// Most calls of other services for one message.
pub(crate) const CALL_LIMIT: usize = 10;
/// Most steps of one evaluation: an expression is one, and so are some bytes that a function reads.
const STEP_LIMIT: usize = 300_000;
/// Bytes that count as a step.
const BYTES_PER_STEP: usize = 64;

/// Why a walk ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    Call(ExternalCall),
    Error(EvalError),
}

impl From<EvalError> for Stop {
    fn from(error: EvalError) -> Self {
        Self::Error(error)
    }
}

/// One evaluation.
pub(crate) struct Run<'m> {
    pub(crate) message: &'m Message<'m>,
    pub(crate) version: Version,
    answers: &'m [Answer],
    answered: usize,
    variables: &'m [Variable],
    /// The values of the first variables, as many as were needed.
    known: Vec<Value>,
    /// What is evaluated, so that each part draws numbers of its own.
    part: Part<'m>,
    draws: u32,
    steps: usize,
    /// The payload as JSON, or Undefined.
    payload: Value,
}

/// A part of a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'m> {
    /// The statement, but for its variables.
    Statement,
    /// A variable, which has the same value wherever it is used.
    Variable(usize),
    /// A template with its text.
    Template(&'m str),
}

/// What names and `*` refer to.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'v> {
    value: &'v Value,
    /// Whether this is the message itself, whose bytes are known as they came.
    is_message: bool,
}

impl<'m> Run<'m> {
    pub(crate) fn new(
        message: &'m Message<'m>,
        version: Version,
        answers: &'m [Answer],
        variables: &'m [Variable],
        part: Part<'m>,
    ) -> Self {
        Self {
            variables,
            known: Vec::new(),
            part,
            payload: json::parse(message.payload, version).unwrap_or(Value::Undefined),
            message,
            version,
            answers,
            answered: 0,
            draws: 0,
            steps: 0,
        }
    }

    /// An expression of a substitution template.
    pub(crate) fn template(&mut self, expr: &Expr) -> Result<Value, Stop> {
        let payload = self.payload.clone();
        let scope = Scope {
            value: &payload,
            is_message: true,
        };
        self.eval(expr, scope)
    }

    /// A variable's value. Those before it are evaluated first, so that none of them is evaluated within another.
    fn variable(&mut self, index: usize) -> Result<Value, Stop> {
        let variables = self.variables;
        while self.known.len() <= index {
            let next = self.known.len();
            let Some(variable) = variables.get(next) else {
                return Ok(Value::Undefined);
            };
            let before = (self.part, self.draws);
            (self.part, self.draws) = (Part::Variable(next), 0);
            let value = self.template(&variable.expr)?;
            (self.part, self.draws) = before;
            self.known.push(value);
        }
        Ok(self.known[index].clone())
    }

    fn eval(&mut self, expr: &Expr, scope: Scope<'_>) -> Result<Value, Stop> {
        self.step()?;
        let value = match expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Whole => Ok(scope.value.clone()),
            Expr::Variable(index) => self.variable(*index),
            Expr::Path(path) => Ok(follow(scope.value.clone(), path)),
            Expr::Member(inner, path) => Ok(follow(self.eval(inner, scope)?, path)),
            Expr::Array(items) => {
                let mut array = Array::default();
                for item in items {
                    array.push(self.eval(item, scope)?);
                    Self::bound(array.weight())?;
                }
                Ok(array.into())
            }
            Expr::Object(members) => {
                let mut object = Object::default();
                for (name, member) in members {
                    object.insert(name.clone(), self.eval(member, scope)?);
                    Self::bound(object.weight())?;
                }
                Ok(object.into())
            }
            Expr::Not(operand) => Ok(Value::or_undefined(
                self.eval(operand, scope)?.to_bool().map(|value| !value),
            )),
            Expr::Negate(operand) => Ok(operators::negate(&self.eval(operand, scope)?, self.version)),
            Expr::And(operands) => self.fold(operands, scope, |one, two| one && two),
            Expr::Or(operands) => self.fold(operands, scope, |one, two| one || two),
            Expr::Arithmetic(first, rest) => {
                let mut value = self.eval(first, scope)?;
                for (operator, operand) in rest {
                    let operand = self.eval(operand, scope)?;
                    self.charge(value.weight() + operand.weight())?;
                    value = operators::arithmetic(&value, *operator, &operand, self.version);
                    Self::bound(value.weight())?;
                }
                Ok(value)
            }
            Expr::Compare(left, operator, right) => {
                let (left, right) = (self.eval(left, scope)?, self.eval(right, scope)?);
                self.charge(left.weight().min(right.weight()))?;
                Ok(operators::compare(&left, *operator, &right))
            }
            Expr::In(left, right) => {
                let (left, right) = (self.eval(left, scope)?, self.eval(right, scope)?);
                self.charge(right.weight())?;
                Ok(match right {
                    _ if left.is_undefined() => Value::Undefined,
                    Value::Array(array) => Value::Bool(array.items().iter().any(|item| item.equals(&left))),
                    _ => Value::Undefined,
                })
            }
            Expr::Exists(operand) => Ok(match self.eval(operand, scope)? {
                Value::Array(array) => Value::Bool(!array.items().is_empty()),
                Value::Object(_) => Value::Bool(true),
                _ => Value::Bool(false),
            }),
            Expr::Cast(operand, target) => {
                let value = self.eval(operand, scope)?;
                self.charge(value.weight())?;
                let value = operators::cast(&value, *target, self.version);
                Self::bound(value.weight())?;
                Ok(value)
            }
            Expr::Case(case) => self.case(case, scope),
            Expr::Call(call) => self.call(call, scope),
            Expr::Query(select) => self.query(select, scope),
        }?;
        // Variables can hold variables, so that the statement's own depth is no bound.
        if value.depth() > VALUE_DEPTH_LIMIT {
            return Err(EvalError::TooDeep {
                limit: VALUE_DEPTH_LIMIT,
            }
            .into());
        }
        Ok(value)
    }

    /// All operands are evaluated: one that is neither true nor false makes the whole Undefined, as the tables have it.
    fn fold(
        &mut self,
        operands: &[Expr],
        scope: Scope<'_>,
        combine: fn(bool, bool) -> bool,
    ) -> Result<Value, Stop> {
        let mut result = None;
        let mut is_undefined = false;
        for operand in operands {
            match (self.eval(operand, scope)?.to_bool(), result) {
                (None, _) => is_undefined = true,
                (Some(value), None) => result = Some(value),
                (Some(value), Some(so_far)) => result = Some(combine(so_far, value)),
            }
        }
        Ok(if is_undefined {
            Value::Undefined
        } else {
            Value::or_undefined(result)
        })
    }

    fn case(&mut self, case: &Case, scope: Scope<'_>) -> Result<Value, Stop> {
        let subject = self.eval(&case.subject, scope)?;
        if subject.is_undefined() {
            return Ok(Value::Undefined);
        }
        for (matched, result) in &case.branches {
            let matched = self.eval(matched, scope)?;
            self.charge(matched.weight().min(subject.weight()))?;
            if subject.equals(&matched) {
                return self.eval(result, scope);
            }
        }
        match &case.otherwise {
            Some(otherwise) => self.eval(otherwise, scope),
            None => Ok(Value::Undefined),
        }
    }

    fn call(&mut self, call: &Call, scope: Scope<'_>) -> Result<Value, Stop> {
        let mut values = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            values.push(self.eval(argument, scope)?);
        }
        let value = match call.function.body {
            Body::External(external) => self.answer(external, values)?,
            Body::Native(body) => {
                let is_message = scope.is_message && matches!(call.arguments.first(), Some(Expr::Whole));
                let arguments = Arguments {
                    values: &values,
                    pattern: &call.pattern,
                    message: is_message.then_some(self.message.payload),
                };
                body(self, &arguments)?
            }
        };
        Self::bound(value.weight())?;
        Ok(value)
    }

    fn answer(&mut self, function: External, arguments: Vec<Value>) -> Result<Value, Stop> {
        let Some(answer) = self.answers.get(self.answered) else {
            if self.answered >= CALL_LIMIT {
                return Err(EvalError::TooManyCalls { limit: CALL_LIMIT }.into());
            }
            return Err(Stop::Call(ExternalCall { function, arguments }));
        };
        self.answered += 1;
        Ok(match answer {
            Answer::Json(bytes) => {
                Self::bound(bytes.len())?;
                self.charge(bytes.len())?;
                json::parse(bytes, self.version).unwrap_or(Value::Undefined)
            }
            Answer::Text(text) => Value::from(text.as_str()),
            Answer::Undefined => Value::Undefined,
        })
    }

    /// Sixteen bytes that nobody can foresee who does not know the seed.
    pub(crate) fn draw(&mut self) -> [u8; 16] {
        self.draws += 1;
        let mut hash = Sha256::new();
        hash.update(self.message.seed);
        hash.update(self.draws.to_be_bytes());
        match self.part {
            Part::Statement => {}
            Part::Variable(index) => hash.update(format!("@{index}")),
            Part::Template(text) => hash.update(text),
        }
        let mut drawn = [0; 16];
        drawn.copy_from_slice(&hash.finalize()[..16]);
        drawn
    }

    /// Counts one step.
    fn step(&mut self) -> Result<(), EvalError> {
        self.steps += 1;
        if self.steps > STEP_LIMIT {
            Err(EvalError::TooMuchWork)
        } else {
            Ok(())
        }
    }

    /// Counts the steps of looking at so many bytes.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.steps += bytes / BYTES_PER_STEP;
        self.step()
    }

    /// Refuses what is too large.
    pub(crate) fn bound(weight: usize) -> Result<(), EvalError> {
        if weight > VALUE_LIMIT {
            Err(EvalError::TooLarge { limit: VALUE_LIMIT })
        } else {
            Ok(())
        }
    }
}

/// A member of a member of ..., or Undefined.
fn follow(value: Value, path: &[std::sync::Arc<str>]) -> Value {
    path.iter().fold(value, |value, name| value.member(name))
}
