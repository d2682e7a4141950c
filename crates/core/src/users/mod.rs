//! Users of IAM: whoever has an access key and is not the administrator.

mod create;
mod delete;
pub mod rows;

use thingsmith_model::{Account, Timestamp};

pub use create::create_user;
pub use delete::delete_user;

use crate::iam::{self, IamArn, Kind, no_such};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub number: i64,
    /// Its name, as it was given.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `AIDA` and 17 characters.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl User {
    /// Its ARN.
    pub fn arn(&self, account: &Account) -> IamArn {
        IamArn::new(account, Kind::User, &self.path, &self.name)
    }
}

/// The user of this name, in any case of letters.
///
/// # Errors
/// `NoSuchEntityException`
pub async fn user(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<User, Fault> {
    rows::find(deeds.store(), realm.realm, &iam::folded(name))
        .await?
        .ok_or_else(|| not_found(name))
}

/// The ARN of an account's user of this name, if there is one. It makes no realm: nobody's permission was decided yet.
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

/// Lists the users whose paths begin with `prefix`, by name.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_users(
    deeds: &Deeds,
    realm: &RealmRecord,
    prefix: &str,
    page: &PageRequest,
) -> Result<Page<User>, Fault> {
    let list = format!("ListUsers {prefix}");
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or_default();
    let found = rows::page(deeds.store(), realm.realm, prefix, &after, page.limit_and_one()).await?;
    page.cut(deeds, realm.realm, &list, found, |last| iam::folded(&last.name))
}

pub(crate) fn not_found(name: &str) -> Fault {
    no_such(format!("The user with name {name} cannot be found."))
}
