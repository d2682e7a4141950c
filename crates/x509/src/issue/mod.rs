//! Writing the certificate of a device.
//!
//! A [`Profile`] says everything that a certificate will say. [`Profile::build`] writes the bytes to be signed,
//! [`lint`] reads them again with another reader and compares, whoever holds the issuer's key signs exactly those
//! bytes, and [`TbsCertificate::assemble`] puts the two together.

mod lint;
mod validity;

use thingsmith_model::Timestamp;

use crate::der::{self, element};
use crate::{CertificateError, Name, PublicKey, key_id, oid};

pub use lint::lint;

/// How the issuer's key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuingAlgorithm {
    /// ECDSA with SHA-256, the signature as the DER of two numbers.
    EcdsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, as AWS signs.
    RsaSha256,
}

/// What a device's certificate will say. Whatever is not here is the same for all of them: version 3, no certificate
/// authority, digital signatures only (both critical), and the identifiers of the two keys.
#[derive(Debug, Clone)]
pub struct Profile<'a> {
    /// 20 random bytes; see [`Profile::serial_number`] for what becomes of them.
    pub serial_number: [u8; 20],
    /// The subject of the issuing certificate.
    pub issuer: &'a Name,
    /// The identifier of the issuing key ([`crate::Certificate::key_id_for_issuing`]).
    pub authority_key_id: &'a [u8],
    /// How the issuing key signs.
    pub algorithm: IssuingAlgorithm,
    /// Who is certified.
    pub subject: &'a Name,
    /// The key certified.
    pub public_key: &'a PublicKey,
    /// The first second of validity.
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
}

impl Profile<'_> {
    /// Writes the bytes to be signed.
    ///
    /// # Errors
    /// [`CertificateError::Validity`] if the times cannot be stated.
    pub fn build(&self) -> Result<TbsCertificate, CertificateError> {
        let algorithm = self.algorithm.der();
        let validity = validity::der(self.not_before, self.not_after)?;
        let to_be_signed = element(
            der::SEQUENCE,
            &[
                &[der::constructed(0), 3, der::INTEGER, 1, 2],
                &element(der::INTEGER, &[&self.serial_number()]),
                &algorithm,
                self.issuer.der(),
                &validity,
                self.subject.der(),
                self.public_key.der(),
                &element(der::constructed(3), &[&self.extensions()]),
            ],
        );
        Ok(TbsCertificate {
            to_be_signed,
            algorithm,
        })
    }

    /// The serial number as it is written: the first bit cleared to keep it positive and the second set, so that it
    /// has 20 bytes and is not zero (RFC 5280 4.1.2.2), with 158 bits from the caller's random source.
    pub fn serial_number(&self) -> [u8; 20] {
        let mut number = self.serial_number;
        number[0] = number[0] & 0x7f | 0x40;
        number
    }

    /// In the order that AWS's certificates have them.
    fn extensions(&self) -> Vec<u8> {
        let subject_key_id = element(der::OCTET_STRING, &[&key_id(self.public_key)]);
        let authority_key_id = element(der::primitive(0), &[self.authority_key_id]);
        // The default of `cA` is false, and DER leaves a default out.
        let end_entity = [der::SEQUENCE, 0];
        // One bit, digitalSignature, and seven unused.
        let digital_signature = [der::BIT_STRING, 2, 7, 0x80];
        element(
            der::SEQUENCE,
            &[
                &extension(
                    oid::AUTHORITY_KEY_IDENTIFIER,
                    false,
                    &element(der::SEQUENCE, &[&authority_key_id]),
                ),
                &extension(oid::SUBJECT_KEY_IDENTIFIER, false, &subject_key_id),
                &extension(oid::BASIC_CONSTRAINTS, true, &end_entity),
                &extension(oid::KEY_USAGE, true, &digital_signature),
            ],
        )
    }
}

/// A certificate but for its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TbsCertificate {
    to_be_signed: Vec<u8>,
    algorithm: Vec<u8>,
}

impl TbsCertificate {
    /// The bytes that the issuer's key signs.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The certificate's DER: these bytes with their signature.
    pub fn assemble(&self, signature: &[u8]) -> Vec<u8> {
        let signature = element(der::BIT_STRING, &[&[0], signature]);
        element(der::SEQUENCE, &[&self.to_be_signed, &self.algorithm, &signature])
    }
}

impl IssuingAlgorithm {
    fn der(self) -> Vec<u8> {
        let (kind, parameters) = self.parts();
        let kind = element(der::OBJECT_IDENTIFIER, &[kind]);
        let parameters: &[u8] = parameters.map_or(&[], |_| &[der::NULL, 0]);
        element(der::SEQUENCE, &[&kind, parameters])
    }

    /// The object identifier, and the content of the parameters where there are any.
    fn parts(self) -> (&'static [u8], Option<&'static [u8]>) {
        match self {
            // RFC 5758 3.2: no parameters.
            Self::EcdsaSha256 => (oid::ECDSA_WITH_SHA256, None),
            // RFC 4055 5: the parameters are NULL.
            Self::RsaSha256 => (oid::SHA256_WITH_RSA, Some(&[])),
        }
    }
}

fn extension(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let kind = element(der::OBJECT_IDENTIFIER, &[kind]);
    let critical: &[u8] = if critical { &[der::BOOLEAN, 1, 0xff] } else { &[] };
    element(
        der::SEQUENCE,
        &[&kind, critical, &element(der::OCTET_STRING, &[value])],
    )
}
