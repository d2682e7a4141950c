//! The access keys of users. The administrator's is no user's and stands in [`crate::access_keys`].

mod change;
mod create;
pub mod rows;

use thingsmith_model::{Secret, Timestamp};

pub use change::{delete_access_key, update_access_key};
pub use create::create_access_key;

use crate::iam::no_such;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault, users};

/// A user's access key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserKey {
    /// `AKIA` and 16 characters.
    pub access_key_id: String,
    /// The user's number.
    pub holder: i64,
    /// Whether it may be used.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key with its secret, which is told once.
#[derive(Debug, Clone)]
pub struct NewUserKey {
    /// The key.
    pub key: UserKey,
    /// 40 characters.
    pub secret: Secret<String>,
    /// The user's name, as it was given.
    pub user_name: String,
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It may.
    Active,
    /// It may not, until it is made active again.
    Inactive,
}

impl Status {
    /// AWS's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }

    /// The status of AWS's word. A third, `Expired`, is of keys that Thingsmith does not make.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Active" => Some(Self::Active),
            "Inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// Lists a user's keys by their ids.
///
/// # Errors
/// `NoSuchEntityException` for a user that is not there, `InvalidRequestException` for a marker that is not of this list.
pub async fn list_access_keys(
    deeds: &Deeds,
    realm: &RealmRecord,
    user: &str,
    page: &PageRequest,
) -> Result<(users::User, Page<UserKey>), Fault> {
    let user = users::user(deeds, realm, user).await?;
    let list = format!("ListAccessKeys {}", user.number);
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let found = rows::page(
        deeds.store(),
        realm.realm,
        user.number,
        &after.unwrap_or_default(),
        page.limit_and_one(),
    )
    .await?;
    let keys = page.cut(deeds, realm.realm, &list, found, |last| {
        last.access_key_id.clone()
    })?;
    Ok((user, keys))
}

fn not_found(access_key_id: &str) -> Fault {
    no_such(format!("The Access Key with id {access_key_id} cannot be found."))
}

/// The name under which a key's secret is sealed.
pub(crate) fn seal_name(access_key_id: &str) -> String {
    format!("user key {access_key_id}")
}
