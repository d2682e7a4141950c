//! What policies would say to a device.

use std::collections::BTreeMap;
use std::sync::Arc;

use thingsmith_model::PolicyName;
use thingsmith_policy::{
    CertificateFacts, ConnectAttributes, Document, DocumentMatch, IotContext, Language, Request, ThingFacts,
    Verdict, explain,
};
use thingsmith_x509::Certificate;

use super::{Target, not_found, rows};
use crate::connections;
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Who asks what, and under which policies.
#[derive(Debug, Clone, Default)]
pub struct AuthorizationTest {
    /// A certificate or a thing group.
    pub principal: String,
    /// The client id that it connects with, if it does.
    pub client_id: Option<String>,
    /// Policies that count although they are not attached.
    pub policies_to_add: Vec<PolicyName>,
    /// Policies that do not count although they are attached.
    pub policies_to_skip: Vec<PolicyName>,
    /// What it wants to do.
    pub questions: Vec<Question>,
}

/// An action on resources.
#[derive(Debug, Clone)]
pub struct Question {
    /// The action, as `iot:Publish`.
    pub action: &'static str,
    /// The ARNs.
    pub resources: Vec<String>,
}

/// What the policies say to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// Allowed if every resource is; explicitly denied if one is.
    pub verdict: Verdict,
    /// The policies that allow the action on one of the resources.
    pub allowing: Vec<PolicyName>,
    /// The policies that deny it on one of them.
    pub denying: Vec<PolicyName>,
    /// The policies that say nothing about one of them.
    pub silent: Vec<PolicyName>,
    /// The variables that the policies ask for and that have no value.
    pub missing: Vec<String>,
}

/// What counts for a principal.
struct Bench {
    documents: BTreeMap<i64, (PolicyName, Arc<Document>)>,
    certificate: Option<CertificateFacts>,
    thing: Option<ThingFacts>,
    client_id: Option<String>,
}

/// Tells what the policies of a principal would say, its certificate being active or not. With a client id the thing of
/// that name counts as at a connection.
///
/// # Errors
/// `ResourceNotFoundException` when the principal or a policy to add or to skip is not there, `InvalidRequestException`
/// when the principal cannot be one.
pub async fn test_authorization(
    deeds: &Deeds,
    realm: &RealmRecord,
    test: AuthorizationTest,
) -> Result<Vec<TestResult>, Fault> {
    let mut bench = match Target::find(deeds, realm, &test.principal).await? {
        Target::ThingGroup(group) => {
            let policies = rows::effective(deeds.store(), realm.realm, group.number, 0).await?;
            let parsed = policies.into_iter().map(|found| {
                let document = parse(&found.document)?;
                Ok((found.policy.number, (found.policy.name, document)))
            });
            Bench {
                documents: parsed.collect::<Result<_, Fault>>()?,
                certificate: None,
                thing: None,
                client_id: test.client_id,
            }
        }
        Target::Certificate(certificate) => {
            let client_id = test.client_id.as_deref().unwrap_or_default();
            let (thing, documents) = connections::rights(deeds, realm, certificate.number, client_id).await?;
            let documents = documents
                .into_iter()
                .map(|attached| (attached.number, (attached.name, attached.document)));
            let read = Certificate::from_der(&certificate.der).map_err(Fault::internal)?;
            Bench {
                documents: documents.collect(),
                certificate: Some(connections::certificate_facts(&read)),
                thing,
                client_id: test.client_id,
            }
        }
    };
    for name in &test.policies_to_add {
        let policy = find(deeds, realm, name).await?;
        let text = rows::document(deeds.store(), realm.realm, policy.number, policy.default_version).await?;
        let text = text.ok_or_else(|| not_found(name))?;
        bench
            .documents
            .insert(policy.number, (policy.name, parse(&text)?));
    }
    for name in &test.policies_to_skip {
        bench.documents.remove(&find(deeds, realm, name).await?.number);
    }
    Ok(test
        .questions
        .iter()
        .map(|question| bench.answer(question))
        .collect())
}

async fn find(deeds: &Deeds, realm: &RealmRecord, name: &PolicyName) -> Result<super::Policy, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// A document that was parsed before it was kept.
fn parse(text: &str) -> Result<Arc<Document>, Fault> {
    Document::parse(text, Language::Iot)
        .map(Arc::new)
        .map_err(Fault::internal)
}

impl Bench {
    fn answer(&self, question: &Question) -> TestResult {
        let connecting = question.action == "iot:Connect";
        let acts = self.client_id.is_some() || self.thing.is_some();
        let context = IotContext {
            client_id: self.client_id.as_deref(),
            thing: self.thing.as_ref(),
            is_attached: acts.then_some(self.thing.is_some()),
            certificate: self.certificate.as_ref(),
            connect_attributes: connecting.then_some(ConnectAttributes::default()),
            ..IotContext::default()
        };
        let documents: Vec<&Document> = self.documents.values().map(|(_, it)| it.as_ref()).collect();
        let mut result = TestResult {
            verdict: Verdict::Allowed,
            allowing: Vec::new(),
            denying: Vec::new(),
            silent: Vec::new(),
            missing: Vec::new(),
        };
        if question.resources.is_empty() {
            result.verdict = Verdict::ImplicitDeny;
        }
        for resource in &question.resources {
            let request = Request {
                action: question.action,
                resource,
                variables: &context,
            };
            let explanation = explain(&documents, &request);
            result.verdict = match (result.verdict, explanation.decision.verdict) {
                (Verdict::ExplicitDeny, _) | (_, Verdict::ExplicitDeny) => Verdict::ExplicitDeny,
                (Verdict::ImplicitDeny, _) | (_, Verdict::ImplicitDeny) => Verdict::ImplicitDeny,
                (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
            };
            for (said, (name, _)) in explanation.documents.iter().zip(self.documents.values()) {
                let list = match said {
                    DocumentMatch::Allows(_) => &mut result.allowing,
                    DocumentMatch::Denies(_) => &mut result.denying,
                    DocumentMatch::Silent => &mut result.silent,
                };
                if !list.contains(name) {
                    list.push(name.clone());
                }
            }
            result
                .missing
                .extend(explanation.missing.iter().map(|&name| name.to_owned()));
        }
        result.missing.sort_unstable();
        result.missing.dedup();
        result
    }
}
