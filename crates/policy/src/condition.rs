//! Conditions of a statement: which operator asks what of which key, and when it holds.

use crate::compare::{Comparison, Order, Test};
use crate::parse::Effect;
use crate::pattern::Match;
use crate::variables::{Key, Values, Variables};

/// One key under one operator, with the values that the policy gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) key: Key,
    pub(crate) check: Check,
}

/// What is asked of the key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    /// `Null`: whether the key is absent must be one of these.
    Null(Box<[bool]>),
    /// Every other operator.
    Compare {
        operator: CompareOperator,
        tests: Box<[Test]>,
    },
}

/// An operator as its name says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Null,
    Compare(CompareOperator),
}

/// An operator that compares values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CompareOperator {
    quantifier: Quantifier,
    pub(crate) comparison: Comparison,
    /// Asks that the request's value matches none of the policy's.
    negated: bool,
    if_exists: bool,
}

/// How many of a key's values must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    /// No prefix: the key has one value. If it has several, one must match, or with a negation none.
    Single,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

impl Operator {
    /// Reads an operator's name; names tell cases apart.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if name == "Null" {
            return Some(Self::Null);
        }
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantifier::All, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::Any, rest)
        } else {
            (Quantifier::Single, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (_, comparison, negated) = *OPERATORS.iter().find(|(known, ..)| *known == base)?;
        Some(Self::Compare(CompareOperator {
            quantifier,
            comparison,
            negated,
            if_exists,
        }))
    }
}

/// Name, comparison, and whether the operator is its negation.
const OPERATORS: [(&str, Comparison, bool); 26] = [
    ("StringEquals", Comparison::Text, false),
    ("StringNotEquals", Comparison::Text, true),
    ("StringEqualsIgnoreCase", Comparison::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::TextIgnoringCase, true),
    ("StringLike", Comparison::TextLike, false),
    ("StringNotLike", Comparison::TextLike, true),
    ("NumericEquals", Comparison::Number(Order::Equal), false),
    ("NumericNotEquals", Comparison::Number(Order::Equal), true),
    ("NumericLessThan", Comparison::Number(Order::Less), false),
    (
        "NumericLessThanEquals",
        Comparison::Number(Order::LessOrEqual),
        false,
    ),
    ("NumericGreaterThan", Comparison::Number(Order::Greater), false),
    (
        "NumericGreaterThanEquals",
        Comparison::Number(Order::GreaterOrEqual),
        false,
    ),
    ("DateEquals", Comparison::Date(Order::Equal), false),
    ("DateNotEquals", Comparison::Date(Order::Equal), true),
    ("DateLessThan", Comparison::Date(Order::Less), false),
    ("DateLessThanEquals", Comparison::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Comparison::Date(Order::Greater), false),
    (
        "DateGreaterThanEquals",
        Comparison::Date(Order::GreaterOrEqual),
        false,
    ),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Bytes, false),
    ("IpAddress", Comparison::Address, false),
    ("NotIpAddress", Comparison::Address, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
];

impl Condition {
    /// Whether the condition of a statement with this effect holds.
    pub(crate) fn holds(&self, effect: Effect, variables: &dyn Variables) -> bool {
        let values = variables.values(&self.key);
        match &self.check {
            Check::Null(wanted) => wanted.contains(&values.is_missing()),
            Check::Compare { operator, tests } => operator.holds(&values, tests, effect, variables),
        }
    }

    /// The values that the key is compared with.
    pub(crate) fn tests(&self) -> &[Test] {
        match &self.check {
            Check::Null(_) => &[],
            Check::Compare { tests, .. } => tests,
        }
    }

    /// Whether a request without this key may be one that the author did not think of.
    pub(crate) fn wants_key(&self) -> bool {
        matches!(&self.check, Check::Compare { operator, .. } if !operator.if_exists)
    }
}

impl CompareOperator {
    fn holds(self, values: &Values<'_>, tests: &[Test], effect: Effect, variables: &dyn Variables) -> bool {
        if values.is_missing() {
            // IAM guide, "Condition operators" and "Conditions with multiple context keys or values": a missing key
            // fails, but passes a negation, an IfExists and a ForAllValues; ForAnyValue needs a value even then.
            return match self.quantifier {
                _ if self.if_exists => true,
                Quantifier::All => true,
                Quantifier::Any => false,
                Quantifier::Single => self.negated,
            };
        }
        let mut values = values.iter();
        let passes = |value: &str| self.passes(value, tests, effect, variables);
        match self.quantifier {
            Quantifier::All => values.all(passes),
            Quantifier::Any => values.any(passes),
            Quantifier::Single if self.negated => values.all(passes),
            Quantifier::Single => values.any(passes),
        }
    }

    fn passes(self, value: &str, tests: &[Test], effect: Effect, variables: &dyn Variables) -> bool {
        let mut found = Match::No;
        for test in tests {
            match test.matches(value, variables) {
                Match::Yes => return !self.negated,
                Match::No => {}
                Match::Unresolved => found = Match::Unresolved,
            }
        }
        self.negated && effect.holds_for_negated(found)
    }
}

impl Effect {
    /// Whether "does not match" holds, of patterns of which none matched. A pattern whose variable has no value
    /// matches nothing; but that it does not match must not widen an Allow.
    pub(crate) fn holds_for_negated(self, found: Match) -> bool {
        match found {
            Match::Yes => false,
            Match::No => true,
            Match::Unresolved => self == Self::Deny,
        }
    }
}
