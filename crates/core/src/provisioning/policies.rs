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
    policy: Policy,
    /// The document of one that the batch makes.
    document: Option<&'a str>,
    /// Whether the batch attaches it.
    attach: bool,
}

/// What the batch does with the policies: each once.
pub(super) struct Grants<'a>(Vec<Grant<'a>>);

impl<'a> Grants<'a> {
    /// Looks at what is registered and decides. `target` is the number of the certificate that they are for, if there is
    /// one, and whether it is known to have no policy.
    pub(super) async fn look(
        deeds: &Deeds,
        realm: &RealmRecord,
        actor: &dyn Acting,
        wanted: &[Wanted<'a>],
        target: Option<(i64, bool)>,
    ) -> Result<Self, Attempt> {
        let mut grants: Vec<Grant<'a>> = Vec::with_capacity(wanted.len());
        let mut added = 0;
        for wanted in wanted {
            let at = |attempt| blame_attempt(wanted.logical_name, attempt);
            if grants.iter().any(|grant| grant.policy.name == wanted.name) {
                continue;
            }
            let found = rows::find(deeds.store(), realm.realm, &wanted.name).await?;
            let (policy, document) = match (found, wanted.document) {
                (Some(found), _) => (found, None),
                (None, Some(document)) => {
                    let new = new(deeds, &wanted.name)
                        .await
                        .map_err(Attempt::from)
                        .map_err(at)?;
                    actor.may("iot:CreatePolicy", &new.arn(realm))?;
                    (new, Some(document))
                }
                (None, None) => return Err(at(policies::not_found(&wanted.name).into())),
            };
            let (others, attached) = match target {
                Some((number, false)) => {
                    rows::attached(deeds.store(), realm.realm, number, policy.number).await?
                }
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
                policy,
                document,
                attach,
            });
        }
        // Those that are there by number, then those that are made by name, so that no two batches wait for each other.
        grants.sort_by(|a, b| {
            let key = |grant: &Grant<'_>| {
                let made = grant.document.is_some();
                (made, if made { 0 } else { grant.policy.number })
            };
            key(a)
                .cmp(&key(b))
                .then_with(|| a.policy.name.cmp(&b.policy.name))
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
            .find_map(|grant| grant.document.map(|_| grant.policy.number))
    }

    /// The last steps of the batch before the outbox. The target must be new or held exclusively in an earlier step.
    pub(super) fn write(&self, batch: &mut Batch, realm: &RealmRecord, target: Option<i64>) {
        let realm = realm.realm;
        for Grant {
            policy,
            document,
            attach,
        } in &self.0
        {
            match document {
                Some(document) => {
                    rows::insert(batch, realm, policy);
                    let (number, at) = (policy.number, policy.created_at);
                    rows::insert_version(batch, realm, number, policy.default_version, document, at);
                }
                None if *attach => rows::hold(batch, realm, policy.number, Hold::Shared),
                None => {}
            }
        }
        let Some(target) = target else { return };
        for grant in self.0.iter().filter(|grant| grant.attach) {
            rows::attach(
                batch,
                realm,
                target,
                grant.policy.number,
                POLICIES_PER_CERTIFICATE,
            );
        }
    }
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
