//! On whose behalf a deed does what is more than one operation.
//!
//! Registering a thing creates things, policies and attachments. The permission for each is asked of whoever it is done
//! for: the caller of `RegisterThing`, or the role that a template, rule or function names.

use std::borrow::Cow;
use std::sync::Arc;

use thingsmith_model::{Account, Timestamp};
use thingsmith_policy::{Document, Key, Request, Values, Variables, Verdict, evaluate};

use crate::callers::ServiceRole;
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault, callers, iso8601, roles, sessions};

/// Somebody for whom something is done.
pub trait Acting: Send + Sync {
    /// Decides whether it may do an action, such as `iot:CreateThing`, to a resource, an ARN or `*`.
    ///
    /// # Errors
    /// `AccessDeniedException` in AWS's words.
    fn may(&self, action: &str, resource: &str) -> Result<(), Fault>;
}

/// AWS's sentence for whoever may not do `action` to `resource`; `arn` names it.
pub fn refusal(arn: &str, action: &str, resource: &str, verdict: Verdict) -> String {
    let why = match verdict {
        Verdict::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
        Verdict::Allowed | Verdict::ImplicitDeny => {
            format!("because no identity-based policy allows the {action} action")
        }
    };
    format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {why}")
}

/// A role as a service acts by it.
#[derive(Debug, Clone)]
pub struct ActingRole {
    account: Account,
    /// The ARN of the role.
    role_arn: String,
    /// The ARN of the session, which refusals name.
    arn: String,
    user_id: String,
    region: String,
    now: Timestamp,
    documents: Arc<[Arc<Document>]>,
}

impl ActingRole {
    /// What a service may do by a role of the realm's account, which must trust it still. `session` names the session in
    /// refusals. It holds for one deed; the next asks anew, but that what was read of a role is believed for a second.
    ///
    /// # Errors
    /// `InvalidRequestException` naming `member` when the role is not there or does not trust the service.
    pub async fn assume(
        deeds: &Deeds,
        realm: &RealmRecord,
        member: &str,
        role_arn: &str,
        service: &str,
        session: &str,
    ) -> Result<Self, Fault> {
        let now = deeds.clock().now();
        let key = (realm.account.clone(), service.to_owned(), role_arn.to_owned());
        let role = match deeds.callers().recall_role(&key, now) {
            Ok(role) => role,
            Err(generation) => {
                let role = Arc::new(read(deeds, realm, member, role_arn, service, now).await?);
                deeds.callers().remember_role(key, now, &role, generation);
                role
            }
        };
        Ok(Self {
            arn: sessions::arn(&realm.account, &role.name, session),
            user_id: format!("{}:{session}", role.id),
            role_arn: role_arn.to_owned(),
            account: realm.account.clone(),
            region: realm.region.to_string(),
            now,
            documents: Arc::clone(&role.documents),
        })
    }

    /// The ARN of the session.
    pub fn arn(&self) -> &str {
        &self.arn
    }
}

impl Acting for ActingRole {
    fn may(&self, action: &str, resource: &str) -> Result<(), Fault> {
        let request = Request {
            action,
            resource,
            variables: self,
        };
        match evaluate(self.documents.iter().map(Arc::as_ref), &request).verdict {
            Verdict::Allowed => Ok(()),
            verdict => Err(Fault::new(
                Code::AccessDenied,
                refusal(&self.arn, action, resource, verdict),
            )),
        }
    }
}

impl Variables for ActingRole {
    fn values(&self, key: &Key) -> Values<'_> {
        match key.folded() {
            "aws:principalaccount" => Some(self.account.as_str()).into(),
            "aws:principalarn" => Some(self.role_arn.as_str()).into(),
            "aws:principaltype" => Some("AssumedRole").into(),
            "aws:requestedregion" => Some(self.region.as_str()).into(),
            "aws:securetransport" => Some("true").into(),
            "aws:userid" => Some(self.user_id.as_str()).into(),
            _ => time(self.now, key),
        }
    }
}

async fn read(
    deeds: &Deeds,
    realm: &RealmRecord,
    member: &str,
    role_arn: &str,
    service: &str,
    now: Timestamp,
) -> Result<ServiceRole, Fault> {
    let variables = Service { now };
    roles::trusts_service(deeds, &realm.account, member, role_arn, service, &variables).await?;
    let gone = || Fault::invalid(format!("{member} {role_arn} is not there."));
    let (own_realm, role) = roles::by_arn(deeds.store(), role_arn).await?.ok_or_else(gone)?;
    let documents = callers::documents(deeds, own_realm.realm, role.number)
        .await?
        .ok_or_else(gone)?;
    Ok(ServiceRole {
        name: role.name,
        id: role.id,
        documents,
    })
}

/// What a trust policy can ask about a service that assumes a role.
pub(crate) struct Service {
    pub(crate) now: Timestamp,
}

impl Variables for Service {
    fn values(&self, key: &Key) -> Values<'_> {
        time(self.now, key)
    }
}

/// What any policy can ask about the time.
pub(crate) fn time(now: Timestamp, key: &Key) -> Values<'static> {
    match key.folded() {
        "aws:currenttime" => Values::One(Cow::Owned(iso8601(now))),
        "aws:epochtime" => Values::One(Cow::Owned(now.as_seconds().to_string())),
        _ => Values::Missing,
    }
}
