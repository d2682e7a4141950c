//! Reads statements and expressions: recursive descent, one method per level of precedence.

use std::sync::Arc;

use crate::error::SqlError;
use crate::functions::{self, External};
use crate::json;
use crate::lex::{Kind, Lexer, Token};
use crate::syntax::{Arithmetic, Call, Case, Comparison, Expr, Item, Path, Projection, Select, Type};
use crate::value::Value;
use crate::version::Version;

/// Longest statement or template in bytes.
pub(crate) const LENGTH_LIMIT: usize = 64 * 1024;
/// Deepest nesting of expressions.
const DEPTH_LIMIT: usize = 48;
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
}

/// What stands after a statement's SELECT.
pub(crate) struct Parsed {
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
    let mut parser = Parser::new(text, 0, version)?;
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
        select: Select {
            projection,
            source: None,
            condition,
        },
        filter,
        externals: parser.externals,
    })
}

/// Reads an expression that begins at an offset and ends with `}`. Gives the offset behind the brace as well.
pub(crate) fn template_expression(
    text: &str,
    offset: usize,
    version: Version,
) -> Result<(Expr, Vec<External>, usize), SqlError> {
    let mut parser = Parser::new(text, offset, version)?;
    let expr = parser.expression()?;
    if parser.current.kind != Kind::Symbol("}") {
        return Err(parser.unexpected("\"}\""));
    }
    Ok((expr, parser.externals, parser.current.offset + 1))
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, offset: usize, version: Version) -> Result<Self, SqlError> {
        let mut lexer = Lexer::new(text, offset);
        let current = lexer.next()?;
        Ok(Self {
            text,
            lexer,
            current,
            depth: 0,
            version,
            externals: Vec::new(),
        })
    }

    /// Items of a SELECT, or its VALUE.
    fn projection(&mut self) -> Result<Projection, SqlError> {
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
            Kind::Number(_) | Kind::Text(_) | Kind::Symbol("(" | "[" | "{") => true,
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
            Expr::Call(call) => Some(call.function.name.into()),
            Expr::Cast(..) => Some("cast".into()),
            Expr::Case(_) => Some("case".into()),
            _ => None,
        };
        let name = name.unwrap_or_else(|| format!("_{position}").into());
        Ok(Item::Named(vec![name], expr))
    }

    fn condition(&mut self) -> Result<Option<Expr>, SqlError> {
        if self.accept_word("where")? {
            self.expression().map(Some)
        } else {
            Ok(None)
        }
    }

    /// `a.b.c`, whatever words these are.
    fn path(&mut self) -> Result<Path, SqlError> {
        let mut path = vec![self.name()?];
        self.more_names(&mut path)?;
        Ok(path)
    }

    fn more_names(&mut self, path: &mut Path) -> Result<(), SqlError> {
        while self.accept(".")? {
            if path.len() == PATH_LIMIT {
                return Err(self.error(format!("more than {PATH_LIMIT} names in a path")));
            }
            path.push(self.name()?);
        }
        Ok(())
    }

    fn name(&mut self) -> Result<Arc<str>, SqlError> {
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

    fn expression(&mut self) -> Result<Expr, SqlError> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.error(format!("expressions nested deeper than {DEPTH_LIMIT}")));
        }
        self.depth += 1;
        let expr = self.disjunction();
        self.depth -= 1;
        expr
    }

    /// `*` alone, or an expression.
    fn whole_or_expression(&mut self) -> Result<Expr, SqlError> {
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

    fn postfix(&mut self) -> Result<Expr, SqlError> {
        let expr = self.primary()?;
        if self.current.kind != Kind::Symbol(".") {
            return Ok(expr);
        }
        let mut path = Vec::new();
        self.more_names(&mut path)?;
        Ok(Expr::Member(Box::new(expr), path))
    }

    fn number(&mut self, text: &str) -> Result<Expr, SqlError> {
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

    /// A nested query; its FROM is an expression.
    fn query(&mut self) -> Result<Expr, SqlError> {
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
        let regex = functions::literal_regex(function, &arguments);
        Ok(Expr::Call(Call {
            function,
            arguments,
            regex,
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
