//! Whom a role trusts.

use thingsmith_model::Account;
use thingsmith_policy::{Assuming, Trust, TrustPolicy, Variables, Verdict};
use thingsmith_ports::{Batch, Store, StoreError};

use super::{Role, not_found, rows};
use crate::iam::{self, IamArn, Kind, malformed};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Gives a role another trust policy. Sessions that there are go on.
///
/// # Errors
/// `MalformedPolicyDocumentException` for what is no trust policy, `NoSuchEntityException` when there is no such role.
pub async fn update_trust(deeds: &Deeds, realm: &RealmRecord, name: &str, trust: &str) -> Result<(), Fault> {
    TrustPolicy::parse(trust).map_err(|wrong| malformed("PolicyDocument", &wrong))?;
    let tries = Tries::default();
    tries
        .change(deeds.store(), || update_once(deeds, realm, name, trust, &tries))
        .await
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    trust: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let role = rows::find(deeds.store(), realm.realm, &iam::folded(name))
        .await?
        .ok_or_else(|| not_found(name))?;
    let mut batch = Batch::new();
    rows::update_trust(&mut batch, realm.realm, role.number, trust);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(role.number), tries)
        .await
}

/// The role of an ARN with its realm and what its trust policy says of a request; nothing when there is no such role.
///
/// # Errors
/// When the store fails or holds what is no trust policy.
pub async fn assumable(
    deeds: &Deeds,
    arn: &str,
    who: &Assuming<'_>,
    action: &str,
    variables: &(dyn Variables + Sync),
) -> Result<Option<(RealmRecord, Role, Trust)>, Fault> {
    let Some((realm, role)) = by_arn(deeds.store(), arn).await? else {
        return Ok(None);
    };
    // It was read before it was kept; one that no longer reads must let nobody in.
    let policy = TrustPolicy::parse(&role.trust).map_err(Fault::internal)?;
    let trust = policy.decide(who, action, variables);
    Ok(Some((realm, role, trust)))
}

/// Checks that a role of `account` may be handed to a service: it is there and trusts the service.
///
/// # Errors
/// `InvalidRequestException` naming the member and what is wrong with the role.
pub async fn trusts_service(
    deeds: &Deeds,
    account: &Account,
    member: &str,
    arn: &str,
    service: &str,
    variables: &(dyn Variables + Sync),
) -> Result<(), Fault> {
    let wrong = |what: &str| Fault::new(Code::InvalidRequest, format!("{member} {arn} {what}."));
    match arn.parse::<IamArn>() {
        Ok(IamArn {
            account: Some(owner),
            kind: Kind::Role,
            ..
        }) if owner == *account => {}
        Ok(IamArn { kind: Kind::Role, .. }) => {
            return Err(wrong(
                "is of another account, and roles are handed over within one",
            ));
        }
        _ => return Err(wrong("is not the ARN of a role")),
    }
    let who = Assuming::Service(service);
    match assumable(deeds, arn, &who, "sts:AssumeRole", variables).await? {
        None => Err(wrong("is not there")),
        Some((_, _, trust)) if trust.verdict != Verdict::Allowed => Err(wrong(&format!(
            "does not let the service {service} assume it (its trust policy must allow that)"
        ))),
        Some(_) => Ok(()),
    }
}

/// How long a session of the role of an ARN may last; nothing when there is no such role.
///
/// # Errors
/// When the store fails.
pub async fn longest_session_seconds(deeds: &Deeds, arn: &str) -> Result<Option<i64>, Fault> {
    let found = by_arn(deeds.store(), arn).await?;
    Ok(found.map(|(_, role)| role.longest_session_seconds))
}

/// The role of an ARN, in the realm of its account.
pub(crate) async fn by_arn(store: &dyn Store, arn: &str) -> Result<Option<(RealmRecord, Role)>, StoreError> {
    let Ok(IamArn {
        account: Some(account),
        kind: Kind::Role,
        path,
        name,
    }) = arn.parse()
    else {
        return Ok(None);
    };
    let Some(realm) = iam::find_realm(store, &account).await? else {
        return Ok(None);
    };
    let role = rows::find(store, realm.realm, &iam::folded(&name)).await?;
    Ok(role
        .filter(|role| role.path == path && role.name == name)
        .map(|role| (realm, role)))
}
