//! The language's tests: cases in files, laws, and what a statement may cost.

mod cases;
mod laws;
mod limits;

use crate::{Answer, EvalError, Message, Outcome, Output, Properties, Statement, Step, Version};

/// A message of a payload, from nobody in particular.
fn message(payload: &[u8]) -> Message<'_> {
    Message {
        topic: "t",
        payload,
        client_id: None,
        principal: None,
        account_id: "123456789012",
        source_ip: None,
        timestamp_ms: 0,
        trace_id: None,
        seed: [0; 32],
        properties: Properties::default(),
    }
}

/// The outgoing payload of a statement, or `None` if its condition does not hold.
fn outgoing(sql: &str, payload: &str) -> Result<Option<String>, EvalError> {
    let statement = Statement::parse(sql, Version::V2016_03_23).expect("a statement");
    match statement.evaluate(&message(payload.as_bytes()), &[Answer::Undefined])? {
        Step::Done(Outcome::Matched(output)) => {
            Ok(Some(String::from_utf8(output.to_bytes()).expect("a text")))
        }
        Step::Done(Outcome::NotMatched) => Ok(None),
        Step::Call(call) => panic!("{call:?}"),
    }
}

#[test]
fn a_payload_that_is_no_text_is_passed_on_as_it_came() {
    let statement = Statement::parse("SELECT * FROM 't'", Version::V2015_10_08).unwrap();
    let Ok(Step::Done(Outcome::Matched(output))) = statement.evaluate(&message(&[0xFF, 0, 1]), &[]) else {
        panic!("not matched");
    };
    assert!(matches!(output, Output::Raw(_)));
    assert_eq!(output.to_bytes(), [0xFF, 0, 1]);
}

#[test]
fn a_statement_tells_its_filter_and_what_it_calls() {
    let sql = "SELECT aws_lambda('a', *) AS x FROM 'a/+/#' WHERE get_thing_shadow('t', 'r').s = 1";
    let statement = Statement::parse(sql, Version::V2016_03_23).unwrap();
    assert_eq!(statement.topic_filter(), Some("a/+/#"));
    assert_eq!(statement.version(), Version::V2016_03_23);
    assert_eq!(
        statement
            .externals()
            .iter()
            .map(|external| external.name())
            .collect::<Vec<_>>(),
        ["aws_lambda", "get_thing_shadow"]
    );
    assert_eq!(
        Statement::parse("SELECT 1", Version::V2015_10_08)
            .unwrap()
            .topic_filter(),
        None
    );
}

#[test]
fn versions_are_named_as_rules_name_them() {
    for name in ["2015-10-08", "2016-03-23", "beta"] {
        assert_eq!(name.parse::<Version>().unwrap().to_string(), name);
    }
    assert!("2016-03-24".parse::<Version>().is_err());
    assert!("".parse::<Version>().is_err());
}

#[test]
fn a_template_draws_what_neither_the_statement_nor_another_template_draws() {
    let statement = Statement::parse(
        "SET @u = newuuid() SELECT VALUE newuuid() FROM 't'",
        Version::V2016_03_23,
    );
    let statement = statement.unwrap();
    let text = |template: &str| match statement
        .template(template)
        .unwrap()
        .evaluate(&message(b"{}"), &[])
    {
        Ok(Step::Done(text)) => text,
        other => panic!("{other:?}"),
    };
    let Ok(Step::Done(Outcome::Matched(output))) = statement.evaluate(&message(b"{}"), &[]) else {
        panic!("not matched");
    };
    let selected = String::from_utf8(output.to_bytes()).unwrap();
    let (one, two) = (text("a${newuuid()}"), text("b${newuuid()}"));
    assert_ne!(one[1..], two[1..]);
    assert!(!selected.contains(&one[1..]));
    assert_eq!(one, text("a${newuuid()}"));
    assert_eq!(text("a${@u}")[1..], text("b${@u}")[1..]);
    assert!(
        statement
            .template("x${aws_lambda('a', 1)}")
            .unwrap()
            .externals()
            .len()
            == 1
    );
}
