//! A parsed statement: what [`parse`](crate::parse) makes and [`evaluate`](crate::evaluate) walks.

use std::sync::Arc;

use crate::functions::{External, Function, Literal};
use crate::value::Value;

/// A list of names, `a.b.c`.
pub(crate) type Path = Vec<Arc<str>>;

#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Literal(Value),
    /// `*`: the payload, or in a nested query the element that is looked at.
    Whole,
    /// A member of what `*` is.
    Path(Path),
    /// A variable of SET, by its place there.
    Variable(usize),
    /// A member of what another expression gives.
    Member(Box<Expr>, Path),
    Array(Vec<Expr>),
    Object(Vec<(Arc<str>, Expr)>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    /// Operands in a row, so that a long condition is no deep one.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// Operators of one precedence, from the left.
    Arithmetic(Box<Expr>, Vec<(Arithmetic, Expr)>),
    Compare(Box<Expr>, Comparison, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    Exists(Box<Expr>),
    Cast(Box<Expr>, Type),
    Case(Box<Case>),
    Call(Call),
    Query(Box<Select>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What `cast` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Int,
    Decimal,
    Bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) subject: Expr,
    pub(crate) branches: Vec<(Expr, Expr)>,
    pub(crate) otherwise: Option<Expr>,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    pub(crate) arguments: Vec<Expr>,
    /// Of a regular expression that is a literal, so that it is compiled once.
    pub(crate) pattern: Literal,
}

/// A variable of SET. Its expression refers to earlier ones alone.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: Arc<str>,
    pub(crate) expr: Expr,
    /// The functions of other services in it.
    pub(crate) externals: Vec<External>,
}

/// `SELECT ... FROM ... WHERE ...`; of a statement itself `source` is none, since a topic filter is no expression.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) projection: Projection,
    pub(crate) source: Option<Expr>,
    pub(crate) condition: Option<Expr>,
}

#[derive(Debug, Clone)]
pub(crate) enum Projection {
    /// `VALUE x`: the value itself.
    Value(Expr),
    /// An object of these.
    Items(Vec<Item>),
}

#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// `*`: all members.
    All,
    Named(Path, Expr),
}
