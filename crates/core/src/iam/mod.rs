//! What users, roles and managed policies have in common.
//!
//! They belong to an account and to no region. Their rows have the realm of the account in [`REGION`], the name that
//! AWS's partition itself gives to what has no region, so that the realm stands first in them as everywhere else.

use std::sync::Arc;

use thingsmith_model::{Account, Region};
use thingsmith_policy::{Document, Language};
use thingsmith_ports::{Random, Store, StoreError};

pub use thingsmith_model::{IamArn, IamKind as Kind};

use crate::fault::sentence;
use crate::realms::{self, RealmRecord};
use crate::{Code, Deeds, Fault};

/// The region of what belongs to an account as a whole.
pub const REGION: &str = "aws-global";

/// The realm of an account's users, roles and managed policies, made when it is first asked for.
///
/// # Errors
/// When the store fails.
pub async fn realm(deeds: &Deeds, account: &Account) -> Result<Arc<RealmRecord>, StoreError> {
    deeds.realm(account, &region()?).await
}

/// The realm of an account's users, roles and managed policies, if it ever had any.
pub(crate) async fn find_realm(
    store: &dyn Store,
    account: &Account,
) -> Result<Option<RealmRecord>, StoreError> {
    realms::rows::find(store, account, &region()?).await
}

fn region() -> Result<Region, StoreError> {
    REGION.parse().map_err(StoreError::other)
}

/// A name as it is compared: IAM's names differ in more than case.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A new id in the form of IAM's: a prefix for the kind of object and 17 characters.
pub(crate) fn id(prefix: &str, random: &dyn Random) -> String {
    format!("{prefix}{}", characters(17, random))
}

/// Random characters of the alphabet of ids and access keys, five bits each.
pub(crate) fn characters(count: usize, random: &dyn Random) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = vec![0; count];
    random.fill(&mut bytes);
    bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

/// Reads a permissions policy that a caller gives, of at most `limit` characters.
///
/// # Errors
/// `MalformedPolicyDocumentException`; `LimitExceededException` for one that is too long.
pub(crate) fn permissions(member: &str, text: &str, limit: usize) -> Result<Document, Fault> {
    let length = length(text);
    if length > limit {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!(
                "{member} has {length} characters that are not white space, at most {limit} are allowed."
            ),
        ));
    }
    Document::parse(text, Language::Iam).map_err(|wrong| malformed(member, &wrong))
}

/// The characters of a policy as IAM counts them: white space is free.
pub(crate) fn length(text: &str) -> usize {
    text.chars()
        .filter(|character| !character.is_whitespace())
        .count()
}

pub(crate) fn malformed(member: &str, wrong: &dyn std::error::Error) -> Fault {
    Fault::new(
        Code::MalformedPolicyDocument,
        format!("{member}: {}", sentence(wrong)),
    )
}

/// Something of IAM's that is not there.
pub(crate) fn no_such(message: impl Into<String>) -> Fault {
    Fault::new(Code::NoSuchEntity, message)
}

/// A name that is taken.
pub(crate) fn taken(message: impl Into<String>) -> Fault {
    Fault::new(Code::EntityAlreadyExists, message)
}

/// What cannot be deleted yet.
pub(crate) fn conflict(message: impl Into<String>) -> Fault {
    Fault::new(Code::DeleteConflict, message)
}
