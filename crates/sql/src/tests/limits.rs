//! What a statement may cost, whatever is in it and in the payload.

use super::{message, outgoing};
use crate::{Answer, EvalError, Statement, Step, Substitution, Version};

fn refused(sql: &str) -> String {
    Statement::parse(sql, Version::V2016_03_23)
        .unwrap_err()
        .to_string()
}

fn array(items: usize) -> String {
    format!("{{\"a\":[{}]}}", vec!["1"; items].join(","))
}

#[test]
fn a_value_never_grows_beyond_its_limit() {
    let long = format!("{{\"s\":\"{}\"}}", "a".repeat(100_000));
    for sql in [
        "SELECT concat(s, s, s) AS x FROM 't'",
        "SELECT s + s + s AS x FROM 't'",
        "SELECT replace(s, 'a', 'xyz') AS x FROM 't'",
        "SELECT replace(s, '', 'xyz') AS x FROM 't'",
        "SELECT regexp_replace(s, 'a', 'xyz') AS x FROM 't'",
        "SELECT regexp_replace(s, '^(.*)$', '$1$1$1') AS x FROM 't'",
        "SELECT [s, s, s] AS x FROM 't'",
        "SELECT {'a': s, 'b': s, 'c': s} AS x FROM 't'",
        "SELECT s AS a, s AS b, s AS c FROM 't'",
        "SELECT s AS x.a, s AS x.b, s AS x.c FROM 't'",
        "SELECT encode(encode(encode(s, 'base64'), 'base64'), 'base64') + s AS x FROM 't'",
        "SELECT (SELECT VALUE [s, s] FROM [1, 2]) AS x, concat([s], [s], [s]) AS y FROM 't'",
        "SELECT transform('enrichArray', *, [{}, {}, {}]) AS x FROM 't'",
    ] {
        assert!(
            matches!(outgoing(sql, &long), Err(EvalError::TooLarge { .. })),
            "{sql}"
        );
    }
    // Twice is little enough.
    assert!(outgoing("SELECT s + s AS x FROM 't'", &long).is_ok());
}

#[test]
fn a_query_within_a_query_over_a_large_array_is_given_up() {
    // Arrays of arrays multiply, but not beyond what the payload holds.
    let sql = "SELECT (SELECT VALUE (SELECT VALUE * FROM a) FROM a) AS x FROM 't'";
    let inner = format!("{{\"a\":[{}]}}", vec!["1"; 300].join(","));
    let payload = format!("{{\"a\":[{}]}}", vec![inner; 100].join(","));
    assert!(outgoing(sql, &payload).unwrap().unwrap().len() > 60_000);
    let heavy = format!(
        "SELECT (SELECT VALUE 1 FROM a WHERE {}) AS x FROM 't'",
        vec!["1 = 1"; 100].join(" AND ")
    );
    assert_eq!(outgoing(&heavy, &array(60_000)), Err(EvalError::TooMuchWork));
    assert!(outgoing(&heavy, &array(100)).is_ok());
    let regex = "SELECT (SELECT VALUE regexp_matches(*, concat(*, 'x')) FROM a) AS x FROM 't'";
    assert_eq!(outgoing(regex, &array(60_000)), Err(EvalError::TooMuchWork));
}

#[test]
fn a_large_payload_is_within_the_limits() {
    let sql =
        "SELECT *, (SELECT VALUE abs(*) FROM a WHERE isNull(*) = false) AS b FROM 't' WHERE topic(1) = 't'";
    assert!(outgoing(sql, &array(20_000)).unwrap().is_some());
}

#[test]
fn what_is_nested_too_deep_is_no_statement() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{'a':", "}"),
        ("upper(", ")"),
        ("(SELECT VALUE ", ")"),
    ] {
        let sql = |depth: usize| {
            format!(
                "SELECT {}1{} AS x FROM 't'",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        assert!(Statement::parse(&sql(20), Version::V2016_03_23).is_ok(), "{open}");
        for depth in [60, 2000] {
            assert!(refused(&sql(depth)).contains("nested deeper"), "{open}");
        }
    }
    assert!(refused(&format!("SELECT {} true FROM 't'", "NOT ".repeat(2000))).contains("nested deeper"));
    assert!(refused(&format!("SELECT {} 1 END FROM 't'", "CASE ".repeat(2000))).contains("nested deeper"));
    assert!(refused(&format!("SELECT a{} FROM 't'", ".a".repeat(2000))).contains("names in a path"));
    assert!(refused(&format!("SELECT 1 AS a{} FROM 't'", ".a".repeat(2000))).contains("names in a path"));
    assert!(refused(&format!("SELECT '{}' FROM 't'", "x".repeat(70_000))).contains("more than 65536 bytes"));
    assert!(Substitution::parse(&"x".repeat(70_000), Version::V2016_03_23).is_err());
}

#[test]
fn what_is_as_deep_as_it_may_be_is_evaluated() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{'a':", "}"),
        ("upper(", ")"),
        ("(SELECT VALUE ", ")"),
    ] {
        // A query and what it selects are two levels.
        let depth = if open.starts_with("(S") { 23 } else { 46 };
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        let sql = format!("SET @a = {open}1{close} SELECT {open}@a{close} AS x FROM 't'");
        assert!(outgoing(&sql, "{}").is_ok(), "{open}");
    }
}

#[test]
fn variables_of_variables_are_not_nested_without_end() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(40), "]".repeat(40));
    let mut sql = format!("SET @a0 = {}", deep("1"));
    for index in 1..60 {
        sql.push_str(&format!(", @a{index} = {}", deep(&format!("@a{}", index - 1))));
    }
    sql.push_str(" SELECT @a59 AS x FROM 't'");
    assert!(matches!(outgoing(&sql, "{}"), Err(EvalError::TooDeep { .. })));
}

#[test]
fn numbers_of_any_length_are_read_at_once() {
    let digits = "7".repeat(120_000);
    let payload = format!("{{\"a\":{digits},\"b\":0.{digits},\"s\":\"{digits}\"}}");
    // Too large, so that the payload is no JSON.
    assert_eq!(outgoing("SELECT a FROM 't' WHERE a > 1", &payload), Ok(None));
    let payload = format!("{{\"b\":0.{digits},\"s\":\"{digits}\"}}");
    let expected = format!("{{\"b\":0.{}8}}", "7".repeat(33));
    assert_eq!(
        outgoing("SELECT b, s + 0 > 1 AS c FROM 't'", &payload).unwrap(),
        Some(expected)
    );
    let far = format!(
        "SELECT {} AS x FROM 't'",
        vec!["9E999 % 7E-999 + 1E-999"; 1000].join(" + ")
    );
    assert_eq!(outgoing(&far, "{}"), Ok(Some("{}".to_owned())));
}

#[test]
fn a_costly_expression_is_given_up() {
    let payload = format!("{{\"s\":\"{}\"}}", "a".repeat(100_000));
    let sql = format!(
        "SELECT {} AS x FROM 't'",
        vec!["regexp_matches(s, '(a{1,30}b){1,30}c')"; 40].join(" OR ")
    );
    assert_eq!(outgoing(&sql, &payload), Err(EvalError::TooMuchWork));
    let sql = "SELECT regexp_matches(s, '(.{1,1000}){1,1000}') AS x FROM 't'";
    assert_eq!(outgoing(sql, &payload), Ok(Some("{}".to_owned())));
}

#[test]
fn what_is_long_and_not_deep_is_one() {
    for operator in [" OR ", " AND ", " + ", " * "] {
        let sql = format!("SELECT {} AS x FROM 't'", vec!["a"; 5000].join(operator));
        assert!(outgoing(&sql, "{\"a\":1}").is_ok(), "{operator}");
    }
    let sql = format!("SELECT {}1 AS x FROM 't'", "- ".repeat(5001));
    assert_eq!(outgoing(&sql, "{}").unwrap().unwrap(), "{\"x\":-1}");
}

#[test]
fn a_payload_nested_too_deep_is_no_json() {
    let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(
        outgoing("SELECT 1 AS x FROM 't' WHERE isUndefined(a)", &nested(50)),
        Ok(None)
    );
    assert!(
        outgoing("SELECT 1 AS x FROM 't' WHERE isUndefined(a)", &nested(50_000))
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_statement_calls_other_services_ten_times_at_most() {
    let sql = "SELECT (SELECT VALUE aws_lambda('arn', *) FROM a) AS x FROM 't'";
    let statement = Statement::parse(sql, Version::V2016_03_23).unwrap();
    let payload = array(11);
    let mut answers = Vec::new();
    loop {
        match statement.evaluate(&message(payload.as_bytes()), &answers) {
            Ok(Step::Call(_)) => answers.push(Answer::Json(b"1".to_vec())),
            Ok(Step::Done(_)) => panic!("done"),
            Err(error) => {
                assert_eq!(error, EvalError::TooManyCalls { limit: 10 });
                break;
            }
        }
    }
    assert_eq!(answers.len(), 10);
}

#[test]
fn an_answer_is_as_any_other_value() {
    let statement =
        Statement::parse("SELECT aws_lambda('a', *) AS x FROM 't'", Version::V2016_03_23).unwrap();
    let json = |answer: Answer| match statement.evaluate(&message(b"{}"), &[answer]) {
        Ok(Step::Done(crate::Outcome::Matched(output))) => Ok(String::from_utf8(output.to_bytes()).unwrap()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error),
    };
    assert_eq!(json(Answer::Json(b"[1.0]".to_vec())).unwrap(), "{\"x\":[1]}");
    assert_eq!(json(Answer::Text("1".to_owned())).unwrap(), "{\"x\":\"1\"}");
    assert_eq!(json(Answer::Json(b"not json".to_vec())).unwrap(), "{}");
    assert_eq!(json(Answer::Undefined).unwrap(), "{}");
    assert!(matches!(
        json(Answer::Json(vec![b' '; 300_000])),
        Err(EvalError::TooLarge { .. })
    ));
    assert!(matches!(
        json(Answer::Text("x".repeat(300_000))),
        Err(EvalError::TooLarge { .. })
    ));
}
