//! SET, the items of SELECT, WHERE, and queries within expressions.

use std::sync::Arc;

use super::{DEPTH_LIMIT, PATH_LIMIT, Parser, VARIABLE_LIMIT, is_one_of};
use crate::error::SqlError;
use crate::lex::{Kind, Token};
use crate::syntax::{Expr, Item, Path, Projection, Select, Variable};

impl Parser<'_> {
    /// `SET @a = ..., @b = ...` before the SELECT, if it is there.
    pub(super) fn variables(&mut self) -> Result<Vec<Variable>, SqlError> {
        let mut variables = Vec::new();
        if !self.accept_word("set")? {
            return Ok(variables);
        }
        loop {
            let Token {
                kind: Kind::Variable(name),
                offset,
            } = self.current.clone()
            else {
                return Err(self.unexpected("a variable"));
            };
            let name: Arc<str> = name.into();
            if self.variables.contains(&name) {
                return Err(self.error_at(offset, format!("the variable @{name} is set twice")));
            }
            if self.variables.len() == VARIABLE_LIMIT {
                return Err(self.error_at(offset, format!("more than {VARIABLE_LIMIT} variables")));
            }
            self.advance()?;
            self.expect("=")?;
            let before = self.externals.len();
            let expr = self.expression()?;
            let externals = self.externals[before..].to_vec();
            self.variables.push(name.clone());
            variables.push(Variable {
                name,
                expr,
                externals,
            });
            if !self.accept(",")? {
                return Ok(variables);
            }
        }
    }

    pub(super) fn variable(&mut self, name: &str) -> Result<Expr, SqlError> {
        let Some(index) = self.variables.iter().position(|known| **known == *name) else {
            return Err(self.error(format!("there is no variable @{name}")));
        };
        self.advance()?;
        self.variables_needed = self.variables_needed.max(index + 1);
        Ok(Expr::Variable(index))
    }

    /// Items of a SELECT, or its VALUE.
    pub(super) fn projection(&mut self) -> Result<Projection, SqlError> {
        if self.is_value_keyword()? {
            self.advance()?;
            let value = self.whole_or_expression()?;
            return Ok(Projection::Value(value));
        }
        let mut items = Vec::new();
        loop {
            let position = items.len() + 1;
            items.push(self.item(position)?);
            if !self.accept(",")? {
                return Ok(Projection::Items(items));
            }
        }
    }

    /// Whether VALUE comes next as the keyword: payloads have members named `value` as well, so that it is one only
    /// where something follows that can be its operand and not go on from a name.
    fn is_value_keyword(&self) -> Result<bool, SqlError> {
        if !self.is_word("value") {
            return Ok(false);
        }
        let mut ahead = self.lexer;
        Ok(match ahead.next()?.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Variable(_) | Kind::Symbol("(" | "[" | "{") => true,
            // `VALUE *` ends there, `value * 2` goes on.
            Kind::Symbol("*") => match ahead.next()?.kind {
                Kind::End | Kind::Symbol(")") => true,
                Kind::Word(word) => is_one_of(&word, &["from", "where"]),
                _ => false,
            },
            Kind::Word(word) => !is_one_of(&word, &["from", "where", "as", "and", "or", "in"]),
            _ => false,
        })
    }

    fn item(&mut self, position: usize) -> Result<Item, SqlError> {
        if self.accept("*")? {
            return Ok(Item::All);
        }
        let expr = self.expression()?;
        if self.accept_word("as")? {
            let alias = self.path()?;
            return Ok(Item::Named(alias, expr));
        }
        let name = match &expr {
            Expr::Path(path) | Expr::Member(_, path) => path.last().cloned(),
            Expr::Variable(index) => self.variables.get(*index).cloned(),
            Expr::Call(call) => Some(call.function.name.into()),
            Expr::Cast(..) => Some("cast".into()),
            Expr::Case(_) => Some("case".into()),
            _ => None,
        };
        let name = name.unwrap_or_else(|| format!("_{position}").into());
        Ok(Item::Named(vec![name], expr))
    }

    pub(super) fn condition(&mut self) -> Result<Option<Expr>, SqlError> {
        if self.accept_word("where")? {
            self.expression().map(Some)
        } else {
            Ok(None)
        }
    }

    /// `a.b.c`, whatever words these are.
    pub(super) fn path(&mut self) -> Result<Path, SqlError> {
        let mut path = vec![self.name()?];
        self.more_names(&mut path)?;
        Ok(path)
    }

    pub(super) fn more_names(&mut self, path: &mut Path) -> Result<(), SqlError> {
        while self.accept(".")? {
            if path.len() == PATH_LIMIT {
                return Err(self.error(format!("more than {PATH_LIMIT} names in a path")));
            }
            path.push(self.name()?);
        }
        Ok(())
    }

    pub(super) fn name(&mut self) -> Result<Arc<str>, SqlError> {
        match self.advance()? {
            Token {
                kind: Kind::Word(word),
                ..
            } => Ok(word.into()),
            Token { kind, offset } => {
                Err(self.error_at(offset, format!("a name must stand here, not {}", kind.describe())))
            }
        }
    }

    /// A nested query; its FROM is an expression.
    pub(super) fn query(&mut self) -> Result<Expr, SqlError> {
        self.needs_second("a nested query")?;
        if self.depth == DEPTH_LIMIT {
            return Err(self.error(format!("expressions nested deeper than {DEPTH_LIMIT}")));
        }
        self.depth += 1;
        self.advance()?;
        let projection = self.projection()?;
        let source = if self.accept_word("from")? {
            Some(self.whole_or_expression()?)
        } else {
            None
        };
        let condition = self.condition()?;
        self.depth -= 1;
        Ok(Expr::Query(Box::new(Select {
            projection,
            source,
            condition,
        })))
    }
}
