//! Operators, from those that bind least to those that bind most.

use super::{DEPTH_LIMIT, Parser};
use crate::error::SqlError;
use crate::lex::Kind;
use crate::syntax::{Arithmetic, Comparison, Expr};

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expr, SqlError> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.error(format!("expressions nested deeper than {DEPTH_LIMIT}")));
        }
        self.depth += 1;
        let expr = self.disjunction();
        self.depth -= 1;
        expr
    }

    /// `*` alone, or an expression.
    pub(super) fn whole_or_expression(&mut self) -> Result<Expr, SqlError> {
        if self.accept("*")? {
            Ok(Expr::Whole)
        } else {
            self.expression()
        }
    }

    fn disjunction(&mut self) -> Result<Expr, SqlError> {
        let first = self.conjunction()?;
        if !self.is_word("or") {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.accept_word("or")? {
            operands.push(self.conjunction()?);
        }
        Ok(Expr::Or(operands))
    }

    fn conjunction(&mut self) -> Result<Expr, SqlError> {
        let first = self.negation()?;
        if !self.is_word("and") {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.accept_word("and")? {
            operands.push(self.negation()?);
        }
        Ok(Expr::And(operands))
    }

    fn negation(&mut self) -> Result<Expr, SqlError> {
        if !self.is_word("not") {
            return self.comparison();
        }
        // An expression of its own counts the depth, else a row of NOTs would have none.
        self.advance()?;
        self.depth += 1;
        let operand = if self.depth > DEPTH_LIMIT {
            Err(self.error(format!("expressions nested deeper than {DEPTH_LIMIT}")))
        } else {
            self.negation()
        };
        self.depth -= 1;
        Ok(Expr::Not(Box::new(operand?)))
    }

    fn comparison(&mut self) -> Result<Expr, SqlError> {
        let left = self.sum()?;
        if self.accept_word("in")? {
            let right = self.sum()?;
            return Ok(Expr::In(Box::new(left), Box::new(right)));
        }
        let operator = match self.current.kind {
            Kind::Symbol("=") => Comparison::Equal,
            Kind::Symbol("<>" | "!=") => Comparison::NotEqual,
            Kind::Symbol("<") => Comparison::Less,
            Kind::Symbol("<=") => Comparison::LessOrEqual,
            Kind::Symbol(">") => Comparison::Greater,
            Kind::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.advance()?;
        let right = self.sum()?;
        Ok(Expr::Compare(Box::new(left), operator, Box::new(right)))
    }

    fn sum(&mut self) -> Result<Expr, SqlError> {
        self.chain(Self::product, |kind| match kind {
            Kind::Symbol("+") => Some(Arithmetic::Add),
            Kind::Symbol("-") => Some(Arithmetic::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Expr, SqlError> {
        self.chain(Self::unary, |kind| match kind {
            Kind::Symbol("*") => Some(Arithmetic::Multiply),
            Kind::Symbol("/") => Some(Arithmetic::Divide),
            Kind::Symbol("%") => Some(Arithmetic::Remainder),
            _ => None,
        })
    }

    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Expr, SqlError>,
        operator: fn(&Kind) -> Option<Arithmetic>,
    ) -> Result<Expr, SqlError> {
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some(operator) = operator(&self.current.kind) {
            self.advance()?;
            rest.push((operator, operand(self)?));
        }
        Ok(if rest.is_empty() {
            first
        } else {
            Expr::Arithmetic(Box::new(first), rest)
        })
    }

    fn unary(&mut self) -> Result<Expr, SqlError> {
        let mut is_negative = false;
        let mut is_signed = false;
        while let Kind::Symbol(sign @ ("-" | "+")) = self.current.kind {
            is_negative ^= sign == "-";
            is_signed = true;
            self.advance()?;
        }
        if is_negative && let Kind::Number(number) = &self.current.kind {
            let text = format!("-{number}");
            return self.number(&text);
        }
        let operand = self.postfix()?;
        Ok(if is_negative {
            Expr::Negate(Box::new(operand))
        } else if is_signed {
            // A sign makes a number of it, or nothing.
            Expr::Negate(Box::new(Expr::Negate(Box::new(operand))))
        } else {
            operand
        })
    }
}
