//! Role aliases: names by which devices ask for the credentials of a role.

mod change;
mod create;
pub mod rows;

use thingsmith_model::{Account, Arn, Resource, Timestamp};

pub use change::{RoleAliasUpdate, delete_role_alias, update_role_alias};
pub use create::{NewRoleAlias, create_role_alias};

use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// A role alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAlias {
    /// Its number.
    pub number: i64,
    /// Its name; case matters.
    pub name: String,
    /// The role that it stands for.
    pub role_arn: String,
    /// How long its credentials last, in seconds.
    pub duration_seconds: i64,
    /// The account that made it.
    pub owner: Account,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub modified_at: Timestamp,
}

impl RoleAlias {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> Arn {
        realm.arn(resource(&self.name))
    }
}

/// What the ARN of a role alias ends in.
pub fn resource(name: &str) -> Resource {
    Resource::Other(format!("rolealias/{name}"))
}

/// The role alias of this name.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn role_alias(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<RoleAlias, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// Lists role aliases by age, newest first unless `ascending`.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_role_aliases(
    deeds: &Deeds,
    realm: &RealmRecord,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<String>, Fault> {
    let list = format!("ListRoleAliases {ascending}");
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let limit = page.limit_and_one();
    let found = if ascending {
        rows::page_ascending(deeds.store(), realm.realm, after.unwrap_or(i64::MIN), limit).await?
    } else {
        rows::page_descending(deeds.store(), realm.realm, after.unwrap_or(i64::MAX), limit).await?
    };
    let page = page.cut(deeds, realm.realm, &list, found, |(number, _)| *number)?;
    Ok(page.map(|(_, name)| name))
}

fn not_found(name: &str) -> Fault {
    Fault::not_found(format!("Role alias {name} not found."))
}
