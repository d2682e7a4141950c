//! Ownership tokens: whoever was given a certificate registers with it, and nobody else.
//!
//! A token is 256 random bits; its SHA-256 alone is kept. It is for one certificate of one account, for the claim that got it,
//! for an hour, and for one registration.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use thingsmith_model::{CertificateId, Secret, Timestamp};
use zeroize::Zeroizing;

use super::{Claimant, rows};
use crate::certificates::Certificate;
use crate::claims::Passed;
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// How long a token counts (guide, "Device provisioning MQTT API").
const LIFETIME: Duration = Duration::from_secs(60 * 60);
const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Longer than any token: what is longer is not even hashed.
const LONGEST: usize = 512;

/// A token that is kept, or about to be.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The SHA-256 of its text.
    pub hash: Vec<u8>,
    /// The number of its certificate.
    pub certificate: i64,
    /// The id of its certificate.
    pub certificate_id: CertificateId,
    /// The certificate of the connection that asked for it.
    pub claim: CertificateId,
    /// When it counts no more.
    pub expires_at: Timestamp,
    /// When a device registered with it.
    pub registered_at: Option<Timestamp>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("certificate_id", &self.certificate_id)
            .field("claim", &self.claim)
            .field("expires_at", &self.expires_at)
            .field("registered_at", &self.registered_at)
            .finish_non_exhaustive()
    }
}

/// A token that is kept, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The token.
    pub token: Token,
    /// Its certificate, if that is still there.
    pub certificate: Option<Certificate>,
    /// Whether no thing and no policy is attached to it.
    pub is_bare: bool,
}

/// A certificate that is registered with, and the token that says that it may be.
#[derive(Debug, Clone, Copy)]
pub struct OwnedCertificate<'a> {
    /// As it was found before anybody was asked: what a batch does by it proves that it is still so.
    pub(crate) given: &'a Given,
    pub(crate) claimant: &'a Claimant,
    /// What it was checked by, and is counted with.
    pub(crate) passed: &'a Passed,
}

/// Makes a token: its text, and what is kept of it.
pub(super) fn make(
    deeds: &Deeds,
    claimant: &Claimant,
    certificate: &Certificate,
) -> (Secret<Zeroizing<String>>, Token) {
    let mut random = Zeroizing::new([0; 32]);
    deeds.random().fill(random.as_mut_slice());
    // In one piece, so that no shorter one is left behind where it grew.
    let mut text = Zeroizing::new(String::with_capacity(2 * random.len()));
    for byte in random.iter() {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
    let token = Token {
        hash: hash(&text),
        certificate: certificate.number,
        certificate_id: certificate.id,
        claim: claimant.certificate_id,
        expires_at: deeds.clock().now().plus(LIFETIME),
        registered_at: None,
    };
    (Secret::new(text), token)
}

/// The token of a text, if the claimant may register with it now, and its certificate.
pub(super) async fn find(deeds: &Deeds, claimant: &Claimant, text: &str) -> Result<Given, Fault> {
    if text.len() > LONGEST {
        return Err(unknown());
    }
    let found = rows::find_given(deeds.store(), claimant.realm.realm, &hash(text)).await?;
    let given = found.filter(|given| given.token.claim == claimant.certificate_id);
    let given = given.ok_or_else(unknown)?;
    usable(deeds, &given.token)?;
    Ok(given)
}

/// Looks at a token again, after a batch was refused that uses it.
///
/// # Errors
/// As of a token that cannot be used: its code is that of no HTTP operation.
pub(crate) async fn check(deeds: &Deeds, realm: &RealmRecord, token: &Token) -> Result<(), Fault> {
    let found = rows::find(deeds.store(), realm.realm, &token.hash).await?;
    usable(deeds, &found.ok_or_else(unknown)?)
}

fn usable(deeds: &Deeds, token: &Token) -> Result<(), Fault> {
    let invalid = |what: &str| Err(Fault::new(Code::InvalidOwnershipToken, what));
    if token.registered_at.is_some() {
        return invalid("The certificate ownership token was used already.");
    }
    if deeds.clock().now() >= token.expires_at {
        return invalid("The certificate ownership token has expired.");
    }
    Ok(())
}

/// The same whether there is none or it is another's.
fn unknown() -> Fault {
    Fault::new(
        Code::InvalidOwnershipToken,
        "The certificate ownership token is not one that this claim was given.",
    )
}

fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}
