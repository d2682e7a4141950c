//! Runs `testdata/sql/*.json`: a statement, a message and what comes of it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::{Answer, Message, Outcome, Output, Properties, Statement, Step, Substitution, Value, Version};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    about: String,
    /// Of every case that has none of its own.
    message: Option<Box<RawValue>>,
    cases: Vec<Case>,
}

/// A statement (`sql`), an expression that is selected as `x` (`expression`) or a text with expressions (`template`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    sql: Option<String>,
    expression: Option<String>,
    template: Option<String>,
    version: Option<String>,
    /// JSON as it is, or with `payload` bytes that are none.
    message: Option<Box<RawValue>>,
    payload: Option<String>,
    topic: Option<String>,
    #[serde(default)]
    over_mqtt: Option<bool>,
    #[serde(default)]
    answers: Vec<Json>,
    /// Exactly the outgoing payload. Without it and the others, an expression is Undefined or the condition is not met.
    #[serde(default, deserialize_with = "even_null")]
    expected: Option<Box<RawValue>>,
    /// The outgoing payload as a text, where it is no JSON.
    expected_text: Option<String>,
    /// What must stand in the error of parsing, with its place, or in that of evaluating.
    error: Option<String>,
    /// The call it ends with, as `name(arguments)`.
    call: Option<String>,
    #[serde(default)]
    why: String,
}

/// A null that is given is a value as any other.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

#[test]
fn every_case_comes_to_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/sql");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the cases are a folder") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a file of cases");
        let file: File =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!file.about.is_empty());
        for (index, case) in file.cases.iter().enumerate() {
            count += 1;
            let (found, expected) = (run(case, file.message.as_deref()), case.expected());
            if !matches(case, &found, &expected) {
                let what = case
                    .sql
                    .as_ref()
                    .or(case.expression.as_ref())
                    .or(case.template.as_ref());
                wrong.push(format!(
                    "{} #{index} {} {}\n  expected {expected}\n  found    {found}",
                    path.file_name().unwrap_or_default().display(),
                    what.map_or("", String::as_str),
                    case.why,
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

impl Case {
    fn expected(&self) -> String {
        if let Some(error) = &self.error {
            return format!("error: {error}");
        }
        if let Some(call) = &self.call {
            return format!("call: {call}");
        }
        if let Some(text) = &self.expected_text {
            return text.clone();
        }
        match (&self.expected, &self.expression) {
            (Some(json), None) => json.get().to_owned(),
            (Some(json), Some(_)) => format!("{{\"x\":{}}}", json.get()),
            (None, Some(_)) => "{}".to_owned(),
            (None, None) => "not matched".to_owned(),
        }
    }
}

fn matches(case: &Case, found: &str, expected: &str) -> bool {
    if case.error.is_some() {
        found.starts_with("error: ") && found.contains(&expected[7..])
    } else {
        found == expected
    }
}

fn run(case: &Case, message: Option<&RawValue>) -> String {
    let version: Version = case
        .version
        .as_deref()
        .unwrap_or("2016-03-23")
        .parse()
        .expect("a version");
    let payload = match &case.payload {
        Some(payload) => payload.clone(),
        None => case
            .message
            .as_deref()
            .or(message)
            .map_or(String::new(), |json| json.get().to_owned()),
    };
    let user = [("site", "north"), ("unit", "1"), ("unit", "2")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let over_mqtt = case.over_mqtt.unwrap_or(true);
    let message = Message {
        topic: case.topic.as_deref().unwrap_or("things/pump-1/data"),
        payload: payload.as_bytes(),
        client_id: over_mqtt.then_some("pump-1"),
        principal: over_mqtt.then_some("ba67293af50bf2506f5f93469686da660c7c844e7b3950bfb16813e0d31e9373"),
        account_id: "123456789012",
        source_ip: over_mqtt.then_some("192.0.2.7"),
        timestamp_ms: 1_481_825_251_155,
        trace_id: over_mqtt.then_some("12345678-1234-1234-1234-123456789012"),
        seed: [7; 32],
        properties: if over_mqtt {
            Properties {
                is_utf8: Some(true),
                content_type: Some("application/json"),
                response_topic: Some("answers/1"),
                correlation_data: Some(&[1, 2, 255]),
                user: &user,
            }
        } else {
            Properties::default()
        },
    };
    let answers: Vec<_> = case
        .answers
        .iter()
        .map(|json| Answer::Json(json.to_string().into_bytes()))
        .collect();
    if let Some(template) = &case.template {
        // With a statement it is a template of one of its actions.
        let parsed = match &case.sql {
            Some(sql) => Statement::parse(sql, version).and_then(|statement| statement.template(template)),
            None => Substitution::parse(template, version),
        };
        let template = match parsed {
            Ok(template) => template,
            Err(error) => return format!("error: {error}"),
        };
        return match template.evaluate(&message, &answers) {
            Ok(Step::Done(text)) => text,
            Ok(Step::Call(call)) => told(&call),
            Err(error) => format!("error: {error}"),
        };
    }
    let sql = match (&case.sql, &case.expression) {
        (Some(sql), _) => sql.clone(),
        (None, Some(expression)) => format!("SELECT {expression} AS x FROM 't'"),
        _ => panic!("a case without a statement"),
    };
    let statement = match Statement::parse(&sql, version) {
        Ok(statement) => statement,
        Err(error) => return format!("error: {error}"),
    };
    match statement.evaluate(&message, &answers) {
        Ok(Step::Done(Outcome::NotMatched)) => "not matched".to_owned(),
        Ok(Step::Done(Outcome::Matched(output))) => {
            if let Output::Value(value) = &output {
                let json = value.to_json();
                assert!(
                    json.is_empty() || serde_json::from_str::<Json>(&json).is_ok(),
                    "{json}"
                );
            }
            String::from_utf8(output.to_bytes()).expect("the cases' payloads are texts")
        }
        Ok(Step::Call(call)) => told(&call),
        Err(error) => format!("error: {error}"),
    }
}

fn told(call: &crate::ExternalCall) -> String {
    let arguments: Vec<_> = call.arguments.iter().map(Value::to_json).collect();
    format!("call: {}({})", call.function, arguments.join(", "))
}
