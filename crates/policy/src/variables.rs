//! The values that a request brings along, and how a policy names them.
//!
//! The same names serve as keys of conditions and, as `${name}`, as variables in texts. Names are matched without
//! regard to case (IAM guide, "Policy variables"), but for what stands in brackets in
//! `iot:Connection.Thing.Attributes[NAME]`: attributes of things tell cases apart.

use std::borrow::Cow;

use crate::certificate::{CertificateKey, PREFIX};

/// Supplies the values of one request, by name, when a policy asks for them.
pub trait Variables {
    /// What the request has under this name.
    fn values(&self, key: &Key) -> Values<'_>;
}

/// What a request has under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// Nothing.
    Missing,
    /// The one value of a name that has one.
    One(Cow<'a, str>),
    /// The values of a name that can have several. None at all counts as missing.
    Many(Vec<&'a str>),
}

impl<'a> From<Option<&'a str>> for Values<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Self::Missing, |value| Self::One(Cow::Borrowed(value)))
    }
}

impl Values<'_> {
    /// The values, be it none, one or several.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let (one, many): (_, &[&str]) = match self {
            Self::Missing => (None, &[]),
            Self::One(value) => (Some(value.as_ref()), &[]),
            Self::Many(values) => (None, values),
        };
        one.into_iter().chain(many.iter().copied())
    }

    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::One(_) => false,
            Self::Many(values) => values.is_empty(),
        }
    }
}

/// The name of a value, read once when the policy is parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    text: Box<str>,
    folded: Box<str>,
    iot: IotKey,
}

/// The names that AWS IoT defines, so that a look-up compares no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IotKey {
    ClientId,
    SourceIp,
    DomainName,
    ThingName,
    ThingTypeName,
    ThingAttribute(Box<str>),
    IsAttached,
    CertificateId,
    Certificate(CertificateKey),
    ConnectAttributes,
    LastWillTopic,
    Other,
}

impl Key {
    /// Reads a name; one that AWS IoT does not define is kept as it is.
    pub(crate) fn new(text: &str) -> Self {
        let folded = text.to_ascii_lowercase();
        let iot = IotKey::parse(text, &folded);
        Self {
            text: text.into(),
            folded: folded.into(),
            iot,
        }
    }

    /// The name as the policy spells it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name in lower case, to compare with: `aws:sourceip`.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    pub(crate) fn iot(&self) -> &IotKey {
        &self.iot
    }

    /// Whether this names something of a certificate's subject or issuer.
    pub(crate) fn is_certificate_name(&self) -> bool {
        matches!(self.iot, IotKey::Certificate(CertificateKey::Name { .. }))
    }
}

impl IotKey {
    fn parse(text: &str, folded: &str) -> Self {
        const ATTRIBUTES: &str = "iot:connection.thing.attributes[";
        match folded {
            "iot:clientid" => Self::ClientId,
            "aws:sourceip" => Self::SourceIp,
            "iot:domainname" => Self::DomainName,
            "iot:connection.thing.thingname" => Self::ThingName,
            "iot:connection.thing.thingtypename" => Self::ThingTypeName,
            "iot:connection.thing.isattached" => Self::IsAttached,
            "iot:certificateid" => Self::CertificateId,
            "iot:connectattributes" => Self::ConnectAttributes,
            "iot:lastwilltopic" => Self::LastWillTopic,
            _ if folded.starts_with(ATTRIBUTES) && folded.ends_with(']') => {
                Self::ThingAttribute(text[ATTRIBUTES.len()..text.len() - 1].into())
            }
            _ => match folded.get(..PREFIX.len()) {
                Some(start) if start.eq_ignore_ascii_case(PREFIX) => {
                    CertificateKey::parse(&text[PREFIX.len()..]).map_or(Self::Other, Self::Certificate)
                }
                _ => Self::Other,
            },
        }
    }
}

/// A `${name}` in a text, or `${name, 'default'}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) key: Key,
    pub(crate) default: Option<Box<str>>,
}

impl Variable {
    /// The text to stand in the variable's place, or `None` where it stays unresolved.
    pub(crate) fn resolve<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, str>> {
        match variables.values(&self.key) {
            Values::One(value) => {
                (!self.key.is_certificate_name() || is_substitutable(&value)).then_some(value)
            }
            Values::Missing => self.default.as_deref().map(Cow::Borrowed),
            // A set is no text (IAM guide, "Policy variables": only single values can be substituted).
            Values::Many(_) => None,
        }
    }
}

/// Whether a value from a certificate may be substituted (AWS IoT guide, "X.509 Certificate policy variable
/// limitations"): whoever signs certificates must not be able to write wildcards into a policy.
fn is_substitutable(value: &str) -> bool {
    const MOST_CHARACTERS: usize = 1024;
    let is_short = value.len() <= MOST_CHARACTERS || value.chars().count() <= MOST_CHARACTERS;
    is_short && !value.contains(['*', '$', '+', '?', '#'])
}
