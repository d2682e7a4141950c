//! What holds for every template and all values.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Plan, PlannedPolicy, Template, TemplateError, Use, Values};

/// What a thing's name comes to that is written in this way.
fn name(written: &Value, parameters: &[(&str, &str)]) -> Result<String, TemplateError> {
    let template =
        json!({"Resources": {"t": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": written}}}});
    let plan = Template::parse(&template.to_string())?.resolve(&values(parameters))?;
    Ok(plan.thing.expect("the template has a thing").resource.name)
}

fn values(parameters: &[(&str, &str)]) -> Values {
    Values::new(
        parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

fn resolve(template: &str, parameters: &[(&str, &str)]) -> Result<Plan, TemplateError> {
    Template::parse(template)?.resolve(&values(parameters))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = Template::parse(&text);
    }

    #[test]
    fn what_is_almost_a_template_makes_nothing_panic(text in any_template(), value in ".{0,20}") {
        match Template::parse(&text) {
            Err(error) => prop_assert!(error.to_string().len() < 4096),
            Ok(template) => {
                for usage in [Use::JustInTime, Use::Fleet, Use::Given] {
                    let _ = template.check_for(usage);
                }
                let values = values(&[("A", &value), ("AWS::IoT::Certificate::Id", "i")]);
                let plan = template.resolve(&values);
                prop_assert_eq!(template.resolve(&values), plan);
                // White space between the parts says nothing.
                let json: Value = serde_json::from_str(&text).unwrap();
                let spaced = serde_json::to_string_pretty(&json).unwrap();
                if spaced.chars().count() <= crate::MOST_CHARACTERS {
                    prop_assert_eq!(Template::parse(&spaced), Ok(template));
                }
            }
        }
    }

    #[test]
    fn values_are_texts_and_nothing_else(value in any_text()) {
        for written in [
            json!({"Ref": "A"}),
            json!({"Fn::Sub": "${A}"}),
            json!({"Fn::Sub": ["${own}", {"own": {"Ref": "A"}}]}),
            json!({"Fn::Join": ["", [{"Ref": "A"}]]}),
            json!({"Fn::Select": [1, ["", {"Ref": "A"}]]}),
        ] {
            prop_assert_eq!(name(&written, &[("A", &value)]), Ok(value.clone()));
        }
    }

    #[test]
    fn joining_what_was_split_gives_it_back(source in "[ab,;]{0,20}", delimiter in "[a,;]{1,3}") {
        let written = json!({"Fn::Join": [{"Ref": "D"}, {"Fn::Split": [{"Ref": "D"}, {"Ref": "S"}]}]});
        prop_assert_eq!(name(&written, &[("D", &delimiter), ("S", &source)]), Ok(source));
    }

    #[test]
    fn splitting_what_was_joined_gives_it_back(items in prop::collection::vec("[a-c]{0,4}", 1..6), at in 0_usize..8) {
        let joined = json!({"Fn::Join": ["; ", items]});
        let written = json!({"Fn::Select": [at.to_string(), {"Fn::Split": ["; ", joined]}]});
        match items.get(at) {
            Some(item) => prop_assert_eq!(name(&written, &[]), Ok(item.clone())),
            None => {
                let is_out = matches!(name(&written, &[]), Err(TemplateError::OutOfBounds { .. }));
                prop_assert!(is_out);
            }
        }
    }

    #[test]
    fn sub_is_a_join_of_its_parts(parts in prop::collection::vec(("[a-z {}$!]{0,5}", prop::option::of("[AB]")), 0..6)) {
        // A dollar sign at the end of a part would open what follows.
        let parts: Vec<_> = parts.iter().map(|(text, name)| (text.replace('$', "$ "), name)).collect();
        let (mut sub, mut joined) = (String::new(), Vec::new());
        for (text, name) in &parts {
            sub.push_str(text);
            joined.push(json!(text));
            if let Some(name) = name {
                sub.push_str(&format!("${{{name}}}${{!{name}}}"));
                joined.extend([json!({"Ref": name}), json!(format!("${{{name}}}"))]);
            }
        }
        let parameters = [("A", "${B}"), ("B", "b")];
        prop_assert_eq!(
            name(&json!({"Fn::Sub": sub}), &parameters),
            name(&json!({"Fn::Join": ["", joined]}), &parameters)
        );
    }

    #[test]
    fn a_document_as_json_says_what_it_says_as_text(document in any_document()) {
        let template = |written: &Value| {
            json!({"Resources": {"p": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": written}}}}).to_string()
        };
        let as_json = resolve(&template(&document), &[]);
        let text = match &as_json.as_ref().map(|plan| &plan.policies[0].resource) {
            Ok(PlannedPolicy::Document(text)) => text.clone(),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(&text, &document.to_string());
        prop_assert_eq!(resolve(&template(&json!(text)), &[]), as_json);
    }

    #[test]
    fn a_parameter_without_value_is_named(used in "[A-Z]{1,8}", other in "[a-z]{1,8}") {
        let written = json!({"Fn::Join": ["", [{"Ref": &other}, {"Fn::Sub": format!("${{{used}}}")}]]});
        match name(&written, &[(&other, "x")]) {
            Err(TemplateError::MissingParameter { name, .. }) => prop_assert_eq!(name, used),
            found => prop_assert!(false, "{found:?}"),
        }
    }
}

#[test]
fn a_hostile_template_takes_no_time() {
    let whole = |resources: &str| format!(r#"{{"Resources":{{{resources}}}}}"#);
    let group = r#"{"Fn::Select":[0,{"Fn::Split":["a",{"Ref":"A"}]}]}"#;
    let groups = vec![group; 180].join(",");
    let splits = whole(&format!(
        r#""t":{{"Type":"AWS::IoT::Thing","Properties":{{"ThingName":"a","ThingGroups":[{groups}]}}}}"#
    ));
    let names = (0..600)
        .map(|at| format!(r#""{at}":"""#))
        .collect::<Vec<_>>()
        .join(",");
    let pieces = (0..600).map(|at| format!("${{{at}}}")).collect::<String>();
    let sub = whole(&format!(
        r#""t":{{"Type":"AWS::IoT::Thing","Properties":{{"ThingName":{{"Fn::Sub":["{pieces}",{{{names}}}]}}}}}}"#
    ));
    let nested = r#"{"Fn::Join":["",["#.repeat(40) + r#"{"Ref":"A"}"# + &"]]}".repeat(40);
    let nested = whole(&format!(
        r#""t":{{"Type":"AWS::IoT::Thing","Properties":{{"ThingName":{nested}}}}}"#
    ));
    for template in [splits, sub, nested] {
        assert!(template.len() <= crate::MOST_CHARACTERS, "{}", template.len());
        let template = Template::parse(&template).unwrap_or_else(|error| panic!("{error}"));
        let begun = Instant::now();
        for bytes in [0, 1000, 64 * 1024, 10_000_000] {
            let _ = template.resolve(&values(&[("A", &"a".repeat(bytes))]));
        }
        // Generous for a machine that does other things; without bounds it would be minutes.
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

/// Texts that a careless reader would take for more than texts.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}",
        "[$A{}!:\"\\\\]{0,20}",
        prop::sample::select(vec!["${A}", "{\"Ref\":\"A\"}", "${!A}", "null", "\u{0}"])
            .prop_map(str::to_owned),
    ]
}

/// Policy documents, or what could be ones.
fn any_document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any_text().prop_map(Value::String),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let object = |inner: BoxedStrategy<Value>| {
        prop::collection::vec(("[A-Za-z:\"]{0,8}", inner), 0..4)
            .prop_filter("no functions", |members| {
                members
                    .iter()
                    .all(|(name, _)| name != "Ref" && !name.starts_with("Fn::"))
            })
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    };
    let inner = leaf.prop_recursive(4, 30, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            object(inner.boxed()),
        ]
    });
    prop::collection::vec(("[A-Z][a-z]{3,8}", inner), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// JSON that comes near to a template: its names and words, at any place and of any type.
fn any_template() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        any_text().prop_map(Value::String),
        prop::sample::select(vec![
            json!("String"),
            json!("AWS::IoT::Thing"),
            json!("A"),
            json!("0"),
            json!(1),
            json!({"Ref": "A"}),
            json!({"Ref": "AWS::IoT::Certificate::Id"}),
            json!({"Fn::Split": [",", {"Ref": "A"}]}),
            json!({"Fn::Sub": "${A}${!A}${iot:ClientId}"}),
            json!({"Fn::FindInMap": ["M", "a", {"Ref": "A"}]}),
            Value::Null,
        ]),
    ];
    let member = prop::sample::select(vec![
        "Type",
        "Default",
        "Properties",
        "OverrideSettings",
        "ThingName",
        "AttributePayload",
        "ThingGroups",
        "CertificateId",
        "Status",
        "PolicyDocument",
        "Ref",
        "Fn::Join",
        "Fn::Select",
        "Fn::Split",
        "Fn::Sub",
        "Fn::FindInMap",
        "A",
    ]);
    let any = text
        .prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((member.clone(), inner), 0..4).prop_map(|members| Value::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect()
                )),
            ]
        })
        .boxed();
    let properties = (any.clone(), any.clone(), any.clone(), any.clone(), any);
    properties.prop_map(|(name, groups, attribute, document, other)| {
        let template = match &other {
            Value::Array(_) => json!({"Resources": other}),
            Value::Null => json!({"Resources": {}, "Mappings": name, "Parameters": groups, "DeviceConfiguration": document}),
            _ => json!({
                "Parameters": {"A": {"Type": "String", "Default": "a"}},
                "Mappings": {"M": {"a": {"a": "b", "": ["c"]}}},
                "Resources": {
                    "t": {
                        "Type": "AWS::IoT::Thing",
                        "Properties": {"ThingName": name, "ThingGroups": [groups], "AttributePayload": {"a": attribute}},
                    },
                    "p": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": document}},
                },
                "DeviceConfiguration": {"c": other},
            }),
        };
        template.to_string()
    })
}
