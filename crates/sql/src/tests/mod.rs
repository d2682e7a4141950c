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

#[test]
fn every_function_of_the_guide_is_known() {
    let names = "abs accountid acos asin atan atan2 aws_lambda bitand bitor bitxor bitnot ceil chr clientid concat \
        cos cosh decode encode endswith exp floor get get_dynamodb get_mqtt_property get_or_default \
        get_registry_data get_secret get_thing_shadow get_user_properties md2 md5 sha1 sha224 sha256 sha384 sha512 \
        indexof isNull isUndefined length ln log lower lpad ltrim machinelearning_predict mod nanvl newuuid numbytes \
        parse_time power principal rand regexp_matches regexp_replace regexp_substr remainder replace rpad round \
        rtrim sign sin sinh sourceip substring sql_version sqrt startswith tan tanh time_to_epoch timestamp topic \
        traceid transform trim trunc upper";
    for name in names.split_whitespace() {
        let known = crate::functions::find(&name.to_ascii_lowercase());
        assert!(known.is_some(), "{name}");
        if let Some(external) = known.and_then(crate::functions::Function::external) {
            assert_eq!(external.name(), name);
        }
    }
}

#[test]
fn functions_of_other_services_take_what_the_guide_gives_them() {
    let call = |expression: &str| -> Result<(String, usize), String> {
        let sql = format!("SELECT {expression} AS x FROM 't'");
        let statement = Statement::parse(&sql, Version::V2016_03_23).map_err(|error| error.problem)?;
        match statement.evaluate(&message(b"{}"), &[]) {
            Ok(Step::Call(call)) => Ok((call.function.to_string(), call.arguments.len())),
            other => panic!("{other:?}"),
        }
    };
    for (name, arguments) in [
        ("aws_lambda", 2..=2),
        ("get_thing_shadow", 2..=3),
        ("get_registry_data", 3..=3),
        ("get_dynamodb", 4..=4),
        ("get_dynamodb", 6..=6),
        ("get_secret", 3..=4),
        ("machinelearning_predict", 3..=3),
    ] {
        for count in arguments.clone() {
            let expression = format!("{name}({})", vec!["'a'"; count].join(", "));
            assert_eq!(call(&expression), Ok((name.to_owned(), count)));
        }
        let fewer = format!("{name}({})", vec!["'a'"; arguments.start() - 1].join(", "));
        let more = format!("{name}({})", ["'a'"; 7].join(", "));
        assert!(call(&fewer).is_err() && call(&more).is_err(), "{name}");
    }
}
