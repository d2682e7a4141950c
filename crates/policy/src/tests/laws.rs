//! What holds for every policy and every request.

use proptest::prelude::*;

use crate::pattern::{Match, Pattern, Syntax};
use crate::{ConnectAttributes, Document, IotContext, Language, Request, Verdict, evaluate, explain};

/// A matcher too simple to be wrong and too slow to be used.
fn matches_naively(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        (['*', after @ ..], rest) => {
            matches_naively(after, rest) || !rest.is_empty() && matches_naively(pattern, &rest[1..])
        }
        (['?', after @ ..], [_, rest @ ..]) => matches_naively(after, rest),
        ([wanted, after @ ..], [found, rest @ ..]) => wanted == found && matches_naively(after, rest),
        _ => false,
    }
}

fn glob(pattern: &str) -> Pattern {
    Pattern::compile(
        pattern,
        Syntax {
            wildcards: true,
            variables: true,
            ..Syntax::default()
        },
    )
    .unwrap()
}

/// One statement from a small world, so that statements and requests often meet.
fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let action = prop::sample::select(vec!["*", "iot:*", "iot:Publish", "iot:Re*", "iot:Subscribe"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:t/*",
        "arn:t/a",
        "arn:t/a*",
        "arn:t/?",
        "arn:t/${iot:ClientId}",
        "arn:t/${iot:ClientId}/*",
        "arn:t/${iot:DomainName}",
        "arn:${*}",
    ]);
    let elements = (prop::bool::ANY, prop::bool::ANY);
    let condition = prop::sample::select(vec![
        "{}",
        r#"{"StringEquals":{"iot:ClientId":["a","b"]}}"#,
        r#"{"StringNotLike":{"iot:ClientId":"a*"}}"#,
        r#"{"ForAllValues:StringEquals":{"iot:ConnectAttributes":[]}}"#,
        r#"{"Null":{"iot:ClientId":"true"}}"#,
        r#"{"StringNotEquals":{"iot:ClientId":"${iot:DomainName}"}}"#,
    ]);
    (action, resource, elements, condition).prop_map(move |(action, resource, (not_action, not_resource), condition)| {
        let (action_name, resource_name) =
            (if not_action { "NotAction" } else { "Action" }, if not_resource { "NotResource" } else { "Resource" });
        format!(
            r#"{{"Effect":"{effect}","{action_name}":"{action}","{resource_name}":"{resource}","Condition":{condition}}}"#
        )
    })
}

fn any_statement() -> impl Strategy<Value = String> {
    prop_oneof![statement("Allow"), statement("Deny")]
}

fn document(statements: &[String]) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    Document::parse(&text, Language::Iam).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn request() -> impl Strategy<Value = (&'static str, &'static str, Option<&'static str>)> {
    (
        prop::sample::select(vec![
            "iot:Publish",
            "iot:Receive",
            "iot:Subscribe",
            "iot:RetainPublish",
        ]),
        prop::sample::select(vec![
            "*",
            "arn:t/a",
            "arn:t/b",
            "arn:t/a/b",
            "arn:t/",
            "arn:*",
            "arn:t/ab",
        ]),
        prop::option::of(prop::sample::select(vec!["a", "b", "*", "", "a/b"])),
    )
}

fn verdict(documents: &[&Document], (action, resource, client_id): (&str, &str, Option<&str>)) -> Verdict {
    let variables = IotContext {
        client_id,
        ..IotContext::default()
    };
    evaluate(
        documents.iter().copied(),
        &Request {
            action,
            resource,
            variables: &variables,
        },
    )
    .verdict
}

proptest! {
    #[test]
    fn globs_match_what_the_naive_matcher_matches(pattern in "[ab*?ü]{0,9}", text in "[abü*]{0,12}") {
        let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        let found = glob(&pattern).matches(&text, &IotContext::default());
        prop_assert_eq!(found, Match::from(matches_naively(&p, &t)), "{} {}", pattern, text);
        // Names are matched by the same steps.
        let name = glob(&pattern.replace('ü', "A"));
        let p: Vec<char> = pattern.replace('ü', "a").chars().collect();
        let t: Vec<char> = text.replace('ü', "a").chars().collect();
        prop_assert_eq!(name.matches_name(&text.replace('ü', "a")), matches_naively(&p, &t));
    }

    #[test]
    fn a_substituted_client_id_is_never_a_wildcard(
        start in "[ab*?]{0,4}", end in "[ab*?]{0,4}", client_id in "[ab*?$ {}+#]{0,6}", text in "[ab*?+]{0,12}",
    ) {
        let variables = IotContext { client_id: Some(&client_id), ..IotContext::default() };
        let found = glob(&format!("{start}${{iot:ClientId}}{end}")).matches(&text, &variables);
        // The same with every character of the client id escaped by hand.
        let escaped: String = client_id
            .chars()
            .map(|c| if "*?$".contains(c) { format!("${{{c}}}") } else { c.to_string() })
            .collect();
        let wanted = glob(&format!("{start}{escaped}{end}")).matches(&text, &IotContext::default());
        prop_assert_eq!(found, wanted);
        if !start.contains(['*', '?']) && !end.contains(['*', '?']) {
            prop_assert_eq!(found == Match::Yes, text == format!("{start}{client_id}{end}"));
        }
    }

    #[test]
    fn a_deny_that_matches_wins_wherever_it_stands(
        others in prop::collection::vec(any_statement(), 0..5),
        deny in statement("Deny"), at in 0_usize..6, asked in request(),
    ) {
        let alone = document(std::slice::from_ref(&deny));
        let mut statements = others.clone();
        statements.insert(at.min(others.len()), deny);
        let together = verdict(&[&document(&statements)], asked);
        if verdict(&[&alone], asked) == Verdict::ExplicitDeny {
            prop_assert_eq!(together, Verdict::ExplicitDeny);
        } else if !others.is_empty() {
            prop_assert_eq!(together, verdict(&[&document(&others)], asked));
        }
    }

    #[test]
    fn an_added_allow_takes_nothing_away(
        others in prop::collection::vec(any_statement(), 1..5), allow in statement("Allow"), asked in request(),
    ) {
        let (others, allow) = (document(&others), document(&[allow]));
        let (before, after) = (verdict(&[&others], asked), verdict(&[&others, &allow], asked));
        prop_assert_eq!(after, verdict(&[&allow, &others], asked));
        match before {
            Verdict::Allowed | Verdict::ExplicitDeny => prop_assert_eq!(after, before),
            Verdict::ImplicitDeny => prop_assert_eq!(after, verdict(&[&allow], asked)),
        }
    }

    #[test]
    fn a_missing_value_never_allows_through_a_variable(statement in any_statement(), (action, resource, _) in request()) {
        // `iot:DomainName` is never there: a resource that speaks of it is not matched, nor is it an exception that
        // others are not, so that nothing it could be about is allowed.
        let document = document(std::slice::from_ref(&statement));
        if statement.contains("t/${iot:DomainName}") && resource.starts_with("arn:t/") {
            prop_assert_ne!(verdict(&[&document], (action, resource, Some("a"))), Verdict::Allowed);
        }
    }

    #[test]
    fn parsing_and_evaluating_never_panic(text in any_json(), resource in ".{0,20}", client_id in ".{0,10}") {
        for language in [Language::Iot, Language::Iam] {
            if let Ok(document) = Document::parse(&text, language) {
                let variables = IotContext { client_id: Some(&client_id), ..IotContext::default() };
                explain(&[&document], &Request { action: "iot:Publish", resource: &resource, variables: &variables });
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = Document::parse(&text, Language::Iot);
        let _ = Document::parse(&text, Language::Iam);
    }
}

/// JSON that comes near to a policy: its names and words, at any place and of any type.
fn any_json() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a-z*?:${},'\\\\ .0-9/T-]{0,12}"
            .prop_map(|text| serde_json::to_string(&text).expect("a string is JSON")),
        prop::sample::select(vec![
            "\"2012-10-17\"",
            "\"Allow\"",
            "\"Deny\"",
            "\"*\"",
            "\"iot:*\"",
            "\"arn:a:b:c:d:${iot:ClientId}\"",
            "true",
            "1.5",
            "null",
            "\"10.0.0.0/8\"",
            "\"${iot:ClientId, 'x'}\"",
        ])
        .prop_map(str::to_owned),
    ];
    let name = prop::sample::select(vec![
        "Version",
        "Statement",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "Sid",
        "Id",
        "StringEquals",
        "ForAnyValue:StringLike",
        "NumericLessThan",
        "DateEquals",
        "Bool",
        "Null",
        "IpAddress",
        "ArnLike",
        "BinaryEquals",
        "iot:ClientId",
        "iot:Certificate.Subject.CommonName.List",
        "StringNotEqualsIfExists",
    ]);
    let any = text.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, json)| format!("\"{name}\":{json}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    prop_oneof![
        any.clone(),
        any.prop_map(|condition| {
            format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{condition}}}}}"#)
        }),
    ]
}

#[test]
fn a_hostile_pattern_takes_no_time() {
    let pattern = glob(&"a*".repeat(600));
    let text = "a".repeat(599) + &"b".repeat(60_000);
    assert_eq!(pattern.matches(&text, &IotContext::default()), Match::No);
    let pattern = glob(&format!("*{}c", "a?*".repeat(300)));
    assert_eq!(
        pattern.matches(&"a".repeat(20_000), &IotContext::default()),
        Match::No
    );
}

#[test]
fn an_explanation_shows_the_values_that_were_found() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:client/${iot:ClientId}",
         "Condition":{"Null":{"iot:DomainName":"true"},"ForAllValues:StringEquals":{"iot:ConnectAttributes":["${aws:SourceIp}"]}}},
        {"Effect":"Allow","Action":"iot:Publish","Resource":"arn:topic/${iot:CertificateId}"}]}"#;
    let document = Document::parse(text, Language::Iot).unwrap();
    let attributes = ConnectAttributes {
        persistent_connect: true,
        last_will: true,
    };
    let variables = IotContext {
        client_id: Some("d"),
        connect_attributes: Some(attributes),
        ..IotContext::default()
    };
    let request = Request {
        action: "iot:Connect",
        resource: "arn:client/d",
        variables: &variables,
    };
    let explanation = explain(&[&document], &request);
    assert_eq!(explanation.missing, ["aws:SourceIp"]);
    let both = vec!["PersistentConnect".to_owned(), "LastWill".to_owned()];
    assert_eq!(
        explanation.found,
        [
            ("iot:ClientId", vec!["d".to_owned()]),
            ("iot:ConnectAttributes", both)
        ]
    );
}
