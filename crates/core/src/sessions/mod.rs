//! Sessions of roles: temporary credentials.
//!
//! A session is no row: everything that it is stands in its token, sealed under a key of its own that the seal key and the
//! access key id make, so that every node opens it, nobody else reads or forges it, and a fleet that renews its
//! credentials every hour writes nothing. What a session may do is looked up by its role at each use.

mod token;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thingsmith_model::{Account, Secret, Timestamp};
use thingsmith_policy::{Document, Language};
use thingsmith_ports::Random;

pub(crate) use token::{OWN, Session};

use crate::iam::{self, malformed};
use crate::realms::RealmRecord;
use crate::roles::Role;
use crate::{Code, Deeds, Fault, SealKey, managed_policies};

/// What a new session is to be.
#[derive(Debug, Clone, Default)]
pub struct NewSession {
    /// The session's name, which its ARN ends in.
    pub name: String,
    /// How long it lasts, in seconds; an hour if not given.
    pub duration_seconds: Option<i64>,
    /// A policy that narrows what the role may do.
    pub policy: Option<String>,
    /// ARNs of managed policies of the role's account that narrow it too.
    pub policy_arns: Vec<String>,
    /// Values that policies can ask for by these names, such as `credentials-iot:ThingName`.
    pub variables: Vec<(String, String)>,
}

/// The credentials of a session. They are told once.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `ASIA` and 16 characters.
    pub access_key_id: String,
    /// 40 characters.
    pub secret: Secret<String>,
    /// The sealed session.
    pub session_token: Secret<String>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The role's id, a colon and the session's name.
    pub user_id: String,
    /// The session's ARN.
    pub arn: String,
}

/// The ARN of a role's session.
pub(crate) fn arn(account: &Account, role: &str, session: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
}

/// How long a session lasts when nothing is said (STS API reference, AssumeRole).
const HOUR: i64 = 3600;
/// Most characters of the policies that a session is given (STS API reference, AssumeRole, Policy).
pub const MOST_CHARACTERS: usize = 2048;
/// Most managed policies that a session is given (STS API reference, AssumeRole, PolicyArns).
const MOST_ARNS: usize = 10;

/// Makes a session of a role. Whether the caller may was decided before.
///
/// # Errors
/// `InvalidRequestException` for a session longer than the role's are, or a policy ARN that is none of the role's account;
/// `MalformedPolicyDocumentException`; `PackedPolicyTooLargeException`.
pub async fn issue(
    deeds: &Deeds,
    realm: &RealmRecord,
    role: &Role,
    new: NewSession,
) -> Result<Credentials, Fault> {
    check_policy(&new)?;
    let mut managed = Vec::new();
    for arn in &new.policy_arns {
        let number = managed_policies::number_of(deeds, realm, arn).await;
        managed.push(number.map_err(|fault| match fault.code {
            Code::NoSuchEntity | Code::InvalidInput => {
                Fault::invalid(format!("PolicyArns: {}", fault.message))
            }
            _ => fault,
        })?);
    }
    let issuer = Issuer {
        now: deeds.clock().now(),
        random: deeds.random(),
        seal: &deeds.world().seal,
    };
    make(&issuer, realm, role, new, managed)
}

/// What making a session needs.
pub(crate) struct Issuer<'a> {
    pub(crate) now: Timestamp,
    pub(crate) random: &'a dyn Random,
    pub(crate) seal: &'a SealKey,
}

/// As [`issue`], for a session that no policy narrows.
pub(crate) fn issue_plain(
    issuer: &Issuer<'_>,
    realm: &RealmRecord,
    role: &Role,
    new: NewSession,
) -> Result<Credentials, Fault> {
    debug_assert!(new.policy.is_none() && new.policy_arns.is_empty());
    make(issuer, realm, role, new, Vec::new())
}

/// A session of the service's own, which has no role: it may do what its policy says.
pub(crate) struct OwnSession {
    /// Its name, which its ARN ends in.
    pub(crate) name: &'static str,
    /// How long it lasts.
    pub(crate) lifetime: Duration,
    /// A policy of IAM's language.
    pub(crate) policy: String,
}

/// Makes a session of the service's own in a realm.
pub(crate) fn issue_own(deeds: &Deeds, realm: &RealmRecord, own: OwnSession) -> Result<Credentials, Fault> {
    Document::parse(&own.policy, Language::Iam).map_err(Fault::internal)?;
    let (now, random) = (deeds.clock().now(), deeds.random());
    let mut secret = [0; 30];
    random.fill(&mut secret);
    let session = Session {
        realm: realm.realm.0,
        account: realm.account.clone(),
        role: OWN,
        name: own.name.to_owned(),
        secret: STANDARD.encode(secret),
        issued_at: now.as_millis(),
        expires_at: now.plus(own.lifetime).as_millis(),
        policy: Some(own.policy),
        managed: Vec::new(),
        variables: Vec::new(),
    };
    let access_key_id = format!("ASIA{}", iam::characters(16, random));
    let session_token = session.seal(&deeds.world().seal, &access_key_id)?;
    Ok(Credentials {
        session_token: Secret::new(session_token),
        user_id: session.own_user_id(),
        arn: session.own_arn(),
        expires_at: Timestamp::from_millis(session.expires_at),
        secret: Secret::new(session.secret.clone()),
        access_key_id,
    })
}

fn make(
    issuer: &Issuer<'_>,
    realm: &RealmRecord,
    role: &Role,
    new: NewSession,
    managed: Vec<i64>,
) -> Result<Credentials, Fault> {
    let Issuer { now, random, seal } = *issuer;
    let seconds = new.duration_seconds.unwrap_or(HOUR);
    if seconds > role.longest_session_seconds {
        return Err(Fault::invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let lifetime = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let mut secret = [0; 30];
    random.fill(&mut secret);
    let session = Session {
        realm: realm.realm.0,
        account: realm.account.clone(),
        role: role.number,
        name: new.name,
        secret: STANDARD.encode(secret),
        issued_at: now.as_millis(),
        expires_at: now.plus(lifetime).as_millis(),
        policy: new.policy,
        managed,
        variables: new.variables,
    };
    let access_key_id = format!("ASIA{}", iam::characters(16, random));
    let session_token = session.seal(seal, &access_key_id)?;
    Ok(Credentials {
        session_token: Secret::new(session_token),
        user_id: session.user_id(role),
        arn: session.arn(role),
        expires_at: Timestamp::from_millis(session.expires_at),
        secret: Secret::new(session.secret.clone()),
        access_key_id,
    })
}

fn check_policy(new: &NewSession) -> Result<(), Fault> {
    if new.policy_arns.len() > MOST_ARNS {
        return Err(Fault::invalid(format!(
            "PolicyArns has {} ARNs, at most {MOST_ARNS} are allowed.",
            new.policy_arns.len()
        )));
    }
    let Some(policy) = &new.policy else { return Ok(()) };
    let characters = policy.chars().count();
    if characters > MOST_CHARACTERS {
        return Err(Fault::new(
            Code::PackedPolicyTooLarge,
            format!("Policy has {characters} characters, at most {MOST_CHARACTERS} are allowed."),
        ));
    }
    Document::parse(policy, Language::Iam).map_err(|wrong| malformed("Policy", &wrong))?;
    Ok(())
}
