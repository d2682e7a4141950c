//! X.509 as a device service needs it: reading certificates and signing requests, checking what they are good
//! for, verifying who signed them, and writing the certificates of devices.
//!
//! Reading is generous where AWS is (version 1, unknown critical extensions, odd names) and strict where
//! a second reading could differ: everything is DER, whole, and within bounds. Writing takes the subject and the
//! public key from a request and everything else from a [`Profile`]; whatever a request asks for besides is not
//! read. Nothing here holds a private key, reads a clock or decides whether a certificate may connect.

mod algorithm;
mod authority;
mod certificate;
mod certificate_signing_request;
mod der;
mod error;
mod extensions;
mod issue;
mod key;
mod name;
mod oid;
mod pem;
mod private_key;
mod weak_rsa;

pub use algorithm::{Hash, SignatureAlgorithm};
pub use authority::check_ca_certificate;
pub use certificate::{Certificate, check_client_certificate, verify_signed_by};
pub use certificate_signing_request::CertificateSigningRequest;
pub use error::CertificateError;
pub use extensions::{AlternativeName, BasicConstraints, KeyUsage};
pub use issue::{IssuingAlgorithm, Profile, TbsCertificate, lint};
pub use key::{Curve, KeyKind, PublicKey, key_id};
pub use name::{Attribute, Name, NameAttribute};
pub use pem::encode as pem_encode;
pub use private_key::rsa_private_key_pem;
