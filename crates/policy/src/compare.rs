//! One value of a condition against one value of the request (IAM guide, "Condition operators").

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::date::Instant;
use crate::error::PolicyError;
use crate::pattern::{Match, Pattern, Syntax};
use crate::variables::Variables;

/// What an operator compares, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Text,
    TextIgnoringCase,
    TextLike,
    Bool,
    Bytes,
    Address,
    Arn,
    Number(Order),
    Date(Order),
}

/// What the order of the request's value and the policy's must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value of a condition, ready to compare.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Text(Pattern),
    /// Also for `Bool`, which compares words.
    TextIgnoringCase(Pattern),
    Bytes(Box<[u8]>),
    Network(Network),
    /// The six fields of an ARN.
    Arn(Box<[Pattern; ARN_FIELDS]>),
    AnyArn,
    Number(Order, f64),
    Date(Order, Instant),
}

impl Test {
    /// Reads a value that stands at `place`. A value that could never match is refused: in a Deny it would be a
    /// guard that does not guard.
    pub(crate) fn parse(
        comparison: Comparison,
        text: &str,
        syntax: Syntax,
        place: &str,
    ) -> Result<Self, PolicyError> {
        let compile = |text: &str, wildcards| {
            Pattern::compile(text, Syntax { wildcards, ..syntax }).map_err(|problem| PolicyError::Variable {
                place: place.to_owned(),
                problem,
            })
        };
        let wrong = |expected| PolicyError::value(place, text, expected);
        Ok(match comparison {
            Comparison::Text => Self::Text(compile(text, false)?),
            Comparison::TextLike => Self::Text(compile(text, true)?),
            Comparison::TextIgnoringCase => Self::TextIgnoringCase(compile(text, false)?),
            Comparison::Bool => {
                let pattern = compile(text, false)?;
                let is_word = ["true", "false"]
                    .iter()
                    .any(|word| text.eq_ignore_ascii_case(word));
                if !is_word && pattern.variables().is_empty() {
                    return Err(wrong("true or false"));
                }
                Self::TextIgnoringCase(pattern)
            }
            Comparison::Bytes => Self::Bytes(STANDARD.decode(text).map_err(|_| wrong("base64"))?.into()),
            Comparison::Address => {
                Self::Network(Network::parse(text).ok_or_else(|| wrong("an IP address or range"))?)
            }
            Comparison::Arn if text == "*" => Self::AnyArn,
            Comparison::Arn => {
                let fields =
                    arn_fields(text, syntax.variables).ok_or_else(|| wrong("an ARN of six fields"))?;
                let patterns = fields
                    .into_iter()
                    .map(|field| compile(field, true))
                    .collect::<Result<Vec<_>, _>>()?;
                Self::Arn(patterns.try_into().expect("an ARN has six fields"))
            }
            Comparison::Number(order) => Self::Number(order, number(text).ok_or_else(|| wrong("a number"))?),
            Comparison::Date(order) => Self::Date(
                order,
                Instant::parse(text).ok_or_else(|| wrong("a date or seconds since 1970"))?,
            ),
        })
    }

    /// Compares with a value of the request; one of the wrong kind never matches.
    pub(crate) fn matches(&self, value: &str, variables: &dyn Variables) -> Match {
        match self {
            Self::Text(pattern) => pattern.matches(value, variables),
            Self::TextIgnoringCase(pattern) => match pattern.text(variables) {
                Some(text) => Match::from(lower(&text).eq(lower(value))),
                None => Match::Unresolved,
            },
            Self::Bytes(bytes) => Match::from(**bytes == *value.as_bytes()),
            Self::Network(network) => {
                Match::from(value.parse().is_ok_and(|address| network.contains(address)))
            }
            Self::Arn(patterns) => arn_matches(patterns, value, variables),
            Self::AnyArn => Match::from(arn_fields(value, false).is_some()),
            Self::Number(order, wanted) => Match::from(
                number(value)
                    .and_then(|value| value.partial_cmp(wanted))
                    .is_some_and(|o| order.holds(o)),
            ),
            Self::Date(order, wanted) => {
                Match::from(Instant::parse(value).is_some_and(|value| order.holds(value.cmp(wanted))))
            }
        }
    }

    /// The texts with variables that the value consists of.
    pub(crate) fn patterns(&self) -> &[Pattern] {
        match self {
            Self::Text(pattern) | Self::TextIgnoringCase(pattern) => std::slice::from_ref(pattern),
            Self::Arn(patterns) => &**patterns,
            _ => &[],
        }
    }
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// Reads a decimal number, as JSON writes them; no infinity, no hexadecimal.
fn number(text: &str) -> Option<f64> {
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    is_decimal
        .then(|| text.parse().ok())
        .flatten()
        .filter(|number: &f64| number.is_finite())
}

const ARN_FIELDS: usize = 6;

/// Splits at the first five colons that do not stand in a variable.
fn arn_fields(text: &str, variables: bool) -> Option<[&str; ARN_FIELDS]> {
    let mut fields = [""; ARN_FIELDS];
    let (mut field, mut start, mut in_variable) = (0, 0, false);
    for (at, character) in text.char_indices() {
        match character {
            '{' if variables && text[..at].ends_with('$') => in_variable = true,
            '}' => in_variable = false,
            ':' if !in_variable && field < ARN_FIELDS - 1 => {
                fields[field] = &text[start..at];
                (field, start) = (field + 1, at + 1);
            }
            _ => {}
        }
    }
    fields[field] = &text[start..];
    (field == ARN_FIELDS - 1).then_some(fields)
}

/// Each field is matched alone: a wildcard in one never runs into the next (IAM guide, "ARN condition operators").
fn arn_matches(patterns: &[Pattern; ARN_FIELDS], value: &str, variables: &dyn Variables) -> Match {
    let Some(fields) = arn_fields(value, false) else {
        return Match::No;
    };
    let mut all = Match::Yes;
    for (pattern, field) in patterns.iter().zip(fields) {
        match pattern.matches(field, variables) {
            Match::Yes => {}
            Match::No => return Match::No,
            Match::Unresolved => all = Match::Unresolved,
        }
    }
    all
}

/// A range of addresses in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `ADDRESS/LENGTH`, or an address alone.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, Some(prefix))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Whether the address is in the range. An IPv4 client on an IPv6 socket counts as the IPv4 client it is.
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}
