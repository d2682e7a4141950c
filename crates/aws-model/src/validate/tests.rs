use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{InputError, Service, ServiceModel};

/// A small service: one operation whose input has every kind of member.
fn model() -> ServiceModel {
    let json = json!({
        "metadata": {"apiVersion": "1", "endpointPrefix": "x", "protocol": "rest-json"},
        "operations": {"Put": {
            "name": "Put",
            "http": {"method": "POST", "requestUri": "/{name}"},
            "input": {"shape": "PutRequest"},
        }},
        "shapes": {
            "PutRequest": {"type": "structure", "required": ["name"], "members": {
                "name": {"shape": "Name", "location": "uri", "locationName": "name"},
                "Limit": {"shape": "Limit"},
                "ratio": {"shape": "Ratio"},
                "total": {"shape": "Total"},
                "mode": {"shape": "Mode"},
                "flag": {"shape": "Flag"},
                "secret": {"shape": "Secret"},
                "secrets": {"shape": "Secrets"},
                "vault": {"shape": "Vault"},
                "when": {"shape": "When"},
                "since": {"shape": "When", "location": "querystring", "locationName": "since"},
                "data": {"shape": "Data"},
                "tags": {"shape": "Tags"},
                "names": {"shape": "Names"},
                "attributes": {"shape": "Attributes"},
                "groups": {"shape": "Groups"},
            }},
            "Name": {"type": "string", "min": 2, "max": 4, "pattern": "[a-zé]*"},
            "Limit": {"type": "integer", "min": 1, "max": 250},
            "Ratio": {"type": "double", "min": 1.1, "max": 5},
            "Total": {"type": "long"},
            "Mode": {"type": "string", "enum": ["ON", "OFF"]},
            "Flag": {"type": "boolean"},
            "Secret": {"type": "string", "max": 3, "sensitive": true},
            "Secrets": {"type": "list", "member": {"shape": "Secret"}, "max": 1},
            "Vault": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Secret"}},
            "When": {"type": "timestamp"},
            "Data": {"type": "blob", "min": 2, "max": 3},
            "Tags": {"type": "list", "member": {"shape": "Tag"}, "min": 1, "max": 2},
            "Tag": {"type": "structure", "required": ["Key"], "members": {
                "Key": {"shape": "Name"}, "Value": {"shape": "Name"}}},
            "Names": {"type": "list", "member": {"shape": "Name"}},
            "Attributes": {"type": "map", "key": {"shape": "AttributeName"}, "value": {"shape": "AttributeValue"}, "max": 2},
            "AttributeName": {"type": "string", "max": 3, "pattern": "[a-z]+"},
            "AttributeValue": {"type": "string", "max": 5},
            "Groups": {"type": "map", "key": {"shape": "AttributeName"}, "value": {"shape": "Tag"}},
        },
    });
    ServiceModel::parse(&json.to_string()).unwrap()
}

/// The message for an input with this one member beside a good name; empty where the input is taken.
fn answer(member: &str, value: Value) -> String {
    let mut input = json!({"name": "abc"});
    input[member] = value;
    answer_to(&input)
}

fn answer_to(input: &Value) -> String {
    let model = model();
    let operation = model.operation("Put").unwrap();
    model
        .validate(operation, input)
        .err()
        .map(|it| it.to_string())
        .unwrap_or_default()
}

fn one(value: &str, path: &str, rule: &str) -> String {
    format!("1 validation error detected: Value{value} at '{path}' failed to satisfy constraint: {rule}")
}

#[test]
fn lengths_are_checked_in_characters_at_both_bounds() {
    for taken in ["ab", "abcd", "éééé"] {
        assert_eq!(answer("name", json!(taken)), "");
    }
    let shortest = "Member must have length greater than or equal to 2";
    let longest = "Member must have length less than or equal to 4";
    assert_eq!(answer("name", json!("a")), one(" 'a'", "name", shortest));
    assert_eq!(answer("name", json!("ééééé")), one(" 'ééééé'", "name", longest));
}

#[test]
fn ranges_are_checked_at_both_bounds() {
    let most = "Member must have value less than or equal to 250";
    let least = "Member must have value greater than or equal to 1";
    assert_eq!(answer("Limit", json!(1)), "");
    assert_eq!(answer("Limit", json!(250)), "");
    assert_eq!(answer("Limit", json!(0)), one(" '0'", "limit", least));
    assert_eq!(answer("Limit", json!(251)), one(" '251'", "limit", most));
    assert_eq!(answer("ratio", json!(1.1)), "");
    assert_eq!(answer("ratio", json!(5)), "");
    assert!(answer("ratio", json!(1.09)).ends_with("greater than or equal to 1.1"));
    assert!(answer("ratio", json!(5.01)).ends_with("less than or equal to 5"));
}

#[test]
fn patterns_and_enumerations_are_in_awss_words() {
    assert_eq!(
        answer("name", json!("A_b")),
        one(
            " 'A_b'",
            "name",
            "Member must satisfy regular expression pattern: [a-zé]*"
        )
    );
    assert_eq!(answer("mode", json!("OFF")), "");
    assert_eq!(
        answer("mode", json!("off")),
        one(" 'off'", "mode", "Member must satisfy enum value set: [ON, OFF]")
    );
}

#[test]
fn a_required_member_may_not_be_absent_or_null() {
    let message = one(" null", "name", "Member must not be null");
    assert_eq!(answer_to(&json!({})), message);
    assert_eq!(answer("name", Value::Null), message);
    assert_eq!(answer("Limit", Value::Null), "");
    assert_eq!(answer("unheard", json!({"of": 1})), "");
}

#[test]
fn several_violations_are_told_together() {
    let input = json!({"name": "A", "Limit": 0});
    let expected = "3 validation errors detected: \
        Value 'A' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2; \
        Value 'A' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zé]*; \
        Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1";
    assert_eq!(answer_to(&input), expected);
}

#[test]
fn items_with_members_have_their_own_path() {
    assert_eq!(
        answer("tags", json!([{"Key": "ab"}, {"Key": "cd", "Value": "ef"}])),
        ""
    );
    let longest = "Member must have length less than or equal to 4";
    let tags = json!([{"Key": "ab"}, {"Key": "cd", "Value": "abcde"}]);
    assert_eq!(
        answer("tags", tags),
        one(" 'abcde'", "tags.2.member.value", longest)
    );
    assert_eq!(
        answer("tags", json!([{}])),
        one(" null", "tags.1.member.key", "Member must not be null")
    );
    assert_eq!(
        answer("groups", json!({"Ab": {"Key": "abcde"}})),
        format!(
            "2 validation errors detected: Value at 'groups' failed to satisfy constraint: Map keys must satisfy \
            constraint: [Member must have length less than or equal to 3, Member must have length greater than or \
            equal to 0, Member must satisfy regular expression pattern: [a-z]+]; Value 'abcde' at \
            'groups.Ab.member.key' failed to satisfy constraint: {longest}"
        )
    );
}

#[test]
fn sizes_of_lists_and_maps_are_checked_at_both_bounds() {
    let tag = json!({"Key": "ab"});
    let least = "Member must have length greater than or equal to 1";
    let most = "Member must have length less than or equal to 2";
    assert_eq!(answer("tags", json!([])), one(" '[]'", "tags", least));
    assert_eq!(answer("tags", json!([tag, tag])), "");
    assert_eq!(answer("tags", json!([tag, tag, tag])), one("", "tags", most));
    assert_eq!(answer("attributes", json!({"a": "", "b": ""})), "");
    assert_eq!(
        answer("attributes", json!({"a": "", "b": "", "c": ""})),
        one(" '{a=, b=, c=}'", "attributes", most)
    );
}

#[test]
fn simple_items_keys_and_values_are_told_at_the_whole() {
    let name = "[Member must have length less than or equal to 4, Member must have length greater than or equal to \
        2, Member must satisfy regular expression pattern: [a-zé]*]";
    assert_eq!(
        answer("names", json!(["ab", "a", "b"])),
        one(
            " '[ab, a, b]'",
            "names",
            &format!("Member must satisfy constraint: {name}")
        )
    );
    // The form that `iot` was seen to answer (aws-sdk-java issue 666), lower bound 0 included.
    assert_eq!(
        answer("attributes", json!({"abcd": "x"})),
        one(
            " '{abcd=x}'",
            "attributes",
            "Map keys must satisfy constraint: [Member must have length less than or equal to 3, Member must have \
            length greater than or equal to 0, Member must satisfy regular expression pattern: [a-z]+]"
        )
    );
    assert_eq!(
        answer("attributes", json!({"a": "123456"})),
        one(
            " '{a=123456}'",
            "attributes",
            "Map value must satisfy constraint: [Member must have length less than or equal to 5, Member must have \
            length greater than or equal to 0]"
        )
    );
}

#[test]
fn bytes_are_counted_decoded() {
    for (text, bytes) in [("YWI=", 2), ("YWI", 2), ("YWJj", 3)] {
        assert_eq!(answer("data", json!(text)), "", "{bytes} bytes");
    }
    assert_eq!(
        answer("data", json!("YQ==")),
        one("", "data", "Member must have length greater than or equal to 2")
    );
    assert_eq!(
        answer("data", json!("YWJjZA==")),
        one("", "data", "Member must have length less than or equal to 3")
    );
    for refused in ["YWJ=c", "Y", "YWI==", "YW I=", "YWJj===="] {
        assert_eq!(
            answer("data", json!(refused)),
            "'data' must be base64, not a text",
            "{refused}"
        );
    }
}

#[test]
fn a_wrong_type_is_told_before_and_apart_from_constraints() {
    for (member, value, expected) in [
        ("name", json!(7), "'name' must be a text, not a number"),
        ("Limit", json!("7"), "'limit' must be an integer, not a text"),
        ("Limit", json!(7.5), "'limit' must be an integer, not a number"),
        (
            "Limit",
            json!(3_000_000_000_i64),
            "'limit' must be an integer, not a number",
        ),
        ("total", json!(u64::MAX), "'total' must be a long, not a number"),
        ("ratio", json!([2]), "'ratio' must be a number, not a list"),
        ("flag", json!("true"), "'flag' must be true or false, not a text"),
        (
            "when",
            json!("2015-05-28T00:00:00Z"),
            "'when' must be a number of seconds, not a text",
        ),
        ("since", json!(1), "'since' must be a date, not a number"),
        ("tags", json!({}), "'tags' must be a list, not an object"),
        (
            "tags",
            json!([null]),
            "'tags.1.member' must be an object, not null",
        ),
        ("names", json!(["ab", null]), "'names' must be a text, not null"),
        ("attributes", json!([]), "'attributes' must be a map, not a list"),
        (
            "attributes",
            json!({"a": null}),
            "'attributes' must be a text, not null",
        ),
    ] {
        let mut input = json!({"name": "too long and A"});
        input[member] = value;
        assert_eq!(answer_to(&input), expected);
    }
    assert_eq!(answer_to(&json!([])), "the input must be an object, not a list");
    assert_eq!(answer("when", json!(1.5)), "");
    assert_eq!(answer("since", json!("2015-05-28T00:00:00Z")), "");
}

#[test]
fn secrets_are_never_echoed() {
    for (member, value) in [
        ("secret", json!("hunter2")),
        ("secrets", json!(["hunter2"])),
        ("secrets", json!(["hunter2", "hunter2"])),
        ("vault", json!({"A": "hunter2"})),
        ("secret", json!(["hunter2"])),
    ] {
        let message = answer(member, value);
        assert!(!message.is_empty() && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn messages_are_bounded() {
    let long = "A".repeat(1_000_000);
    assert!(answer("name", json!(long)).len() < 2_000);
    assert!(answer("names", json!(vec!["a"; 100_000])).len() < 2_000);
    assert!(answer("attributes", json!({long.as_str(): long.as_str()})).len() < 4_000);
    assert!(answer("groups", json!({long.as_str(): {"Key": long.as_str()}})).len() < 4_000);
    let message = answer("tags", json!(vec![json!({"Key": "A"}); 50_000]));
    assert!(
        message.starts_with("100001 validation errors detected: "),
        "{}",
        &message[..80]
    );
    assert!(message.len() < 10_000);
}

#[test]
fn the_body_in_bytes_is_only_asked_to_be_there() {
    let data = Service::IotData.model();
    let update = data.operation("UpdateThingShadow").unwrap();
    assert_eq!(
        data.validate(update, &json!({"thingName": "a", "payload": "{not base64}"})),
        Ok(())
    );
    let error = data.validate(update, &json!({"thingName": "a"})).unwrap_err();
    assert_eq!(
        error.to_string(),
        one(" null", "payload", "Member must not be null")
    );
}

#[test]
fn iot_answers_as_aws_does() {
    let iot = Service::Iot.model();
    let create = iot.operation("CreateThing").unwrap();
    let message = |input: &Value| iot.validate(create, input).unwrap_err().to_string();
    assert_eq!(
        message(&json!({"thingName": "a b"})),
        one(
            " 'a b'",
            "thingName",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+"
        )
    );
    assert_eq!(
        message(&json!({"thingName": "a", "attributePayload": {"attributes": {"a b": "c"}}})),
        one(
            " '{a b=c}'",
            "attributePayload.attributes",
            "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have \
            length greater than or equal to 0, Member must satisfy regular expression pattern: [a-zA-Z0-9_.,@/:#-]+]"
        )
    );
    let good = json!({"thingName": "a".repeat(128), "attributePayload": {"attributes": {"a": "b[1]"}, "merge": true}});
    assert_eq!(iot.validate(create, &good), Ok(()));
}

#[test]
fn absence_is_told_for_every_required_member_of_every_operation() {
    for service in Service::ALL {
        let model = service.model();
        for operation in model.operations() {
            let required = operation.input.map_or(0, |input| {
                model
                    .shape(input)
                    .members()
                    .iter()
                    .filter(|member| member.required)
                    .count()
            });
            let told = match model.validate(operation, &json!({})) {
                Ok(()) => 0,
                Err(InputError::Constraints(violations)) => violations.count(),
                Err(other) => panic!("{}: {other}", operation.name),
            };
            assert_eq!(told, required, "{}", operation.name);
        }
    }
}

/// Any JSON whose members often bear a name that the models know.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "thingName",
        "attributePayload",
        "attributes",
        "tags",
        "Key",
        "Value",
        "maxResults",
        "merge",
        "sql",
        "actions",
        "topicRulePayload",
        "thingGroupProperties",
        "Tags",
        "RoleArn",
        "payload",
        "expiresInSec",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        let key = prop_oneof![
            names.clone().prop_map(str::to_owned),
            ".{0,8}".prop_map(String::from)
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

#[test]
fn no_input_makes_the_walker_panic() {
    let models = Service::ALL.map(Service::model);
    proptest!(ProptestConfig::with_cases(64), |(input in any_json())| {
        for model in &models {
            for operation in model.operations() {
                if let Err(error) = model.validate(operation, &input) {
                    prop_assert!(error.to_string().len() < 64 << 10);
                }
            }
        }
    });
}
