//! Roles of IAM: what services and callers become for a while, if the role trusts them.

mod create;
mod delete;
pub mod rows;
mod trust;

use thingsmith_model::{Account, Timestamp};

pub use create::{NewRole, create_role};
pub use delete::delete_role;
pub(crate) use trust::by_arn;
pub use trust::{assumable, longest_session_seconds, trusts_service, update_trust};

use crate::iam::{self, IamArn, Kind, no_such};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its number.
    pub number: i64,
    /// Its name, as it was given.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `AROA` and 17 characters.
    pub id: String,
    /// The trust policy, as it was given.
    pub trust: String,
    /// What it is for.
    pub description: Option<String>,
    /// How long its sessions may last, in seconds.
    pub longest_session_seconds: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Role {
    /// Its ARN.
    pub fn arn(&self, account: &Account) -> IamArn {
        IamArn::new(account, Kind::Role, &self.path, &self.name)
    }
}

/// The role of this name, in any case of letters.
///
/// # Errors
/// `NoSuchEntityException`
pub async fn role(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<Role, Fault> {
    rows::find(deeds.store(), realm.realm, &iam::folded(name))
        .await?
        .ok_or_else(|| not_found(name))
}

/// The ARN of an account's role of this name, if there is one. It makes no realm: nobody's permission was decided yet.
///
/// # Errors
/// When the store fails.
pub async fn arn_of(deeds: &Deeds, account: &Account, name: &str) -> Result<Option<IamArn>, Fault> {
    let Some(realm) = iam::find_realm(deeds.store(), account).await? else {
        return Ok(None);
    };
    let found = rows::find(deeds.store(), realm.realm, &iam::folded(name)).await?;
    Ok(found.map(|found| found.arn(account)))
}

/// Lists the roles whose paths begin with `prefix`, by name.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_roles(
    deeds: &Deeds,
    realm: &RealmRecord,
    prefix: &str,
    page: &PageRequest,
) -> Result<Page<Role>, Fault> {
    let list = format!("ListRoles {prefix}");
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or_default();
    let found = rows::page(deeds.store(), realm.realm, prefix, &after, page.limit_and_one()).await?;
    page.cut(deeds, realm.realm, &list, found, |last| iam::folded(&last.name))
}

pub(crate) fn not_found(name: &str) -> Fault {
    no_such(format!("The role with name {name} cannot be found."))
}
