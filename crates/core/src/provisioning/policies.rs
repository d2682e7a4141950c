//! The policies of a plan: those that are named, and those that are made from a document unless they are there.

use thingsmith_model::{PolicyName, Resource};
use thingsmith_ports::{Batch, Hold};
use thingsmith_template::{Named, PlannedPolicy, policy_name};

use super::place::{blame, blame_attempt};
use crate::acting::Acting;
use crate::policies::{self, POLICIES_PER_CERTIFICATE, Policy, rows};
use crate::realms::RealmRecord;
use crate::tries::Attempt;
use crate::{Code, Deeds, Fault};

/// A policy of the plan, its name checked.
pub(super) struct Wanted<'a> {
    logical_name: &'a str,
    name: PolicyName,
    /// The document of one that is made unless it is there.
    document: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// Reads a plan's policies.
    pub(super) fn read(planned: &'a [Named<PlannedPolicy>]) -> Result<Vec<Self>, Fault> {
        planned
            .iter()
            .map(|planned| {
                let (name, document) = match &planned.resource {
                    PlannedPolicy::Named(name) => (name.parse(), None),
                    PlannedPolicy::Document(document) => {
                        policies::parse(document).map_err(|fault| blame(&planned.logical_name, fault))?;
                        (policy_name(document).parse(), Some(document.as_str()))
                    }
                };
                Ok(Self {
                    logical_name: &planned.logical_name,
                    name: name.map_err(|wrong| blame(&planned.logical_name, Fault::from(wrong)))?,
                    document,
                })
            })
            .collect()
    }
}

/// What the batch does with one policy.
struct Grant<'a> {
    name: PolicyName,
    number: i64,
    /// One that the batch makes, and its document.
    made: Option<(Policy, &'a str)>,
    /// Whether the batch attaches it.
    attach: bool,
}

/// What the batch does with the policies: each once.
pub(super) struct Grants<'a>(Vec<Grant<'a>>);

impl<'a> Grants<'a> {
    /// Looks at what is registered and decides. `target` is the number of the certificate that they are for, if there is
    /// one, and whether it is known to have no policy. `fresh` spares such a certificate the look at a policy that was there
    /// before: the batch holds it, and says so if it is there no more. (With policies of its own they are counted here, and a wrong
    /// number would be a wrong answer.)
    pub(super) async fn look(
        deeds: &Deeds,
        realm: &RealmRecord,
        actor: &dyn Acting,
        wanted: &[Wanted<'a>],
        target: Option<(i64, bool)>,
        fresh: bool,
    ) -> Result<Self, Attempt> {
        let mut grants: Vec<Grant<'a>> = Vec::with_capacity(wanted.len());
        let mut added = 0;
        for wanted in wanted {
            let at = |attempt| blame_attempt(wanted.logical_name, attempt);
            if grants.iter().any(|grant| grant.name == wanted.name) {
                continue;
            }
            let found = match fresh && target.is_some_and(|(_, is_bare)| is_bare) {
                true => recall(deeds, realm, &wanted.name).await?,
                false => look_up(deeds, realm, &wanted.name).await?,
            };
            let (number, made) = match (found, wanted.document) {
                (Some(found), _) => (found, None),
                (None, Some(document)) => {
                    let new = new(deeds, &wanted.name)
                        .await
                        .map_err(Attempt::from)
                        .map_err(at)?;
                    actor.may("iot:CreatePolicy", &new.arn(realm))?;
                    (new.number, Some((new, document)))
                }
                (None, None) => return Err(at(policies::not_found(&wanted.name).into())),
            };
            let (others, attached) = match target {
                Some((target, false)) => rows::attached(deeds.store(), realm.realm, target, number).await?,
                Some((_, true)) | None => (0, false),
            };
            let attach = target.is_some() && !attached;
            added += i64::from(attach);
            let count = others + added;
            if attach && count > POLICIES_PER_CERTIFICATE {
                return Err(at(Fault::new(
                    Code::LimitExceeded,
                    format!(
                        "The certificate would have {count} policies, the most that it may have is \
                         {POLICIES_PER_CERTIFICATE}."
                    ),
                )
                .into()));
            }
            grants.push(Grant {
                name: wanted.name.clone(),
                number,
                made,
                attach,
            });
        }
        // Those that are there by number, then those that are made by name, so that no two batches wait for each other.
        grants.sort_by(|a, b| {
            let key = |grant: &Grant<'_>| {
                let made = grant.made.is_some();
                (made, if made { 0 } else { grant.number })
            };
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        Ok(Self(grants))
    }

    /// Whether any is attached.
    pub(super) fn attach_any(&self) -> bool {
        self.0.iter().any(|grant| grant.attach)
    }

    /// The number of one that the batch makes, if it makes any.
    pub(super) fn made(&self) -> Option<i64> {
        self.0
            .iter()
            .find_map(|grant| grant.made.as_ref().map(|_| grant.number))
    }

    /// The last steps of the batch before the outbox. The target must be new or held exclusively in an earlier step.
    pub(super) fn write(&self, batch: &mut Batch, realm: &RealmRecord, target: Option<i64>) {
        let realm = realm.realm;
        for grant in &self.0 {
            match &grant.made {
                Some((policy, document)) => {
                    rows::insert(batch, realm, policy);
                    let (number, at) = (policy.number, policy.created_at);
                    rows::insert_version(batch, realm, number, policy.default_version, document, at);
                }
                None if grant.attach => rows::hold(batch, realm, grant.number, Hold::Shared),
                None => {}
            }
        }
        let Some(target) = target else { return };
        for grant in self.0.iter().filter(|grant| grant.attach) {
            rows::attach(batch, realm, target, grant.number, POLICIES_PER_CERTIFICATE);
        }
    }
}

/// The number of the policy of a name: one that it had, or else the one that it has.
async fn recall(deeds: &Deeds, realm: &RealmRecord, name: &PolicyName) -> Result<Option<i64>, Attempt> {
    match deeds.known_policies().recall(realm.realm, name) {
        Some(number) => Ok(Some(number)),
        None => look_up(deeds, realm, name).await,
    }
}

async fn look_up(deeds: &Deeds, realm: &RealmRecord, name: &PolicyName) -> Result<Option<i64>, Attempt> {
    let found = rows::find(deeds.store(), realm.realm, name).await?;
    Ok(found.map(|found| {
        deeds.known_policies().remember(realm.realm, name, found.number);
        found.number
    }))
}

/// The ARNs of the policies that the template has documents of, by their logical names. AWS does not report those that it
/// names (CLI reference, register-thing).
pub(super) fn arns(realm: &RealmRecord, wanted: &[Wanted<'_>]) -> Vec<(String, String)> {
    wanted
        .iter()
        .filter(|wanted| wanted.document.is_some())
        .map(|wanted| {
            let arn = realm.arn(Resource::Policy(wanted.name.clone()));
            (wanted.logical_name.to_owned(), arn.to_string())
        })
        .collect()
}

async fn new(deeds: &Deeds, name: &PolicyName) -> Result<Policy, Fault> {
    let now = deeds.clock().now();
    Ok(Policy {
        number: deeds.number().await?,
        name: name.clone(),
        default_version: 1,
        newest_version: 1,
        created_at: now,
        modified_at: now,
        generation_id: deeds.uuid(),
    })
}
