//! Managed policies: an account's own and AWS's.

pub mod aws;
mod create;
mod delete;
mod list;
pub mod rows;
mod versions;

use thingsmith_model::Timestamp;

pub use create::{NewPolicy, create_policy};
pub use delete::delete_policy;
pub use list::{Filter, Scope, list_policies};
pub use versions::{
    create_policy_version, delete_policy_version, list_policy_versions, policy_version, set_default_version,
};

use crate::iam::{IamArn, Kind, folded, no_such};
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// A managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// Its number; below zero for AWS's own.
    pub number: i64,
    /// Its name, as it was given.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `ANPA` and 17 characters.
    pub id: String,
    /// What it permits, in words.
    pub description: Option<String>,
    /// The number of the version that counts.
    pub default_version: i64,
    /// The highest number that a version ever had.
    pub newest_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a version was made or chosen last.
    pub modified_at: Timestamp,
}

/// A version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Counted from 1; AWS writes `v1`.
    pub version: i64,
    /// Whether it is the one that counts.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ManagedPolicy {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> IamArn {
        IamArn {
            account: (self.number > 0).then(|| realm.account.clone()),
            kind: Kind::Policy,
            path: self.path.clone(),
            name: self.name.clone(),
        }
    }
}

/// The managed policy of an ARN, and to how many users and roles of the account it is attached.
///
/// # Errors
/// `InvalidInputException` for what is no policy's ARN, `NoSuchEntityException`
pub async fn policy(deeds: &Deeds, realm: &RealmRecord, arn: &str) -> Result<(ManagedPolicy, i64), Fault> {
    let found = find(deeds, realm, arn).await?;
    let attached = rows::attachments(deeds.store(), realm.realm, found.number).await?;
    Ok((found, attached))
}

/// The number of an ARN's policy.
///
/// # Errors
/// As [`policy`].
pub(crate) async fn number_of(deeds: &Deeds, realm: &RealmRecord, arn: &str) -> Result<i64, Fault> {
    Ok(find(deeds, realm, arn).await?.number)
}

async fn find(deeds: &Deeds, realm: &RealmRecord, arn: &str) -> Result<ManagedPolicy, Fault> {
    let parsed = match arn.parse::<IamArn>() {
        Ok(parsed) if parsed.kind == Kind::Policy => parsed,
        _ => {
            return Err(Fault::new(Code::InvalidInput, format!("ARN {arn} is not valid.")));
        }
    };
    let found = match &parsed.account {
        None => aws::by_arn(&parsed).map(aws::AwsPolicy::as_managed),
        Some(account) if *account == realm.account => {
            rows::find(deeds.store(), realm.realm, &folded(&parsed.name)).await?
        }
        Some(_) => None,
    };
    found
        .filter(|found| found.name == parsed.name && found.path == parsed.path)
        .ok_or_else(|| no_such(format!("Policy {arn} does not exist or is not attachable.")))
}

/// The account's own policy of an ARN: AWS's are nobody's to change.
async fn find_own(deeds: &Deeds, realm: &RealmRecord, arn: &str) -> Result<ManagedPolicy, Fault> {
    let found = find(deeds, realm, arn).await?;
    if found.number < 0 {
        return Err(Fault::new(
            Code::AccessDenied,
            format!("Policy {arn} is AWS's own and cannot be changed."),
        ));
    }
    Ok(found)
}
