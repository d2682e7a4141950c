//! Documents that are no policies, and what is said of them.

use crate::{Document, Language, PolicyError};

const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

fn error(text: &str, language: Language) -> PolicyError {
    match Document::parse(text, language) {
        Ok(_) => panic!("{text} is taken as {language:?}"),
        Err(error) => error,
    }
}

/// What is said of a document with one statement, made of the one that allows all by replacing a part of it.
fn refused(part: &str, by: &str) -> String {
    let text = ALL.replace(part, by);
    assert_ne!(text, ALL);
    let message = error(&text, Language::Iot).to_string();
    assert_eq!(message, error(&text, Language::Iam).to_string());
    message
}

fn refused_condition(condition: &str) -> String {
    refused(
        r#""Resource":"*""#,
        &format!(r#""Resource":"*","Condition":{condition}"#),
    )
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    for text in [
        "",
        "{",
        "not json",
        "{}{}",
        "{'Version':1}",
        "{\"a\":1,}",
        "// x",
        "{\"Statement\":1e999}",
    ] {
        assert!(
            matches!(error(text, Language::Iot), PolicyError::Json { .. }),
            "{text}"
        );
    }
    assert_eq!(
        error("{\n  \"Version\": }", Language::Iot).to_string(),
        "the document is not valid JSON (line 2, column 14)"
    );
    for text in ["[]", "null", "\"text\"", "1"] {
        assert_eq!(
            error(text, Language::Iam).to_string(),
            "the document must be an object",
            "{text}"
        );
    }
    let deep = "[".repeat(1000) + &"]".repeat(1000);
    assert!(matches!(error(&deep, Language::Iot), PolicyError::Json { .. }));
}

#[test]
fn every_fault_names_its_element() {
    let cases = [
        (
            r#""2012-10-17""#,
            r#""2013-10-17""#,
            r#"Version is "2013-10-17", it must be 2012-10-17 or 2008-10-17"#,
        ),
        (r#""2012-10-17""#, "20121017", "Version must be a string"),
        (
            r#""Version""#,
            r#""version""#,
            "version is not an element of this kind of policy",
        ),
        (r#""Version""#, r#""Id":1,"Version""#, "Id must be a string"),
        (
            r#""Version""#,
            r#""Version":"2012-10-17","Version""#,
            "Version is given twice",
        ),
        (
            r#""Statement":{"#,
            r#""Statement":{},"Statement":{"#,
            "Statement is given twice",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            "[]",
            "Statement is empty",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            "[[]]",
            "Statement[0] must be an object",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            "\"x\"",
            "Statement must be an object",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Action":"*","Resource":"*"}]"#,
            "Statement[1].Effect is missing",
        ),
        (
            r#""Allow""#,
            r#""allow""#,
            r#"Statement.Effect is "allow", it must be Allow or Deny"#,
        ),
        (r#""Allow""#, r#"["Allow"]"#, "Statement.Effect must be a string"),
        (r#""Effect":"Allow","#, "", "Statement.Effect is missing"),
        (
            r#""Effect""#,
            r#""Effect":"Deny","Effect""#,
            "Statement.Effect is given twice",
        ),
        (
            r#""Effect""#,
            r#""Principal":"*","Effect""#,
            "Statement.Principal is not an element of this kind of policy",
        ),
        (
            r#""Effect""#,
            r#""NotPrincipal":"*","Effect""#,
            "Statement.NotPrincipal is not an element of this kind of policy",
        ),
        (
            r#""Effect""#,
            r#""Sid":7,"Effect""#,
            "Statement.Sid must be a string",
        ),
        (r#","Resource":"*""#, "", "Statement.Resource is missing"),
        (r#""Action":"*","#, "", "Statement.Action is missing"),
        (
            r#""Action""#,
            r#""NotAction":"iot:*","Action""#,
            "Statement.Action cannot stand beside its negation",
        ),
        (
            r#""Resource""#,
            r#""NotResource":"*","Resource""#,
            "Statement.Resource cannot stand beside its negation",
        ),
        (r#""Action":"*""#, r#""Action":[]"#, "Statement.Action is empty"),
        (
            r#""Action":"*""#,
            r#""Action":null"#,
            "Statement.Action must be a string or a list of strings",
        ),
        (
            r#""Action":"*""#,
            r#""Action":["iot:A",1]"#,
            "Statement.Action[1] must be a string or a list of strings",
        ),
        (
            r#""Action":"*""#,
            r#""Action":"Connect""#,
            r#"Statement.Action is "Connect", it must be * or an action such as iot:Connect"#,
        ),
        (
            r#""Action":"*""#,
            r#""Action":"iot:""#,
            r#"Statement.Action is "iot:", it must be * or an action such as iot:Connect"#,
        ),
        (
            r#""Action":"*""#,
            r#""Action":"a:b:c""#,
            r#"Statement.Action is "a:b:c", it must be * or an action such as iot:Connect"#,
        ),
        (
            r#""Action":"*""#,
            r#""NotAction":["iot:${x}"]"#,
            r#"Statement.NotAction[0] is "iot:${x}", it must be * or an action such as iot:Connect"#,
        ),
        (
            r#""Resource":"*""#,
            r#""Resource":[]"#,
            "Statement.Resource is empty",
        ),
        (
            r#""Resource":"*""#,
            r#""Resource":"""#,
            "Statement.Resource is empty",
        ),
        (
            r#""Resource":"*""#,
            r#""Resource":["*",{}]"#,
            "Statement.Resource[1] must be a string or a list of strings",
        ),
        (
            r#""Resource":"*""#,
            r#""Resource":["*","arn:${a"]"#,
            "Statement.Resource[1] holds a variable that is not closed",
        ),
        (
            r#""Resource":"*""#,
            r#""Resource":"arn:${}""#,
            "Statement.Resource holds a variable that has no name",
        ),
        (
            r#""Resource":"*""#,
            r#""NotResource":"arn:${a b}""#,
            "Statement.NotResource holds a variable that has a name with a character that no name has",
        ),
        (
            r#""Resource":"*""#,
            r#""Resource":"arn:${a${b}}""#,
            "Statement.Resource holds a variable that has a name with a character that no name has",
        ),
    ];
    for (part, by, message) in cases {
        assert_eq!(refused(part, by), message, "{part} -> {by}");
    }
}

#[test]
fn faults_of_conditions_name_operator_and_key() {
    let at = "Statement.Condition";
    let cases = [
        ("[]", format!("{at} must be an object")),
        (
            r#"{"StringEquals":"x"}"#,
            format!("{at}.StringEquals must be an object"),
        ),
        (r#"{"Null":{},"Null":{}}"#, format!("{at}.Null is given twice")),
        (
            r#"{"Bool":{"a:b":"true","a:b":"true"}}"#,
            format!("{at}.Bool.a:b is given twice"),
        ),
        (
            r#"{"StringEquals":{"a:b":null}}"#,
            format!("{at}.StringEquals.a:b must be a value or a list of values"),
        ),
        (
            r#"{"StringEquals":{"a:b":["x",["y"]]}}"#,
            format!("{at}.StringEquals.a:b[1] must be a value or a list of values"),
        ),
        (
            r#"{"StringEquals":{"ab":"x"}}"#,
            format!(r#"{at}.StringEquals.ab is "ab", it must be a key such as iot:ClientId"#),
        ),
        (
            r#"{"NumericEquals":{"a:b":"0x10"}}"#,
            format!(r#"{at}.NumericEquals.a:b is "0x10", it must be a number"#),
        ),
        (
            r#"{"NumericEquals":{"a:b":"inf"}}"#,
            format!(r#"{at}.NumericEquals.a:b is "inf", it must be a number"#),
        ),
        (
            r#"{"NumericEquals":{"a:b":"${a:n}"}}"#,
            format!(r#"{at}.NumericEquals.a:b is "${{a:n}}", it must be a number"#),
        ),
        (
            r#"{"DateLessThan":{"a:b":"tomorrow"}}"#,
            format!(r#"{at}.DateLessThan.a:b is "tomorrow", it must be a date or seconds since 1970"#),
        ),
        (
            r#"{"Bool":{"a:b":"yes"}}"#,
            format!(r#"{at}.Bool.a:b is "yes", it must be true or false"#),
        ),
        (
            r#"{"Null":{"a:b":["true",1]}}"#,
            format!(r#"{at}.Null.a:b[1] is "1", it must be true or false"#),
        ),
        (
            r#"{"BinaryEquals":{"a:b":"?"}}"#,
            format!(r#"{at}.BinaryEquals.a:b is "?", it must be base64"#),
        ),
        (
            r#"{"IpAddress":{"a:b":"10.0.0.0/33"}}"#,
            format!(r#"{at}.IpAddress.a:b is "10.0.0.0/33", it must be an IP address or range"#),
        ),
        (
            r#"{"IpAddress":{"a:b":"10.0.0.*"}}"#,
            format!(r#"{at}.IpAddress.a:b is "10.0.0.*", it must be an IP address or range"#),
        ),
        (
            r#"{"IpAddress":{"a:b":"::/+1"}}"#,
            format!(r#"{at}.IpAddress.a:b is "::/+1", it must be an IP address or range"#),
        ),
        (
            r#"{"ArnLike":{"a:b":"arn:aws:iot"}}"#,
            format!(r#"{at}.ArnLike.a:b is "arn:aws:iot", it must be an ARN of six fields"#),
        ),
        (
            r#"{"ArnLike":{"a:b":"arn:aws:iot:${a:b:c:d}"}}"#,
            format!(r#"{at}.ArnLike.a:b is "arn:aws:iot:${{a:b:c:d}}", it must be an ARN of six fields"#),
        ),
        (
            r#"{"StringLike":{"a:b":"${"}}"#,
            format!("{at}.StringLike.a:b holds a variable that is not closed"),
        ),
    ];
    for (condition, message) in cases {
        assert_eq!(refused_condition(condition), message, "{condition}");
    }
    for operator in [
        "StringEqual",
        "stringEquals",
        "StringEqualsIfExistsIfExists",
        "NullIfExists",
        "ForAnyValue:Null",
        "",
        "ForAllValues:",
        "ForAllValues:ForAnyValue:StringEquals",
        "IfExists",
        "BinaryNotEquals",
        "ForSomeValue:Bool",
    ] {
        let message = refused_condition(&format!(r#"{{"{operator}":{{"a:b":"true"}}}}"#));
        assert!(
            message.ends_with("it must be a condition operator"),
            "{operator}: {message}"
        );
    }
}

#[test]
fn what_only_iam_refuses() {
    let cases = [
        (
            r#""Resource":"*""#,
            r#""Resource":"topic/x""#,
            r#"Statement.Resource is "topic/x", it must be * or an ARN"#,
        ),
        (
            r#""Effect""#,
            r#""Sid":"two words","Effect""#,
            r#"Statement.Sid is "two words", it must be letters and digits"#,
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]"#,
            "Statement[1].Sid is given twice",
        ),
    ];
    for (part, by, message) in cases {
        let text = ALL.replace(part, by);
        assert_eq!(error(&text, Language::Iam).to_string(), message);
        assert!(Document::parse(&text, Language::Iot).is_ok(), "{text}");
    }
}

#[test]
fn only_iam_knows_default_values() {
    let with = |variable: &str| ALL.replace(r#""Resource":"*""#, &format!(r#""Resource":"arn:{variable}""#));
    for good in ["${a:b, 'x'}", "${a:b,''}", "${a:b , 'x' }"] {
        let taken = Document::parse(&with(good), Language::Iam).is_ok();
        assert_eq!(taken, !good.contains(" ,"), "{good}");
        assert!(
            error(&with(good), Language::Iot).place() == Some("Statement.Resource"),
            "{good}"
        );
    }
    for bad in [
        "${a:b, x}",
        "${a:b, 'x}",
        "${a:b, 'x'",
        "${a:b, 'x' y}",
        "${a:b 'x'}",
        "${, 'x'}",
        "${a'b}",
    ] {
        assert!(
            matches!(error(&with(bad), Language::Iam), PolicyError::Variable { .. }),
            "{bad}"
        );
    }
}

#[test]
fn white_space_does_not_count_towards_the_limit() {
    let with =
        |sid: &str, space: &str| ALL.replace(r#""Effect""#, &format!(r#"{space}"Sid":"{sid}","Effect""#));
    for (language, limit) in [(Language::Iot, 2048), (Language::Iam, 10_240)] {
        let fits = limit - with("", "").len();
        let space = " \n\t".repeat(10_000);
        assert!(Document::parse(&with(&"x".repeat(fits), &space), language).is_ok());
        let error = error(&with(&"x".repeat(fits + 1), ""), language);
        assert_eq!(
            error,
            PolicyError::TooLong {
                length: limit + 1,
                limit
            }
        );
        assert_eq!(error.place(), None);
    }
    assert!(
        Document::parse(&with("", &" ".repeat(2_000_000)), Language::Iot).is_err(),
        "white space has an end as well"
    );
    // A character counts once, however many bytes it has.
    let fits = 2048 - with("", "").len();
    assert!(Document::parse(&with(&"ä".repeat(fits), ""), Language::Iot).is_ok());
}

#[test]
fn a_long_fault_is_cut() {
    let message = refused(r#""Allow""#, &format!(r#""{}""#, "x".repeat(1500)));
    assert!(message.len() < 250, "{message}");
    let message = refused(r#""Effect""#, &format!(r#""{}":1,"Effect""#, "x".repeat(1500)));
    assert!(message.len() < 250, "{message}");
}
