//! Runs `testdata/templates/NAME/{template.json, cases.json}`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{CertificateSource, CertificateStatus, OnExisting, Plan, PlannedPolicy, Template, Use, Values};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    about: String,
    /// Why the text is no template.
    error: Option<String>,
    /// The uses that refuse the template, and why.
    #[serde(default)]
    refused_for: BTreeMap<String, String>,
    #[serde(default)]
    plans: Vec<CasePlan>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CasePlan {
    #[serde(default)]
    why: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// What the server knows.
    #[serde(default)]
    certificate: BTreeMap<String, String>,
    plan: Option<Value>,
    error: Option<String>,
}

#[test]
fn every_template_comes_to_what_its_file_says() {
    let mut folders: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 30, "only {} cases", folders.len());
    let faults: Vec<String> = folders.iter().flat_map(|folder| run(folder)).collect();
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/templates")
}

fn run(folder: &Path) -> Vec<String> {
    let read = |name: &str| {
        fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{folder:?}/{name}: {error}"))
    };
    let case: Case =
        serde_json::from_str(&read("cases.json")).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    assert!(!case.about.is_empty(), "{folder:?} does not say what it is about");
    let name = folder.file_name().unwrap().to_string_lossy();
    let mut faults = Vec::new();
    let mut compare = |what: &str, found: Value, wanted: Value| {
        if found != wanted {
            faults.push(format!("{name}, {what}:\n  found  {found}\n  wanted {wanted}"));
        }
    };
    let template = match (Template::parse(&read("template.json")), &case.error) {
        (Err(error), wanted) => {
            compare("parsing", json!(error.to_string()), json!(wanted));
            return faults;
        }
        (Ok(template), wanted) => {
            compare("parsing", Value::Null, json!(wanted));
            template
        }
    };
    for (name, usage) in [
        ("justInTime", Use::JustInTime),
        ("fleet", Use::Fleet),
        ("given", Use::Given),
    ] {
        let refusal = template.check_for(usage).err().map(|error| error.to_string());
        compare(name, json!(refusal), json!(case.refused_for.get(name)));
    }
    for asked in case.plans {
        let mut values = Values::new(asked.parameters);
        for (name, value) in asked.certificate {
            values = values.with_pseudo_parameter(&format!("AWS::IoT::Certificate::{name}"), value);
        }
        let found = match template.resolve(&values) {
            Ok(plan) => written(&plan),
            Err(error) => json!(error.to_string()),
        };
        let wanted = asked
            .plan
            .or(asked.error.map(Value::String))
            .expect("a plan or an error");
        compare(&format!("plan {:?}", asked.why), found, wanted);
    }
    faults
}

/// A plan as the files write it: what it does not have, and what is as it is by default, is left out.
fn written(plan: &Plan) -> Value {
    let mut all = Map::new();
    if let Some(thing) = &plan.thing {
        let (found, overrides) = (&thing.resource, thing.resource.overrides);
        all.insert(
            "thing".to_owned(),
            present([
                ("logicalName", json!(thing.logical_name)),
                ("name", json!(found.name)),
                (
                    "attributes",
                    found
                        .attributes
                        .as_ref()
                        .map_or(Value::Null, |pairs| object(pairs)),
                ),
                ("thingType", json!(found.thing_type)),
                ("groups", json!(found.groups)),
                ("billingGroup", json!(found.billing_group)),
                ("onAttributes", on_existing(overrides.attributes)),
                ("onThingType", on_existing(overrides.thing_type)),
                ("onGroups", on_existing(overrides.groups)),
            ]),
        );
    }
    if let Some(certificate) = &plan.certificate {
        let found = &certificate.resource;
        let (id, csr, pem, ca) = match &found.source {
            CertificateSource::Id(id) => (Some(id), None, None, None),
            CertificateSource::SigningRequest(csr) => (None, Some(csr), None, None),
            CertificateSource::Pem { certificate, ca } => (None, None, Some(certificate), ca.as_ref()),
        };
        let inactive = (found.status == CertificateStatus::Inactive).then_some("INACTIVE");
        all.insert(
            "certificate".to_owned(),
            present([
                ("logicalName", json!(certificate.logical_name)),
                ("id", json!(id)),
                ("csr", json!(csr)),
                ("pem", json!(pem)),
                ("ca", json!(ca)),
                ("status", json!(inactive)),
                ("exclusive", json!(found.exclusive.then_some(true))),
                ("onStatus", on_existing(found.status_override)),
            ]),
        );
    }
    if !plan.policies.is_empty() {
        let policies = plan.policies.iter().map(|policy| match &policy.resource {
            PlannedPolicy::Named(name) => json!({"logicalName": policy.logical_name, "name": name}),
            PlannedPolicy::Document(text) => json!({"logicalName": policy.logical_name, "document": text}),
        });
        all.insert("policies".to_owned(), policies.collect());
    }
    if !plan.device_configuration.is_empty() {
        all.insert(
            "deviceConfiguration".to_owned(),
            object(&plan.device_configuration),
        );
    }
    Value::Object(all)
}

fn present<const N: usize>(members: [(&str, Value); N]) -> Value {
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(present.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn object(pairs: &[(String, String)]) -> Value {
    Value::Object(
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect(),
    )
}

fn on_existing(what: OnExisting) -> Value {
    match what {
        OnExisting::DoNothing => Value::Null,
        OnExisting::Replace => json!("REPLACE"),
        OnExisting::Fail => json!("FAIL"),
        OnExisting::Merge => json!("MERGE"),
    }
}
