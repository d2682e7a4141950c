//! Trust policies: who may assume a role (IAM guide, "AWS JSON policy elements: Principal").
//!
//! They share actions and conditions with the other policies, name principals and have no resource: the role that they
//! stand on is it.

use crate::condition::Condition;
use crate::elements::{Members, string, strings};
use crate::error::PolicyError;
use crate::evaluate::Verdict;
use crate::json::Json;
use crate::parse::{Effect, Language, Patterns, Reader, check_unique, members_of};
use crate::variables::Variables;

/// A trust policy, parsed. It never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct TrustPolicy {
    statements: Box<[TrustStatement]>,
}

#[derive(Debug, Clone, PartialEq)]
struct TrustStatement {
    effect: Effect,
    principals: Box<[Trusted]>,
    actions: Patterns,
    conditions: Box<[Condition]>,
}

/// One principal that a statement names.
#[derive(Debug, Clone, PartialEq)]
enum Trusted {
    /// `*`
    Anybody,
    /// Twelve digits, or the ARN of an account's root: everybody in the account.
    Account(Box<str>),
    /// The ARN of a user, a role or a session of a role.
    Arn(Box<str>),
    /// A service, such as `credentials.iot.amazonaws.com`.
    Service(Box<str>),
    /// A provider of identities.
    Federated(Box<str>),
}

/// Who asks to assume a role.
#[derive(Debug, Clone, Copy)]
pub enum Assuming<'a> {
    /// A user, a session, or the root of an account.
    Caller {
        /// The twelve digits of its account.
        account: &'a str,
        /// Its ARN.
        arn: &'a str,
        /// The ARN of the session's role, if it is a session.
        role: Option<&'a str>,
    },
    /// A service.
    Service(&'a str),
    /// Whoever an identity provider vouches for.
    Federated(&'a str),
}

/// What a trust policy says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trust {
    /// The answer.
    pub verdict: Verdict,
    /// Whether a statement that allows it names the very principal, rather than its account or anybody. Such a statement
    /// needs no permission on the caller's side within one account.
    pub names_principal: bool,
}

impl TrustPolicy {
    /// Most characters of a trust policy, white space not counted (IAM quotas, "Role trust policy length").
    pub const MOST_CHARACTERS: usize = 2048;

    /// Reads a trust policy.
    ///
    /// # Errors
    /// Says what is wrong with the first element that breaks the grammar, and where it stands.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let (mut members, reader) = members_of(text, Language::Iam, Self::MOST_CHARACTERS)?;
        let (place, json) = members.require("Statement")?;
        let statements = match json {
            Json::Array(items) if items.is_empty() => return Err(PolicyError::Empty { place }),
            Json::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(at, item)| statement(reader, item, &format!("{place}[{at}]")))
                .collect::<Result<Vec<_>, _>>()?,
            item => vec![statement(reader, item, &place)?],
        };
        check_unique(statements.iter().map(|(sid, _)| sid.as_deref()))?;
        Ok(Self {
            statements: statements.into_iter().map(|(_, statement)| statement).collect(),
        })
    }

    /// Whether somebody may do `action`, one of `sts:AssumeRole` and its like.
    pub fn decide(&self, who: &Assuming<'_>, action: &str, variables: &dyn Variables) -> Trust {
        let mut trust = Trust {
            verdict: Verdict::ImplicitDeny,
            names_principal: false,
        };
        for statement in &self.statements {
            let Some(named) = statement.speaks_of(who, action, variables) else {
                continue;
            };
            match statement.effect {
                Effect::Deny => {
                    return Trust {
                        verdict: Verdict::ExplicitDeny,
                        names_principal: false,
                    };
                }
                Effect::Allow => {
                    trust.verdict = Verdict::Allowed;
                    trust.names_principal |= named;
                }
            }
        }
        trust
    }
}

impl TrustStatement {
    /// Whether the statement speaks of the request and, if so, names the very principal.
    fn speaks_of(&self, who: &Assuming<'_>, action: &str, variables: &dyn Variables) -> Option<bool> {
        let mut found = self.principals.iter().filter_map(|trusted| trusted.matches(who));
        let first = found.next()?;
        let named = first || found.any(|named| named);
        let acts = self
            .actions
            .patterns
            .iter()
            .any(|pattern| pattern.matches_name(action))
            != self.actions.negated;
        let holds = acts
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(self.effect, variables));
        holds.then_some(named)
    }
}

impl Trusted {
    /// Whether this is who asks and, if so, whether it names the very principal.
    fn matches(&self, who: &Assuming<'_>) -> Option<bool> {
        match (self, who) {
            (Self::Anybody, _) => Some(false),
            (Self::Account(trusted), Assuming::Caller { account, .. }) => {
                (**trusted == **account).then_some(false)
            }
            (Self::Arn(trusted), Assuming::Caller { arn, role, .. }) => {
                (**trusted == **arn || *role == Some(&**trusted)).then_some(true)
            }
            (Self::Service(trusted), Assuming::Service(service)) => (**trusted == **service).then_some(true),
            (Self::Federated(trusted), Assuming::Federated(provider)) => {
                (**trusted == **provider).then_some(true)
            }
            _ => None,
        }
    }
}

fn statement(
    reader: Reader,
    json: Json,
    place: &str,
) -> Result<(Option<Box<str>>, TrustStatement), PolicyError> {
    const KNOWN: [&str; 6] = ["Sid", "Effect", "Principal", "Action", "NotAction", "Condition"];
    let mut members = Members::new(json, place, &KNOWN)?;
    let (sid, effect) = reader.sid_and_effect(&mut members)?;
    let (place, json) = members.require("Principal")?;
    let principals = principals(json, &place)?;
    let actions = reader.actions(&mut members)?;
    let conditions = reader.conditions_of(&mut members)?.into();
    let statement = TrustStatement {
        effect,
        principals: principals.into(),
        actions,
        conditions,
    };
    Ok((sid, statement))
}

fn principals(json: Json, place: &str) -> Result<Vec<Trusted>, PolicyError> {
    if let Json::Text(text) = json {
        return match &*text {
            "*" => Ok(vec![Trusted::Anybody]),
            text => Err(PolicyError::value(place, text, "* or an object of principals")),
        };
    }
    let mut kinds = Members::new(json, place, &["AWS", "Service", "Federated"])?;
    let mut found = Vec::new();
    for kind in ["AWS", "Service", "Federated"] {
        let Some((place, json)) = kinds.take(kind) else {
            continue;
        };
        let texts = match json {
            json @ Json::Array(_) => strings(json, &place)?,
            json => vec![(place.clone(), string(json, &place)?)],
        };
        if texts.is_empty() {
            return Err(PolicyError::Empty { place });
        }
        for (place, text) in texts {
            found.push(match kind {
                "AWS" => aws(&text, &place)?,
                "Service" => service(&text, &place)?,
                _ if text.is_empty() => return Err(PolicyError::Empty { place }),
                _ => Trusted::Federated(text.into()),
            });
        }
    }
    if found.is_empty() {
        return Err(PolicyError::Empty {
            place: place.to_owned(),
        });
    }
    Ok(found)
}

fn aws(text: &str, place: &str) -> Result<Trusted, PolicyError> {
    let wrong = || {
        PolicyError::value(
            place,
            text,
            "*, an account, or the ARN of a user, a role or a session",
        )
    };
    if text == "*" {
        return Ok(Trusted::Anybody);
    }
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account(text) {
        return Ok(Trusted::Account(text.into()));
    }
    let mut parts = text.splitn(6, ':');
    let mut part = || parts.next().ok_or_else(wrong);
    let head = (part()?, part()?, part()?, part()?);
    let (account, resource) = (part()?, part()?);
    // IAM guide: a wildcard stands for everybody or not at all.
    if !is_account(account) || resource.contains(['*', '?']) {
        return Err(wrong());
    }
    match head {
        ("arn", "aws", "iam", "") if resource == "root" => Ok(Trusted::Account(account.into())),
        ("arn", "aws", "iam", "") if is_named(resource, &["user/", "role/"]) => Ok(Trusted::Arn(text.into())),
        ("arn", "aws", "sts", "") if is_named(resource, &["assumed-role/"]) => Ok(Trusted::Arn(text.into())),
        _ => Err(wrong()),
    }
}

fn is_named(resource: &str, kinds: &[&str]) -> bool {
    let mut names = kinds.iter().filter_map(|kind| resource.strip_prefix(kind));
    names.any(|name| !name.is_empty())
}

fn service(text: &str, place: &str) -> Result<Trusted, PolicyError> {
    let is_name = text.contains('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    if !is_name {
        return Err(PolicyError::value(
            place,
            text,
            "a service such as iot.amazonaws.com",
        ));
    }
    Ok(Trusted::Service(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Key, Values};

    struct Session;

    impl Variables for Session {
        fn values(&self, key: &Key) -> Values<'_> {
            match key.folded() {
                "sts:externalid" => Some("x-1").into(),
                _ => Values::Missing,
            }
        }
    }

    const USER: Assuming<'_> = Assuming::Caller {
        account: "123456789012",
        arn: "arn:aws:iam::123456789012:user/ann",
        role: None,
    };
    const SESSION: Assuming<'_> = Assuming::Caller {
        account: "123456789012",
        arn: "arn:aws:sts::123456789012:assumed-role/line/one",
        role: Some("arn:aws:iam::123456789012:role/line"),
    };

    fn policy(effect: &str, principal: &str, rest: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Principal":{principal},{rest}}}}}"#
        )
    }

    fn decide(text: &str, who: &Assuming<'_>) -> (Verdict, bool) {
        let trust = TrustPolicy::parse(text)
            .unwrap()
            .decide(who, "sts:AssumeRole", &Session);
        (trust.verdict, trust.names_principal)
    }

    #[test]
    fn who_is_named_may() {
        let action = r#""Action":"sts:AssumeRole""#;
        for (principal, who, expected) in [
            (r#""*""#, USER, Some(false)),
            (r#"{"AWS":"*"}"#, USER, Some(false)),
            (r#"{"AWS":"123456789012"}"#, USER, Some(false)),
            (
                r#"{"AWS":["arn:aws:iam::123456789012:root"]}"#,
                SESSION,
                Some(false),
            ),
            (r#"{"AWS":"arn:aws:iam::210987654321:root"}"#, USER, None),
            (
                r#"{"AWS":"arn:aws:iam::123456789012:user/ann"}"#,
                USER,
                Some(true),
            ),
            (r#"{"AWS":"arn:aws:iam::123456789012:user/anna"}"#, USER, None),
            (
                r#"{"AWS":"arn:aws:iam::123456789012:role/line"}"#,
                SESSION,
                Some(true),
            ),
            (
                r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/line/one"}"#,
                SESSION,
                Some(true),
            ),
            (
                r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/line/two"}"#,
                SESSION,
                None,
            ),
            (r#"{"Service":"iot.amazonaws.com"}"#, USER, None),
            (
                r#"{"Service":["iot.amazonaws.com","credentials.iot.amazonaws.com"]}"#,
                Assuming::Service("credentials.iot.amazonaws.com"),
                Some(true),
            ),
            (
                r#"{"Service":"lambda.amazonaws.com"}"#,
                Assuming::Service("iot.amazonaws.com"),
                None,
            ),
        ] {
            let found = decide(&policy("Allow", principal, action), &who);
            let expected = expected.map_or((Verdict::ImplicitDeny, false), |named| (Verdict::Allowed, named));
            assert_eq!(found, expected, "{principal} {who:?}");
        }
        let denied = policy("Deny", r#""*""#, action);
        assert_eq!(decide(&denied, &USER).0, Verdict::ExplicitDeny);
        let other = policy("Allow", r#""*""#, r#""Action":"sts:TagSession""#);
        assert_eq!(decide(&other, &USER).0, Verdict::ImplicitDeny);
    }

    #[test]
    fn conditions_count() {
        for (value, verdict) in [("x-1", Verdict::Allowed), ("x-2", Verdict::ImplicitDeny)] {
            let rest = format!(
                r#""Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"{value}"}}}}"#
            );
            assert_eq!(
                decide(&policy("Allow", r#"{"AWS":"123456789012"}"#, &rest), &USER).0,
                verdict
            );
        }
    }

    #[test]
    fn what_is_no_trust_policy_is_refused() {
        let action = r#""Action":"sts:AssumeRole""#;
        for principal in [
            r#""anybody""#,
            "{}",
            "[]",
            r#"{"AWS":[]}"#,
            r#"{"AWS":"ann"}"#,
            r#"{"AWS":"arn:aws:iam::123456789012:user/*"}"#,
            r#"{"AWS":"arn:aws:iam::123456789012:group/a"}"#,
            r#"{"AWS":"arn:aws:iam::123456789012:user/"}"#,
            r#"{"AWS":1}"#,
            r#"{"Service":"iot"}"#,
            r#"{"Service":"*"}"#,
            r#"{"Other":"a"}"#,
        ] {
            assert!(
                TrustPolicy::parse(&policy("Allow", principal, action)).is_err(),
                "{principal}"
            );
        }
        let with_resource = policy("Allow", r#""*""#, r#""Action":"sts:AssumeRole","Resource":"*""#);
        assert!(TrustPolicy::parse(&with_resource).is_err());
        let without = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}"#;
        assert!(matches!(
            TrustPolicy::parse(without),
            Err(PolicyError::Missing { .. })
        ));
    }
}
