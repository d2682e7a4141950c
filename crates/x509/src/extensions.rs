//! The extensions of a certificate that somebody here asks about.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};

use crate::{CertificateError, Name};

/// Another name of a subject or issuer, of the kinds that IoT policies can speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlternativeName {
    /// A mail address.
    Rfc822Name(String),
    /// A host name.
    DnsName(String),
    /// A distinguished name.
    DirectoryName(Name),
    /// A URI.
    UniformResourceIdentifier(String),
    /// An IP address.
    IpAddress(IpAddr),
}

impl AlternativeName {
    /// The kind's name in a policy variable, as in `iot:Certificate.Subject.AlternativeName.DNSName`.
    pub fn aws_name(&self) -> &'static str {
        match self {
            Self::Rfc822Name(_) => "RFC822Name",
            Self::DnsName(_) => "DNSName",
            Self::DirectoryName(_) => "DirectoryName",
            Self::UniformResourceIdentifier(_) => "UniformResourceIdentifier",
            Self::IpAddress(_) => "IPAddress",
        }
    }

    /// The name as text: a distinguished name as RFC 4514 has it.
    pub fn value(&self) -> String {
        match self {
            Self::Rfc822Name(text) | Self::DnsName(text) | Self::UniformResourceIdentifier(text) => {
                text.clone()
            }
            Self::DirectoryName(name) => name.to_string(),
            Self::IpAddress(address) => address.to_string(),
        }
    }

    fn read(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::RFC822Name(text) => Some(Self::Rfc822Name((*text).to_owned())),
            GeneralName::DNSName(text) => Some(Self::DnsName((*text).to_owned())),
            GeneralName::URI(text) => Some(Self::UniformResourceIdentifier((*text).to_owned())),
            GeneralName::DirectoryName(name) => Name::from_der(name.as_raw()).map(Self::DirectoryName),
            GeneralName::IPAddress(bytes) => {
                let v4 = <[u8; 4]>::try_from(*bytes).map(|bytes| Ipv4Addr::from(bytes).into());
                let v6 = || <[u8; 16]>::try_from(*bytes).map(|bytes| Ipv6Addr::from(bytes).into());
                v4.or_else(|_| v6()).ok().map(Self::IpAddress)
            }
            _ => None,
        }
    }
}

/// The extension basicConstraints (RFC 5280 4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a certificate authority.
    pub ca: bool,
    /// How many authorities may stand between it and a device.
    pub path_length: Option<u32>,
}

/// The extension keyUsage (RFC 5280 4.2.1.3), the bits that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key may sign what a TLS handshake needs signed.
    pub digital_signature: bool,
    /// The key may sign certificates.
    pub key_cert_sign: bool,
}

/// What the extensions of a certificate say. Those not listed are passed over, critical or not, as AWS does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    pub(crate) subject_alternative_names: Vec<AlternativeName>,
    pub(crate) issuer_alternative_names: Vec<AlternativeName>,
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
}

impl Extensions {
    pub(crate) fn read(extensions: &[X509Extension<'_>]) -> Result<Self, CertificateError> {
        let mut read = Self::default();
        for (position, extension) in extensions.iter().enumerate() {
            if position >= MAXIMUM_EXTENSIONS {
                return Err(CertificateError::Malformed("the list of extensions"));
            }
            if extensions[..position]
                .iter()
                .any(|earlier| earlier.oid == extension.oid)
            {
                return Err(CertificateError::RepeatedExtension);
            }
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    read.subject_alternative_names = alternative_names(&names.general_names);
                }
                ParsedExtension::IssuerAlternativeName(names) => {
                    read.issuer_alternative_names = alternative_names(&names.general_names);
                }
                ParsedExtension::BasicConstraints(constraints) => {
                    read.basic_constraints = Some(BasicConstraints {
                        ca: constraints.ca,
                        path_length: constraints.path_len_constraint,
                    });
                }
                ParsedExtension::KeyUsage(usage) => {
                    read.key_usage = Some(KeyUsage {
                        digital_signature: usage.digital_signature(),
                        key_cert_sign: usage.key_cert_sign(),
                    });
                }
                ParsedExtension::SubjectKeyIdentifier(id) => read.subject_key_id = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(authority) => {
                    read.authority_key_id = authority.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                // Only extensions that the library knows get here; one of ours unread would be one ignored.
                ParsedExtension::ParseError { .. }
                    if OURS.contains(&extension.oid.to_id_string().as_str()) =>
                {
                    return Err(CertificateError::Malformed("an extension"));
                }
                _ => {}
            }
        }
        Ok(read)
    }
}

fn alternative_names(names: &[GeneralName<'_>]) -> Vec<AlternativeName> {
    names
        .iter()
        .filter_map(AlternativeName::read)
        .take(MAXIMUM_NAMES)
        .collect()
}

/// Identifiers of keys, usage, alternative names and constraints.
const OURS: [&str; 6] = [
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.18",
    "2.5.29.19",
    "2.5.29.35",
];

/// Policies read five values at most of one kind (AWS's guide, on certificate variables); the rest is not kept.
const MAXIMUM_NAMES: usize = 64;

/// Also keeps the search for repeated ones short.
const MAXIMUM_EXTENSIONS: usize = 64;
