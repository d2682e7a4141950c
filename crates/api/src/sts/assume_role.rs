use serde::{Deserialize, Serialize};
use thingsmith_core::roles;
use thingsmith_core::sessions::{self, NewSession};
use thingsmith_core::{Fault, sessions::MOST_CHARACTERS};
use thingsmith_policy::{Assuming, Trust, Variables, Verdict};

use crate::auth::{With, refused};
use crate::{Context, Http, Operation};
use thingsmith_core::iso8601;

/// Makes a session of a role that trusts the caller: temporary credentials.
///
/// # Errors
/// `AccessDenied` if the role is not there, does not trust the caller, or the caller's own policies do not permit it;
/// `ValidationError` for a session that is longer than the role allows, `MalformedPolicyDocument` and `PackedPolicyTooLarge`
/// for the session's policy.
pub struct AssumeRole;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_arn: String,
    role_session_name: String,
    #[serde(default)]
    policy_arns: Vec<PolicyDescriptor>,
    policy: Option<String>,
    duration_seconds: Option<i64>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
    external_id: Option<String>,
    serial_number: Option<String>,
    token_code: Option<String>,
    source_identity: Option<String>,
    #[serde(default)]
    provided_contexts: Vec<ProvidedContext>,
    minimum_session_token_size: Option<i64>,
}

/// AWS's `PolicyDescriptorType`.
#[derive(Deserialize)]
struct PolicyDescriptor {
    arn: Option<String>,
}

/// AWS's `Tag`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

/// AWS's `ProvidedContext`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(
    dead_code,
    reason = "contexts are read and refused: no identity centre vouches for any"
)]
struct ProvidedContext {
    provider_arn: Option<String>,
    context_assertion: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    credentials: Credentials,
    assumed_role_user: AssumedRoleUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<usize>,
}

/// AWS's `Credentials`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

/// AWS's `AssumedRoleUser`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

impl Operation for AssumeRole {
    const NAME: &'static str = "AssumeRole";
    const HTTP: Http = Http::post("/");
    // The role decides as well, so that it is asked below.
    const ACTION: Option<&'static str> = None;
    type Input = Input;
    type Output = Output;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        [
            (!input.transitive_tag_keys.is_empty(), "TransitiveTagKeys"),
            (input.serial_number.is_some(), "SerialNumber"),
            (input.token_code.is_some(), "TokenCode"),
            (input.source_identity.is_some(), "SourceIdentity"),
            (!input.provided_contexts.is_empty(), "ProvidedContexts"),
            (
                input.minimum_session_token_size.is_some(),
                "MinimumSessionTokenSize",
            ),
        ]
        .into_iter()
        .find_map(|(given, member)| given.then_some(member))
    }

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.role_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let tags = tags(&input)?;
        let mut values = vec![("sts:rolesessionname", input.role_session_name.as_str())];
        values.extend(input.external_id.as_deref().map(|id| ("sts:externalid", id)));
        values.extend(input.tags.iter().map(|tag| ("aws:tagkeys", tag.key.as_str())));
        values.extend(tags.iter().map(|(name, value)| (name.as_str(), *value)));
        let variables = With {
            facts: cx.facts,
            values: &values,
        };
        let arn = &input.role_arn;
        let denied = || refused(cx.caller, "sts:AssumeRole", arn, Verdict::ImplicitDeny);
        let actions: &[&str] = match input.tags.is_empty() {
            true => &["sts:AssumeRole"],
            false => &["sts:AssumeRole", "sts:TagSession"],
        };
        let mut found = None;
        for action in actions {
            let who = Assuming::Caller {
                account: cx.caller.account.as_str(),
                arn: &cx.caller.arn,
                role: cx.caller.role_arn.as_deref(),
            };
            let (realm, role, trust) = roles::assumable(cx.deeds, arn, &who, action, &variables)
                .await?
                .ok_or_else(denied)?;
            decide(
                cx,
                (trust, realm.account == cx.caller.account),
                action,
                arn,
                &variables,
            )?;
            found = Some((realm, role));
        }
        let (realm, role) = found.ok_or_else(denied)?;
        if cx.caller.role_arn.is_some() && input.duration_seconds.is_some_and(|seconds| seconds > HOUR) {
            return Err(Fault::invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        let packed = input.policy.as_ref().map(|policy| policy.chars().count());
        let new = NewSession {
            name: input.role_session_name.clone(),
            duration_seconds: input.duration_seconds,
            policy: input.policy,
            policy_arns: input.policy_arns.into_iter().filter_map(|it| it.arn).collect(),
            variables: input
                .tags
                .into_iter()
                .map(|tag| (format!("aws:PrincipalTag/{}", tag.key), tag.value))
                .collect(),
        };
        let made = sessions::issue(cx.deeds, &realm, &role, new).await?;
        Ok(Output {
            credentials: Credentials {
                access_key_id: made.access_key_id,
                secret_access_key: made.secret.expose_secret().clone(),
                session_token: made.session_token.expose_secret().clone(),
                expiration: iso8601(made.expires_at),
            },
            assumed_role_user: AssumedRoleUser {
                assumed_role_id: made.user_id,
                arn: made.arn,
            },
            packed_policy_size: packed.map(|characters| (characters * 100).div_ceil(MOST_CHARACTERS)),
        })
    }
}

/// A session that another session makes lasts an hour at most (STS API reference, AssumeRole, DurationSeconds).
const HOUR: i64 = 3600;

/// IAM guide, "Policy evaluation logic": within one account a role that names the caller needs no more; one that trusts the
/// account leaves the decision to the caller's own policies, and across accounts both must permit it. A denial counts
/// wherever it stands.
fn decide(
    cx: &Context<'_>,
    (trust, same_account): (Trust, bool),
    action: &str,
    role_arn: &str,
    variables: &dyn Variables,
) -> Result<(), Fault> {
    let own = cx.caller.verdict(variables, action, role_arn);
    match (trust.verdict, own) {
        (Verdict::Allowed, Verdict::Allowed) => Ok(()),
        (Verdict::Allowed, Verdict::ImplicitDeny) if same_account && trust.names_principal => Ok(()),
        (_, own) => Err(refused(cx.caller, action, role_arn, own)),
    }
}

/// The tags that are asked for as policies see them, `aws:requesttag/KEY`.
fn tags(input: &Input) -> Result<Vec<(String, &str)>, Fault> {
    let mut tags: Vec<(String, &str)> = Vec::new();
    for tag in &input.tags {
        let name = format!("aws:requesttag/{}", tag.key.to_ascii_lowercase());
        if tags.iter().any(|(given, _)| *given == name) {
            return Err(Fault::invalid(format!(
                "Tags: the key {} is given more than once; keys differ in more than case.",
                tag.key
            )));
        }
        tags.push((name, &tag.value));
    }
    Ok(tags)
}
