//! What operators stand between: constants, literals, names, functions, CASE, and what is in parentheses.

use super::{PATTERN_LIMIT, Parser, RESERVED, cut};
use crate::error::SqlError;
use crate::functions::{self, Literal};
use crate::json;
use crate::lex::{Kind, Token};
use crate::syntax::{Call, Case, Expr, Type};
use crate::value::Value;

impl Parser<'_> {
    pub(super) fn postfix(&mut self) -> Result<Expr, SqlError> {
        let expr = self.primary()?;
        if self.current.kind != Kind::Symbol(".") {
            return Ok(expr);
        }
        let mut path = Vec::new();
        self.more_names(&mut path)?;
        Ok(Expr::Member(Box::new(expr), path))
    }

    pub(super) fn number(&mut self, text: &str) -> Result<Expr, SqlError> {
        let number = json::number(text, self.version).ok_or_else(|| self.error("a number out of range"))?;
        self.advance()?;
        Ok(Expr::Literal(number))
    }

    fn primary(&mut self) -> Result<Expr, SqlError> {
        match self.current.kind.clone() {
            Kind::Number(text) => self.number(&text),
            Kind::Text(text) => {
                self.advance()?;
                Ok(Expr::Literal(Value::text(text)))
            }
            Kind::Variable(name) => self.variable(&name),
            Kind::Symbol("(") => self.parenthesis(),
            Kind::Symbol("[") => self.array(),
            Kind::Symbol("{") => self.object(),
            Kind::Word(word) => self.word(&word),
            Kind::Symbol("*") => Err(self.error(
                "\"*\" stands alone: as an item of SELECT, after VALUE, or as an argument of a function",
            )),
            _ => Err(self.unexpected("an expression")),
        }
    }

    fn parenthesis(&mut self) -> Result<Expr, SqlError> {
        self.expect("(")?;
        let expr = if self.is_word("select") {
            self.query()?
        } else {
            self.expression()?
        };
        self.expect(")")?;
        Ok(expr)
    }

    fn array(&mut self) -> Result<Expr, SqlError> {
        self.needs_second("an array literal")?;
        self.expect("[")?;
        let mut items = Vec::new();
        if !self.accept("]")? {
            loop {
                items.push(self.expression()?);
                if !self.accept(",")? {
                    break;
                }
            }
            self.expect("]")?;
        }
        Ok(Expr::Array(items))
    }

    fn object(&mut self) -> Result<Expr, SqlError> {
        self.needs_second("an object literal")?;
        self.expect("{")?;
        let mut members = Vec::new();
        if !self.accept("}")? {
            loop {
                let Token {
                    kind: Kind::Text(name),
                    ..
                } = self.current.clone()
                else {
                    return Err(self.unexpected("a key in quotes"));
                };
                self.advance()?;
                self.expect(":")?;
                members.push((name.into(), self.expression()?));
                if !self.accept(",")? {
                    break;
                }
            }
            self.expect("}")?;
        }
        Ok(Expr::Object(members))
    }

    /// What begins with a word: a constant, CASE, EXISTS, a function or a path.
    fn word(&mut self, word: &str) -> Result<Expr, SqlError> {
        let offset = self.current.offset;
        let lower = word.to_ascii_lowercase();
        let mut ahead = self.lexer;
        let is_call = matches!(
            ahead.next(),
            Ok(Token {
                kind: Kind::Symbol("("),
                ..
            })
        );
        match lower.as_str() {
            "true" | "false" => {
                self.advance()?;
                return Ok(Expr::Literal(Value::Bool(lower == "true")));
            }
            "null" => {
                self.advance()?;
                return Ok(Expr::Literal(Value::Null));
            }
            "case" => return self.case(),
            "exists" if is_call => {
                self.advance()?;
                return Ok(Expr::Exists(Box::new(self.parenthesis()?)));
            }
            "cast" if is_call => return self.cast(),
            _ => {}
        }
        if RESERVED.contains(&lower.as_str()) {
            return Err(self.unexpected("an expression"));
        }
        self.advance()?;
        if is_call {
            return self.call(word, &lower, offset);
        }
        let mut path = vec![word.into()];
        self.more_names(&mut path)?;
        Ok(Expr::Path(path))
    }

    fn call(&mut self, word: &str, lower: &str, offset: usize) -> Result<Expr, SqlError> {
        let Some(function) = functions::find(lower) else {
            return Err(self.error_at(offset, format!("there is no function {:?}", cut(word))));
        };
        if function.is_second && !self.version.is_second() {
            let name = function.name;
            return Err(self.error_at(
                offset,
                format!("the function {name} needs the SQL version 2016-03-23"),
            ));
        }
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.accept(")")? {
            loop {
                arguments.push(self.whole_or_expression()?);
                if !self.accept(",")? {
                    break;
                }
            }
            self.expect(")")?;
        }
        if let Err(problem) = functions::check(function, &arguments) {
            return Err(self.error_at(offset, problem));
        }
        if let Some(external) = function.external() {
            self.externals.push(external);
        }
        // A statement keeps so many of them compiled and no more; others are compiled for each message.
        let mut pattern = Literal::Unknown;
        if self.patterns < PATTERN_LIMIT {
            pattern = functions::literal_pattern(function, &arguments);
            self.patterns += usize::from(!matches!(pattern, Literal::Unknown));
        }
        Ok(Expr::Call(Call {
            function,
            arguments,
            pattern,
        }))
    }

    fn cast(&mut self) -> Result<Expr, SqlError> {
        self.advance()?;
        self.expect("(")?;
        let operand = self.expression()?;
        self.keyword("AS")?;
        let offset = self.current.offset;
        let name = self.name()?;
        let target = match name.to_ascii_lowercase().as_str() {
            "string" | "nvarchar" | "text" | "ntext" | "varchar" => Type::Text,
            "int" | "integer" => Type::Int,
            "double" => Type::Decimal,
            "decimal" if self.version.is_second() => Type::Decimal,
            "bool" | "boolean" if self.version.is_second() => Type::Bool,
            "decimal" | "bool" | "boolean" => {
                return Err(self.error_at(
                    offset,
                    format!("a cast to {name} needs the SQL version 2016-03-23"),
                ));
            }
            _ => return Err(self.error_at(offset, format!("there is no type {:?} to cast to", cut(&name)))),
        };
        self.expect(")")?;
        Ok(Expr::Cast(Box::new(operand), target))
    }

    fn case(&mut self) -> Result<Expr, SqlError> {
        self.advance()?;
        let subject = self.expression()?;
        let mut branches = Vec::new();
        while self.accept_word("when")? {
            let matched = self.expression()?;
            self.keyword("THEN")?;
            branches.push((matched, self.expression()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected("WHEN"));
        }
        let otherwise = if self.accept_word("else")? {
            Some(self.expression()?)
        } else {
            None
        };
        self.keyword("END")?;
        Ok(Expr::Case(Box::new(Case {
            subject,
            branches,
            otherwise,
        })))
    }
}
