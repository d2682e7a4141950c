//! Listing managed policies.

use super::{ManagedPolicy, aws, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Whose policies are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// AWS's and the account's.
    All,
    /// AWS's.
    Aws,
    /// The account's.
    Local,
}

/// Which policies are listed.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Whose.
    pub scope: Scope,
    /// Only those attached to a user or role.
    pub only_attached: bool,
    /// The beginning of their paths.
    pub path_prefix: String,
}

/// Lists managed policies with the number of their attachments, AWS's first, then the account's by age.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_policies(
    deeds: &Deeds,
    realm: &RealmRecord,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<(ManagedPolicy, i64)>, Fault> {
    let list = format!(
        "ListPolicies {:?} {} {}",
        filter.scope, filter.only_attached, filter.path_prefix
    );
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or(i64::MIN);
    let mut found = Vec::new();
    if filter.scope != Scope::Local {
        for policy in aws::ALL.iter().map(aws::AwsPolicy::as_managed) {
            if policy.number <= after || !policy.path.starts_with(&filter.path_prefix) {
                continue;
            }
            let attached = rows::attachments(deeds.store(), realm.realm, policy.number).await?;
            if attached > 0 || !filter.only_attached {
                found.push((policy, attached));
            }
        }
    }
    let room = page
        .limit_and_one()
        .saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
    if filter.scope != Scope::Aws && room > 0 {
        found.extend(
            rows::page(
                deeds.store(),
                realm.realm,
                (&filter.path_prefix, filter.only_attached),
                after.max(0),
                room,
            )
            .await?,
        );
    }
    page.cut(deeds, realm.realm, &list, found, |(policy, _)| policy.number)
}
