//! Distinguished names: who is certified, and by whom.

use std::fmt;

use crate::der::{self, Reader};
use crate::{CertificateError, oid};

/// A distinguished name: its exact DER, which is what is compared and copied, and the attributes that can be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    der: Vec<u8>,
    attributes: Vec<Attribute>,
}

/// One attribute of a name, such as a common name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Which attribute.
    pub kind: NameAttribute,
    /// Its value.
    pub value: String,
}

/// The attributes of a name that IoT policies can speak of (AWS's guide, "X.509 certificate AWS IoT Core policy
/// variables"), and the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NameAttribute {
    /// OID 2.5.4.46.
    DistinguishedNameQualifier,
    /// OID 2.5.4.6.
    Country,
    /// OID 2.5.4.10.
    Organization,
    /// OID 2.5.4.11.
    OrganizationalUnit,
    /// OID 2.5.4.8.
    State,
    /// OID 2.5.4.3.
    CommonName,
    /// OID 2.5.4.5, which is not the certificate's serial number.
    SerialNumber,
    /// OID 2.5.4.12.
    Title,
    /// OID 2.5.4.4.
    Surname,
    /// OID 2.5.4.42.
    GivenName,
    /// OID 2.5.4.43.
    Initials,
    /// OID 2.5.4.65.
    Pseudonym,
    /// OID 2.5.4.44.
    GenerationQualifier,
    /// Any other, by the DER content of its OID. No policy variable reads it.
    Other(Vec<u8>),
}

impl NameAttribute {
    /// The attribute's name in a policy variable, as in `iot:Certificate.Subject.CommonName`.
    pub fn aws_name(&self) -> Option<&'static str> {
        NAMED
            .iter()
            .find(|(kind, ..)| kind == self)
            .map(|(_, _, name, _)| *name)
    }

    fn from_oid(content: &[u8]) -> Self {
        NAMED
            .iter()
            .find(|(_, last, ..)| content == [0x55, 0x04, *last])
            .map_or_else(|| Self::Other(content.to_vec()), |(kind, ..)| kind.clone())
    }

    fn oid(&self) -> Vec<u8> {
        match self {
            Self::Other(content) => content.clone(),
            known => {
                let last = NAMED
                    .iter()
                    .find(|(kind, ..)| kind == known)
                    .map_or(0, |(_, last, ..)| *last);
                vec![0x55, 0x04, last]
            }
        }
    }
}

impl Name {
    /// Reads the DER of a name, with at most [`MAXIMUM_ATTRIBUTES`] attributes. A value that is not text is passed
    /// over.
    pub(crate) fn from_der(input: &[u8]) -> Option<Self> {
        let attributes = parse(input, |_| true)?;
        let attributes = attributes
            .into_iter()
            .filter_map(|(kind, value)| Some(Attribute { kind, value: value? }));
        Some(Self {
            der: input.to_vec(),
            attributes: attributes.collect(),
        })
    }

    /// Reads a name that is going to be copied into a certificate: every value must be text without control
    /// characters.
    pub(crate) fn from_request(input: &[u8]) -> Result<Self, CertificateError> {
        let name = Self::from_der(input).ok_or(CertificateError::Malformed("the subject"))?;
        let readable = parse(input, |value| !value.chars().any(char::is_control))
            .is_some_and(|attributes| attributes.iter().all(|(_, value)| value.is_some()));
        if !readable {
            return Err(CertificateError::Subject("a value is not plain text"));
        }
        Ok(name)
    }

    /// Writes a name of one attribute for each pair, in this order: UTF-8, but the country, which RFC 5280
    /// (appendix A) wants as PrintableString.
    pub fn build(attributes: &[(NameAttribute, &str)]) -> Self {
        let names: Vec<Vec<u8>> = attributes
            .iter()
            .map(|(kind, value)| relative_name(&kind.oid(), kind, value))
            .collect();
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let der = der::element(der::SEQUENCE, &names);
        let attributes = attributes.iter().map(|(kind, value)| Attribute {
            kind: kind.clone(),
            value: (*value).to_owned(),
        });
        Self {
            der,
            attributes: attributes.collect(),
        }
    }

    /// The DER of the whole name.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The attributes whose values are text, in the order of the certificate. An attribute may stand there more
    /// than once.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The values of one attribute, in order.
    pub fn values(&self, kind: &NameAttribute) -> impl Iterator<Item = &str> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.kind == *kind)
            .map(|attribute| attribute.value.as_str())
    }

    /// The first common name.
    pub fn common_name(&self) -> Option<&str> {
        self.values(&NameAttribute::CommonName).next()
    }

    /// Whether the name has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.der == [der::SEQUENCE, 0]
    }

    /// This name with a common name in front, unless it has one.
    #[must_use]
    pub fn or_common_name(&self, value: &str) -> Self {
        if self.common_name().is_some() {
            return self.clone();
        }
        let first = relative_name(oid::COMMON_NAME, &NameAttribute::CommonName, value);
        let rest = Reader::new(&self.der).next().map_or(&[][..], |name| name.content);
        let mut attributes = vec![Attribute {
            kind: NameAttribute::CommonName,
            value: value.to_owned(),
        }];
        attributes.extend_from_slice(&self.attributes);
        Self {
            der: der::element(der::SEQUENCE, &[&first, rest]),
            attributes,
        }
    }
}

impl fmt::Display for Name {
    /// RFC 4514: last attribute first, special characters escaped. Attributes without a short name stand as
    /// their OID's DER in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, attribute) in self.attributes.iter().rev().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            match NAMED.iter().find(|(kind, ..)| *kind == attribute.kind) {
                Some((.., short)) => f.write_str(short)?,
                None => attribute
                    .kind
                    .oid()
                    .iter()
                    .try_for_each(|byte| write!(f, "{byte:02x}"))?,
            }
            f.write_str("=")?;
            let last = attribute.value.chars().count().saturating_sub(1);
            for (at, character) in attribute.value.chars().enumerate() {
                let at_edge = (at == 0 && matches!(character, ' ' | '#')) || (at == last && character == ' ');
                if at_edge || matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
                    f.write_str("\\")?;
                }
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// The attributes of a name; the value is `None` where it is no text or `accept` does not like it.
fn parse(input: &[u8], accept: impl Fn(&str) -> bool) -> Option<Vec<(NameAttribute, Option<String>)>> {
    let mut attributes = Vec::new();
    let mut names = Reader::inside(input, der::SEQUENCE)?;
    while !names.is_empty() {
        let mut set = Reader::new(names.expect(der::SET)?.content);
        if set.is_empty() {
            return None;
        }
        while !set.is_empty() {
            let mut pair = Reader::new(set.expect(der::SEQUENCE)?.content);
            let kind = pair.expect(der::OBJECT_IDENTIFIER)?.content;
            let value = pair.next()?;
            if !pair.is_empty() || kind.is_empty() || attributes.len() == MAXIMUM_ATTRIBUTES {
                return None;
            }
            let value = text(value.tag, value.content).filter(|value| accept(value));
            attributes.push((NameAttribute::from_oid(kind), value));
        }
    }
    Some(attributes)
}

/// Reads the string types of RFC 5280's DirectoryString and those that old certificates have.
fn text(tag: u8, content: &[u8]) -> Option<String> {
    let wide = |width: usize| {
        let characters = content.chunks_exact(width);
        if !characters.remainder().is_empty() {
            return None;
        }
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u32::from(*byte))
        };
        characters.map(|bytes| char::from_u32(number(bytes))).collect()
    };
    match tag {
        der::UTF8_STRING => String::from_utf8(content.to_vec()).ok(),
        der::PRINTABLE_STRING | der::IA5_STRING | der::NUMERIC_STRING | der::VISIBLE_STRING => content
            .is_ascii()
            .then(|| content.iter().map(|byte| char::from(*byte)).collect()),
        // T.61 in name; everybody writes Latin-1.
        der::TELETEX_STRING => Some(content.iter().map(|byte| char::from(*byte)).collect()),
        der::BMP_STRING => wide(2),
        der::UNIVERSAL_STRING => wide(4),
        _ => None,
    }
}

fn relative_name(kind_oid: &[u8], kind: &NameAttribute, value: &str) -> Vec<u8> {
    let tag = match kind {
        NameAttribute::Country if value.is_ascii() => der::PRINTABLE_STRING,
        _ => der::UTF8_STRING,
    };
    let kind = der::element(der::OBJECT_IDENTIFIER, &[kind_oid]);
    let value = der::element(tag, &[value.as_bytes()]);
    der::element(der::SET, &[&der::element(der::SEQUENCE, &[&kind, &value])])
}

/// Real names have a dozen at most.
const MAXIMUM_ATTRIBUTES: usize = 64;

/// Kind, last number of the OID under 2.5.4, name in a policy variable, short name (RFC 4519 and openssl).
const NAMED: [(NameAttribute, u8, &str, &str); 13] = [
    (
        NameAttribute::DistinguishedNameQualifier,
        46,
        "DistinguishedNameQualifier",
        "dnQualifier",
    ),
    (NameAttribute::Country, 6, "Country", "C"),
    (NameAttribute::Organization, 10, "Organization", "O"),
    (NameAttribute::OrganizationalUnit, 11, "OrganizationalUnit", "OU"),
    (NameAttribute::State, 8, "State", "ST"),
    (NameAttribute::CommonName, 3, "CommonName", "CN"),
    (NameAttribute::SerialNumber, 5, "SerialNumber", "serialNumber"),
    (NameAttribute::Title, 12, "Title", "title"),
    (NameAttribute::Surname, 4, "Surname", "SN"),
    (NameAttribute::GivenName, 42, "GivenName", "GN"),
    (NameAttribute::Initials, 43, "Initials", "initials"),
    (NameAttribute::Pseudonym, 65, "Pseudonym", "pseudonym"),
    (
        NameAttribute::GenerationQualifier,
        44,
        "GenerationQualifier",
        "generationQualifier",
    ),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_written_and_read() {
        let name = Name::build(&[
            (NameAttribute::Country, "DE"),
            (NameAttribute::OrganizationalUnit, "one"),
            (NameAttribute::OrganizationalUnit, "two, three "),
            (NameAttribute::CommonName, "Gerät #1"),
        ]);
        assert_eq!(Name::from_der(name.der()).unwrap(), name);
        assert_eq!(name.common_name(), Some("Gerät #1"));
        assert_eq!(
            name.values(&NameAttribute::OrganizationalUnit)
                .collect::<Vec<_>>(),
            ["one", "two, three "]
        );
        assert_eq!(name.to_string(), r"CN=Gerät #1,OU=two\, three\ ,OU=one,C=DE");
    }

    #[test]
    fn a_common_name_is_put_in_front_only_where_there_is_none() {
        let name = Name::build(&[(NameAttribute::Organization, "Example")]);
        let named = name.or_common_name("AWS IoT Certificate");
        let expected = [
            (NameAttribute::CommonName, "AWS IoT Certificate"),
            (NameAttribute::Organization, "Example"),
        ];
        assert_eq!(named, Name::build(&expected));
        assert_eq!(named.or_common_name("other"), named);
        let empty = Name::build(&[]);
        assert!(empty.is_empty());
        assert_eq!(
            empty.or_common_name("x"),
            Name::build(&[(NameAttribute::CommonName, "x")])
        );
    }

    #[test]
    fn old_string_types_are_read() {
        assert_eq!(
            text(der::BMP_STRING, &[0, 0x41, 0x20, 0xac]),
            Some("A€".to_owned())
        );
        assert_eq!(
            text(der::UNIVERSAL_STRING, &[0, 1, 0xf6, 0]),
            Some("😀".to_owned())
        );
        assert_eq!(text(der::TELETEX_STRING, &[0xfc]), Some("ü".to_owned()));
        assert_eq!(text(der::BMP_STRING, &[0]), None);
        assert_eq!(text(der::UNIVERSAL_STRING, &[0xff; 4]), None);
        assert_eq!(text(der::PRINTABLE_STRING, &[0xff]), None);
        assert_eq!(text(der::BIT_STRING, &[0]), None);
    }

    #[test]
    fn a_request_may_not_bring_what_cannot_be_shown() {
        let control = Name::build(&[(NameAttribute::CommonName, "a\0b")]);
        assert!(matches!(
            Name::from_request(control.der()),
            Err(CertificateError::Subject(_))
        ));
        let value = der::element(der::BIT_STRING, &[&[0]]);
        let kind = der::element(der::OBJECT_IDENTIFIER, &[&[0x55, 4, 45]]);
        let pair = der::element(der::SEQUENCE, &[&kind, &value]);
        let name = der::element(der::SEQUENCE, &[&der::element(der::SET, &[&pair])]);
        assert!(Name::from_der(&name).unwrap().attributes().is_empty());
        assert!(matches!(
            Name::from_request(&name),
            Err(CertificateError::Subject(_))
        ));
        let many = Name::build(&vec![(NameAttribute::CommonName, "x"); 65]);
        assert!(Name::from_request(many.der()).is_err());
        assert!(Name::from_request(&[0x30, 2, 0x31, 0]).is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(input in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(name) = Name::from_der(&input) {
                prop_assert_eq!(name.der(), &input[..]);
            }
        }
    }
}
