//! What the certificate variables speak of (AWS IoT guide, "X.509 Certificate AWS IoT Core policy variables"):
//! attributes of subject and issuer, alternative names, and how a variable's name picks among several values.

use crate::variables::Values;

/// Makes an enum, the list of its items and their spelling, which is AWS's: `names! { Which { Country, ... } }`.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$item_doc])* $item),+ }
        impl $name {
            /// All of them, in AWS's order.
            pub const ALL: &'static [Self] = &[$(Self::$item),+];
            /// AWS's spelling in a variable's name.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$item => stringify!($item)),+ } }
        }
    };
}

names! {
    /// An attribute of a subject or issuer that has a variable, named by AWS's word for it.
    CertificateAttribute {
        /// dnQualifier, 2.5.4.46.
        DistinguishedNameQualifier,
        /// C, 2.5.4.6.
        Country,
        /// O, 2.5.4.10.
        Organization,
        /// OU, 2.5.4.11.
        OrganizationalUnit,
        /// ST, 2.5.4.8.
        State,
        /// CN, 2.5.4.3.
        CommonName,
        /// serialNumber, 2.5.4.5; not the number of the certificate.
        SerialNumber,
        /// title, 2.5.4.12.
        Title,
        /// SN, 2.5.4.4.
        Surname,
        /// GN, 2.5.4.42.
        GivenName,
        /// initials, 2.5.4.43.
        Initials,
        /// pseudonym, 2.5.4.65.
        Pseudonym,
        /// generationQualifier, 2.5.4.44.
        GenerationQualifier,
    }
}

names! {
    /// A kind of alternative name (RFC 5280 4.2.1.6) that has a variable.
    AlternativeName {
        /// An e-mail address.
        RFC822Name,
        /// A host name.
        DNSName,
        /// A distinguished name.
        DirectoryName,
        /// A URI.
        UniformResourceIdentifier,
        /// An IP address as text.
        IPAddress,
    }
}

/// What a certificate says of its subject or its issuer, in the certificate's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameFacts {
    /// Attributes of the distinguished name.
    pub attributes: Vec<(CertificateAttribute, String)>,
    /// Names of the alternative-name extension.
    pub alternative_names: Vec<(AlternativeName, String)>,
}

/// What policies can ask of the certificate that a client presented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateFacts {
    /// `iot:CertificateId`.
    pub id: String,
    /// `iot:Certificate.SerialNumber`, as the caller writes such numbers.
    pub serial_number: Option<String>,
    /// The subject.
    pub subject: NameFacts,
    /// The issuer.
    pub issuer: NameFacts,
}

/// A certificate variable, read from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateKey {
    SerialNumber,
    AvailableKeys,
    Name {
        issuer: bool,
        part: NamePart,
        pick: Pick,
    },
}

/// The part of a [`NameFacts`] that a variable speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamePart {
    Attribute(CertificateAttribute),
    Alternative(AlternativeName),
}

/// Which of several values a variable means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    /// No suffix is 0; `.1` is the second value.
    Index(usize),
    /// `.List`: all of them.
    List,
}

/// Values beyond this many are ignored (guide, "Array fields").
const MOST_VALUES: usize = 5;

impl CertificateKey {
    /// Reads what follows `iot:Certificate.` in a name, in any case.
    pub(crate) fn parse(rest: &str) -> Option<Self> {
        if rest.eq_ignore_ascii_case("SerialNumber") {
            return Some(Self::SerialNumber);
        }
        if rest.eq_ignore_ascii_case("AvailableKeys") {
            return Some(Self::AvailableKeys);
        }
        let mut words = rest.split('.');
        let side = words.next()?;
        let issuer = side.eq_ignore_ascii_case("Issuer");
        if !issuer && !side.eq_ignore_ascii_case("Subject") {
            return None;
        }
        let word = words.next()?;
        let part = if word.eq_ignore_ascii_case("AlternativeName") {
            let word = words.next()?;
            let name = AlternativeName::ALL
                .iter()
                .find(|name| name.as_str().eq_ignore_ascii_case(word))?;
            NamePart::Alternative(*name)
        } else {
            let attribute = CertificateAttribute::ALL
                .iter()
                .find(|a| a.as_str().eq_ignore_ascii_case(word))?;
            NamePart::Attribute(*attribute)
        };
        let pick = match words.next() {
            None => Pick::Index(0),
            Some(word) if word.eq_ignore_ascii_case("List") => Pick::List,
            Some(word) if word.bytes().all(|byte| byte.is_ascii_digit()) => Pick::Index(word.parse().ok()?),
            Some(_) => return None,
        };
        words
            .next()
            .is_none()
            .then_some(Self::Name { issuer, part, pick })
    }
}

impl NameFacts {
    fn values(&self, part: NamePart) -> Vec<&str> {
        fn of<K: PartialEq>(pairs: &[(K, String)], kind: K) -> Vec<&str> {
            let of_kind = pairs.iter().filter(|(found, _)| *found == kind);
            of_kind
                .map(|(_, value)| value.as_str())
                .take(MOST_VALUES)
                .collect()
        }
        match part {
            NamePart::Attribute(attribute) => of(&self.attributes, attribute),
            NamePart::Alternative(name) => of(&self.alternative_names, name),
        }
    }

    fn value(&self, part: NamePart, index: usize) -> Option<&str> {
        fn of<K: PartialEq>(pairs: &[(K, String)], kind: K, index: usize) -> Option<&str> {
            let mut of_kind = pairs.iter().filter(|(found, _)| *found == kind).take(MOST_VALUES);
            of_kind.nth(index).map(|(_, value)| value.as_str())
        }
        match part {
            NamePart::Attribute(attribute) => of(&self.attributes, attribute, index),
            NamePart::Alternative(name) => of(&self.alternative_names, name, index),
        }
    }
}

impl CertificateFacts {
    pub(crate) fn values_of(&self, key: CertificateKey) -> Values<'_> {
        match key {
            CertificateKey::SerialNumber => self.serial_number.as_deref().into(),
            CertificateKey::AvailableKeys => Values::Many(self.available_keys()),
            CertificateKey::Name { issuer, part, pick } => {
                let name = if issuer { &self.issuer } else { &self.subject };
                match pick {
                    Pick::Index(index) => name.value(part, index).into(),
                    Pick::List => Values::Many(name.values(part)),
                }
            }
        }
    }

    /// The names of the variables of this certificate that hold a value.
    fn available_keys(&self) -> Vec<&'static str> {
        let parsed = NAMES.iter().filter(|name| {
            let rest = name
                .strip_prefix(PREFIX)
                .expect("every name in the table has the prefix");
            let key = CertificateKey::parse(rest).expect("every name in the table is a certificate variable");
            matches!(self.values_of(key), Values::One(_))
        });
        parsed.copied().collect()
    }
}

/// What the name of every certificate variable but `iot:CertificateId` begins with.
pub(crate) const PREFIX: &str = "iot:Certificate.";

/// The single-valued certificate variables, for `iot:Certificate.AvailableKeys`.
const NAMES: [&str; 37] = [
    "iot:Certificate.SerialNumber",
    "iot:Certificate.Subject.DistinguishedNameQualifier",
    "iot:Certificate.Subject.Country",
    "iot:Certificate.Subject.Organization",
    "iot:Certificate.Subject.OrganizationalUnit",
    "iot:Certificate.Subject.State",
    "iot:Certificate.Subject.CommonName",
    "iot:Certificate.Subject.SerialNumber",
    "iot:Certificate.Subject.Title",
    "iot:Certificate.Subject.Surname",
    "iot:Certificate.Subject.GivenName",
    "iot:Certificate.Subject.Initials",
    "iot:Certificate.Subject.Pseudonym",
    "iot:Certificate.Subject.GenerationQualifier",
    "iot:Certificate.Subject.AlternativeName.RFC822Name",
    "iot:Certificate.Subject.AlternativeName.DNSName",
    "iot:Certificate.Subject.AlternativeName.DirectoryName",
    "iot:Certificate.Subject.AlternativeName.UniformResourceIdentifier",
    "iot:Certificate.Subject.AlternativeName.IPAddress",
    "iot:Certificate.Issuer.DistinguishedNameQualifier",
    "iot:Certificate.Issuer.Country",
    "iot:Certificate.Issuer.Organization",
    "iot:Certificate.Issuer.OrganizationalUnit",
    "iot:Certificate.Issuer.State",
    "iot:Certificate.Issuer.CommonName",
    "iot:Certificate.Issuer.SerialNumber",
    "iot:Certificate.Issuer.Title",
    "iot:Certificate.Issuer.Surname",
    "iot:Certificate.Issuer.GivenName",
    "iot:Certificate.Issuer.Initials",
    "iot:Certificate.Issuer.Pseudonym",
    "iot:Certificate.Issuer.GenerationQualifier",
    "iot:Certificate.Issuer.AlternativeName.RFC822Name",
    "iot:Certificate.Issuer.AlternativeName.DNSName",
    "iot:Certificate.Issuer.AlternativeName.DirectoryName",
    "iot:Certificate.Issuer.AlternativeName.UniformResourceIdentifier",
    "iot:Certificate.Issuer.AlternativeName.IPAddress",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_valued_variable_is_among_the_available_keys() {
        let attributes = CertificateAttribute::ALL
            .iter()
            .map(|attribute| attribute.as_str().to_owned());
        let names = AlternativeName::ALL
            .iter()
            .map(|name| format!("AlternativeName.{}", name.as_str()));
        let words: Vec<String> = attributes.chain(names).collect();
        let sides = ["Subject", "Issuer"].into_iter();
        let mut wanted: Vec<String> = sides
            .flat_map(|side| words.iter().map(move |word| format!("{PREFIX}{side}.{word}")))
            .collect();
        wanted.insert(0, format!("{PREFIX}SerialNumber"));
        assert_eq!(wanted, NAMES);
        let facts = CertificateFacts {
            serial_number: Some("1".to_owned()),
            ..CertificateFacts::default()
        };
        assert_eq!(facts.available_keys(), ["iot:Certificate.SerialNumber"]);
    }
}
