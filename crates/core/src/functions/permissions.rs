//! The policy of a function: which services may call it, and for what.

use serde_json::{Value, json};
use thingsmith_model::Account;
use thingsmith_policy::{PolicyError, TrustPolicy};
use thingsmith_ports::Batch;

use super::{Function, FunctionName, change, expect_revision, rows};
use crate::fault::sentence;
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// A statement of a function's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Its id, unique within the policy.
    pub statement_id: String,
    /// What it allows, such as `lambda:InvokeFunction`.
    pub action: String,
    /// Whom: a service, an account, the ARN of a user or role, or `*`.
    pub principal: String,
    /// The resource for which a service calls; may have wildcards.
    pub source_arn: Option<String>,
    /// The account of that resource.
    pub source_account: Option<String>,
}

/// A statement that is to be added.
#[derive(Debug, Clone)]
pub struct NewPermission {
    /// The statement.
    pub permission: Permission,
    /// The revision of the policy that the caller expects.
    pub revision: Option<String>,
}

/// Most bytes of a policy (Lambda quotas, "Resource-based policy size").
const MOST_BYTES: usize = 20 * 1024;

impl Permission {
    /// The statement as a policy has it.
    pub fn statement(&self, function_arn: &str) -> Value {
        let mut statement = json!({
            "Sid": self.statement_id,
            "Effect": "Allow",
            "Principal": self.named_principal(),
            "Action": self.action,
            "Resource": function_arn,
        });
        if let Some(condition) = self.condition() {
            statement["Condition"] = condition;
        }
        statement
    }

    /// The statement as it is decided: who may call the function on which it stands.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn trust(&self) -> Result<TrustPolicy, PolicyError> {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": self.named_principal(),
            "Action": self.action,
        });
        if let Some(condition) = self.condition() {
            statement["Condition"] = condition;
        }
        TrustPolicy::parse(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
    }

    fn named_principal(&self) -> Value {
        let principal = &self.principal;
        if principal == "*" {
            json!("*")
        } else if principal.parse::<Account>().is_ok() {
            json!({ "AWS": format!("arn:aws:iam::{principal}:root") })
        } else if principal.starts_with("arn:") {
            json!({ "AWS": principal })
        } else {
            json!({ "Service": principal })
        }
    }

    fn condition(&self) -> Option<Value> {
        let mut condition = serde_json::Map::new();
        if let Some(account) = &self.source_account {
            condition.insert("StringEquals".into(), json!({ "AWS:SourceAccount": account }));
        }
        if let Some(arn) = &self.source_arn {
            condition.insert("ArnLike".into(), json!({ "AWS:SourceArn": arn }));
        }
        (!condition.is_empty()).then_some(Value::Object(condition))
    }
}

/// The policy of a function, as JSON, and its revision.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such function, and when it has no policy.
pub async fn policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
) -> Result<(String, String), Fault> {
    let function = super::function(deeds, realm, name).await?;
    let permissions = rows::permissions(deeds.store(), realm.realm, function.number).await?;
    if permissions.is_empty() {
        return Err(Fault::not_found("The resource you requested does not exist."));
    }
    Ok((
        document(&permissions, &function.arn(realm)),
        function.policy_revision,
    ))
}

fn document(permissions: &[Permission], arn: &str) -> String {
    let statements: Vec<Value> = permissions.iter().map(|it| it.statement(arn)).collect();
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}).to_string()
}

/// Adds a statement to the policy of a function. Gives it back as the policy has it.
///
/// # Errors
/// `ResourceNotFoundException`, `ResourceAlreadyExistsException` when the policy has a statement of this id,
/// `InvalidRequestException` for what is no statement, `PolicyLengthExceededException`, `PreconditionFailedException` when
/// the policy's revision is not the expected one.
pub async fn add_permission(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
    new: &NewPermission,
) -> Result<Value, Fault> {
    let name = name.within(realm)?;
    new.permission
        .trust()
        .map_err(|wrong| Fault::invalid(format!("The statement is not valid: {}", sentence(&wrong))))?;
    let tries = Tries::default();
    loop {
        let outcome = add_once(deeds, realm, name, new, &tries).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            return Ok(new.permission.statement(&super::arn(realm, name)));
        }
    }
}

async fn add_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    new: &NewPermission,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = change::find(deeds, realm, name).await?;
    expect_revision(new.revision.as_deref(), &found.policy_revision)?;
    let mut permissions = rows::permissions(deeds.store(), realm.realm, found.number).await?;
    let statement_id = &new.permission.statement_id;
    if permissions.iter().any(|own| own.statement_id == *statement_id) {
        return Err(Fault::new(
            Code::ResourceAlreadyExists,
            format!(
                "The statement id ({statement_id}) provided already exists. Please provide a new statement id, or \
                 remove the existing statement."
            ),
        )
        .into());
    }
    permissions.push(new.permission.clone());
    let bytes = document(&permissions, &found.arn(realm)).len();
    if bytes > MOST_BYTES {
        return Err(Fault::new(
            Code::PolicyLengthExceeded,
            format!("The final policy size ({bytes}) is bigger than the limit ({MOST_BYTES})."),
        )
        .into());
    }
    let mut batch = Batch::new();
    revise(deeds, &mut batch, realm, &found);
    rows::insert_permission(&mut batch, realm.realm, found.number, &new.permission);
    let change = Change::Function(found.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Takes a statement from the policy of a function.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such function or statement, `PreconditionFailedException` when the policy's
/// revision is not the expected one.
pub async fn remove_permission(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
    statement_id: &str,
    revision: Option<&str>,
) -> Result<(), Fault> {
    let name = name.within(realm)?;
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            remove_once(deeds, realm, name, (statement_id, revision), &tries)
        })
        .await
}

async fn remove_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    (statement_id, revision): (&str, Option<&str>),
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = change::find(deeds, realm, name).await?;
    expect_revision(revision, &found.policy_revision)?;
    let permissions = rows::permissions(deeds.store(), realm.realm, found.number).await?;
    if !permissions.iter().any(|own| own.statement_id == statement_id) {
        return Err(Fault::not_found(format!(
            "Statement {statement_id} is not found in resource policy."
        ))
        .into());
    }
    let mut batch = Batch::new();
    revise(deeds, &mut batch, realm, &found);
    rows::delete_permission(&mut batch, realm.realm, found.number, statement_id);
    let change = Change::Function(found.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

fn revise(deeds: &Deeds, batch: &mut Batch, realm: &RealmRecord, function: &Function) {
    let after = deeds.uuid().to_string();
    let revisions = (function.policy_revision.as_str(), after.as_str());
    rows::revise_policy(batch, realm.realm, function.number, revisions);
}
