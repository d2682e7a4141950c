//! Runs `testdata/policies/NAME/{policy.json or policies.json, requests.json}`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    AlternativeName, CertificateAttribute, CertificateFacts, ConnectAttributes, Decision, Document,
    DocumentMatch, IotContext, Key, Language, NameFacts, Request, ThingFacts, Values, Variables, Verdict,
    evaluate, explain,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    language: CaseLanguage,
    /// Of every request that has none of its own.
    #[serde(default)]
    context: Context,
    requests: Vec<CaseRequest>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum CaseLanguage {
    #[default]
    Iot,
    Iam,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CaseRequest {
    #[serde(default)]
    why: String,
    action: String,
    resource: String,
    context: Option<Context>,
    verdict: String,
    /// Document, statement and, where it has one, its id.
    decided_by: Option<Vec<Value>>,
    missing: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Context {
    client_id: Option<String>,
    source_ip: Option<String>,
    domain_name: Option<String>,
    thing: Option<Thing>,
    is_attached: Option<bool>,
    certificate: Option<Certificate>,
    connect_attributes: Option<Vec<String>>,
    last_will_topic: Option<String>,
    others: BTreeMap<String, String>,
    /// Supplied as a caller other than the gateway would, a list being several values.
    values: BTreeMap<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Thing {
    name: String,
    r#type: Option<String>,
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Certificate {
    id: String,
    serial_number: Option<String>,
    subject: Name,
    issuer: Name,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Name {
    attributes: BTreeMap<String, Vec<String>>,
    alternative_names: BTreeMap<String, Vec<String>>,
}

#[test]
fn every_case_is_decided_as_its_file_says() {
    let mut folders: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 60, "only {} cases", folders.len());
    let faults: Vec<String> = folders.iter().flat_map(|folder| run(folder)).collect();
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/policies")
}

fn run(folder: &Path) -> Vec<String> {
    let case: Case = read(&folder.join("requests.json"));
    let language = match case.language {
        CaseLanguage::Iot => Language::Iot,
        CaseLanguage::Iam => Language::Iam,
    };
    let texts: Vec<String> = match fs::read_to_string(folder.join("policy.json")) {
        Ok(text) => vec![text],
        Err(_) => read::<Vec<Value>>(&folder.join("policies.json"))
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    let documents: Vec<Document> = texts
        .iter()
        .map(|text| Document::parse(text, language).unwrap_or_else(|error| panic!("{folder:?}: {error}")))
        .collect();
    assert!(!case.requests.is_empty(), "{folder:?} asks nothing");
    let name = folder.file_name().unwrap().to_string_lossy();
    case.requests
        .iter()
        .enumerate()
        .filter_map(|(at, request)| {
            let fault = request.fault(&documents, &case.context)?;
            Some(format!(
                "{name} [{at}] ({}; {}): {fault}",
                case.about, request.why
            ))
        })
        .collect()
}

impl CaseRequest {
    /// What the library says that the case does not.
    fn fault(&self, documents: &[Document], shared: &Context) -> Option<String> {
        self.context.as_ref().unwrap_or(shared).with(|variables| {
            let request = Request {
                action: &self.action,
                resource: &self.resource,
                variables,
            };
            let decision = evaluate(documents, &request);
            let explanation = explain(&documents.iter().collect::<Vec<_>>(), &request);
            assert_eq!(explanation.decision, decision);
            assert_eq!(verdict_of(&explanation.documents), decision.verdict);
            if format!("{:?}", decision.verdict) != self.verdict {
                return Some(format!("{} {} is {decision:?}", self.action, self.resource));
            }
            if let Some(wanted) = &self.decided_by
                && *wanted != place_of(&decision)
            {
                return Some(format!("decided by {:?}", decision.decided_by));
            }
            let mut wanted = self.missing.clone()?;
            wanted.sort();
            (wanted != explanation.missing).then(|| format!("missing {:?}", explanation.missing))
        })
    }
}

fn verdict_of(documents: &[DocumentMatch<'_>]) -> Verdict {
    if documents
        .iter()
        .any(|document| matches!(document, DocumentMatch::Denies(_)))
    {
        Verdict::ExplicitDeny
    } else if documents
        .iter()
        .any(|document| matches!(document, DocumentMatch::Allows(_)))
    {
        Verdict::Allowed
    } else {
        Verdict::ImplicitDeny
    }
}

fn place_of(decision: &Decision<'_>) -> Vec<Value> {
    let Some(by) = decision.decided_by else {
        return Vec::new();
    };
    let place = [by.document, by.statement].map(Value::from);
    place.into_iter().chain(by.sid.map(Value::from)).collect()
}

impl Context {
    fn with<T>(&self, ask: impl FnOnce(&dyn Variables) -> T) -> T {
        let thing = self.thing.as_ref().map(|thing| ThingFacts {
            name: thing.name.clone(),
            thing_type: thing.r#type.clone(),
            attributes: thing.attributes.clone().into_iter().collect(),
        });
        let certificate = self.certificate.as_ref().map(|certificate| CertificateFacts {
            id: certificate.id.clone(),
            serial_number: certificate.serial_number.clone(),
            subject: certificate.subject.facts(),
            issuer: certificate.issuer.facts(),
        });
        let others: Vec<(&str, &str)> = self
            .others
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let gateway = IotContext {
            client_id: self.client_id.as_deref(),
            source_ip: self.source_ip.as_deref(),
            domain_name: self.domain_name.as_deref(),
            thing: thing.as_ref(),
            is_attached: self.is_attached,
            certificate: certificate.as_ref(),
            connect_attributes: self.connect_attributes.as_ref().map(|names| ConnectAttributes {
                persistent_connect: names.iter().any(|name| name == "PersistentConnect"),
                last_will: names.iter().any(|name| name == "LastWill"),
            }),
            last_will_topic: self.last_will_topic.as_deref(),
            others: &others,
        };
        match self.values.is_empty() {
            true => ask(&gateway),
            false => ask(&Supplied(&self.values)),
        }
    }
}

/// Variables as the API supplies them: by name, some with several values.
struct Supplied<'a>(&'a BTreeMap<String, Value>);

impl Variables for Supplied<'_> {
    fn values(&self, key: &Key) -> Values<'_> {
        let found = self
            .0
            .iter()
            .find(|(name, _)| name.to_lowercase() == key.folded());
        match found.map(|(_, value)| value) {
            None => Values::Missing,
            Some(Value::Array(values)) => {
                Values::Many(values.iter().map(|value| value.as_str().unwrap()).collect())
            }
            Some(value) => value.as_str().into(),
        }
    }
}

impl Name {
    fn facts(&self) -> NameFacts {
        fn pairs<K: Copy>(
            all: &[K],
            spelling: fn(K) -> &'static str,
            values: &BTreeMap<String, Vec<String>>,
        ) -> Vec<(K, String)> {
            let of_kind = |(name, values): (&String, &Vec<String>)| {
                let kind = *all
                    .iter()
                    .find(|kind| spelling(**kind) == name)
                    .expect("a known name");
                values
                    .iter()
                    .map(move |value| (kind, value.clone()))
                    .collect::<Vec<_>>()
            };
            values.iter().flat_map(of_kind).collect()
        }
        NameFacts {
            attributes: pairs(
                CertificateAttribute::ALL,
                CertificateAttribute::as_str,
                &self.attributes,
            ),
            alternative_names: pairs(
                AlternativeName::ALL,
                AlternativeName::as_str,
                &self.alternative_names,
            ),
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}
