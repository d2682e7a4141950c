//! What the fuzz targets of AWS IoT SQL do with an input. The crate's tests replay the corpora through the same
//! functions, without a fuzzer.
#![allow(dead_code, reason = "each target uses one of the two")]

use serde_json::value::RawValue;
use thingsmith_sql::{Answer, Message, Outcome, Output, Properties, Statement, Step, Substitution, Version};

const VERSIONS: [Version; 3] = [
    Version::V2015_10_08,
    Version::V2016_03_23,
    Version::V2016_03_23Beta,
];

/// Reads the input as a statement and as a template. What is refused must be told briefly.
pub(crate) fn parse(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut is_taken = false;
    for version in VERSIONS {
        match Statement::parse(text, version) {
            Ok(statement) => {
                let again =
                    Statement::parse(&format!(" {text}\n"), version).expect("spaces around do not matter");
                assert_eq!(statement.topic_filter(), again.topic_filter());
                is_taken = true;
            }
            Err(error) => {
                assert!(error.to_string().len() < 4096, "{error}");
                assert!(!is_taken, "the later versions take what the earlier ones take");
            }
        }
        if let Err(error) = Substitution::parse(text, version) {
            assert!(error.to_string().len() < 4096, "{error}");
        }
    }
}

/// Evaluates a statement and a template: the input's first line is the topic, then come the statement, the template and
/// the payload with `---` between them.
pub(crate) fn evaluate(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (topic, rest) = (&input[..end], &input[end + 1..]);
    let separator = b"\n---\n";
    let cut = |bytes: &[u8]| {
        bytes
            .windows(separator.len())
            .position(|window| window == separator)
    };
    let Some(sql_end) = cut(rest) else { return };
    let (sql, rest) = (&rest[..sql_end], &rest[sql_end + separator.len()..]);
    let Some(template_end) = cut(rest) else { return };
    let (template, payload) = (&rest[..template_end], &rest[template_end + separator.len()..]);
    let (Ok(topic), Ok(sql), Ok(template)) = (
        std::str::from_utf8(topic),
        std::str::from_utf8(sql),
        std::str::from_utf8(template),
    ) else {
        return;
    };
    let user = [
        ("key".to_owned(), "value".to_owned()),
        ("key".to_owned(), topic.to_owned()),
    ];
    let message = Message {
        topic,
        payload,
        client_id: Some("device"),
        principal: None,
        account_id: "123456789012",
        source_ip: Some("192.0.2.1"),
        timestamp_ms: 1_700_000_000_000,
        trace_id: Some("12345678-1234-1234-1234-123456789012"),
        seed: [1; 32],
        properties: Properties {
            correlation_data: Some(payload),
            user: &user,
            ..Properties::default()
        },
    };
    for version in VERSIONS {
        if let Ok(statement) = Statement::parse(sql, version) {
            let once = complete(payload, |answers| statement.evaluate(&message, answers));
            let again = complete(payload, |answers| statement.evaluate(&message, answers));
            let bytes = |outcome: Option<Outcome>| match outcome {
                Some(Outcome::Matched(output)) => Some(output_bytes(&output)),
                _ => None,
            };
            assert_eq!(bytes(once), bytes(again));
        }
        let templates = [
            Substitution::parse(template, version).ok(),
            Statement::parse(sql, version)
                .ok()
                .and_then(|statement| statement.template(template).ok()),
        ];
        for template in templates.into_iter().flatten() {
            if let Some(text) = complete(payload, |answers| template.evaluate(&message, answers)) {
                assert!(text.len() <= 256 * 1024);
            }
        }
    }
}

/// Answers every call with the payload, until the evaluation is done or given up.
fn complete<T, E>(payload: &[u8], evaluate: impl Fn(&[Answer]) -> Result<Step<T>, E>) -> Option<T> {
    let mut answers = Vec::new();
    loop {
        match evaluate(&answers) {
            Ok(Step::Done(done)) => return Some(done),
            Ok(Step::Call(call)) => {
                assert!(call.arguments.len() <= 6);
                answers.push(Answer::Json(payload.to_vec()));
                assert!(answers.len() <= 10, "calls are bounded");
            }
            Err(_) => return None,
        }
    }
}

/// The outgoing payload, which is JSON unless it is the payload itself or Undefined.
fn output_bytes(output: &Output) -> Vec<u8> {
    let bytes = output.to_bytes();
    if let Output::Value(value) = output {
        // A character of a text can take six bytes in JSON.
        assert!(bytes.len() <= 6 * 256 * 1024);
        assert!(value.is_undefined() || serde_json::from_slice::<&RawValue>(&bytes).is_ok());
    }
    bytes
}
