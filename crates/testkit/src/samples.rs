//! Inputs made from AWS's models: one that satisfies every constraint, and for each constraint values on either side of it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use thingsmith_aws_model::{Location, OperationModel, ServiceModel, Shape, ShapeId, ShapeKind};

/// A constraint of a member, and inputs on either side of it.
#[derive(Debug)]
pub struct Bound {
    /// The constraint, for the message of a failed test.
    pub name: String,
    /// An input that satisfies it; none where the constraint is a member's presence.
    pub inside: Option<Value>,
    /// An input that breaks it and nothing else.
    pub outside: Value,
}

/// A request that carries an input, in the protocol of `iot`.
#[derive(Debug)]
pub struct Expressed {
    /// The verb.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Members that travel in headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// An input with every member of the operation, which satisfies every constraint.
///
/// # Panics
/// When no value is known that fits a pattern.
pub fn full_input(model: &ServiceModel, operation: &OperationModel) -> Value {
    operation
        .input
        .map_or_else(|| json!({}), |shape| sample(model, shape, true))
}

/// An input with the required members only.
///
/// # Panics
/// When no value is known that fits a pattern.
pub fn least_input(model: &ServiceModel, operation: &OperationModel) -> Value {
    operation
        .input
        .map_or_else(|| json!({}), |shape| sample(model, shape, false))
}

/// Every constraint of an operation's members.
pub fn bounds(model: &ServiceModel, operation: &OperationModel) -> Vec<Bound> {
    operation
        .input
        .map_or_else(Vec::new, |shape| of_shape(model, shape))
}

/// Puts an input where its members travel; [`None`] where HTTP cannot say it, as an empty label.
pub fn express(model: &ServiceModel, operation: &OperationModel, input: &Value) -> Option<Expressed> {
    let mut target = operation.http.uri.to_string();
    let (mut query, mut headers, mut body) = (Vec::new(), Vec::new(), Map::new());
    let payload = operation.input.and_then(|shape| model.shape(shape).payload());
    let members = operation
        .input
        .map_or(&[][..], |shape| model.shape(shape).members());
    for member in members {
        let value = input.get(&member.name);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let encoded = |value: &Value| utf8_percent_encode(&text(value), NON_ALPHANUMERIC).to_string();
        match (member.location, value) {
            (Location::Uri, None) => return None,
            (Location::Uri, Some(value)) if text(value).is_empty() => return None,
            (Location::Uri, Some(value)) => {
                let encoded = encoded(value);
                target = target.replace(&format!("{{{}}}", member.wire_name), &encoded);
                // A greedy label keeps its slashes.
                let greedy = format!("{{{}+}}", member.wire_name);
                target = target.replace(&greedy, &encoded.replace("%2F", "/"));
            }
            (_, None) => {}
            (Location::QueryString, Some(value)) => {
                query.push(format!("{}={}", member.wire_name, encoded(value)));
            }
            (Location::Header, Some(value)) => headers.push((member.wire_name.clone(), text(value))),
            (_, Some(Value::Object(whole))) if payload.is_some_and(|it| it.name == member.name) => {
                body = whole.clone();
            }
            (_, Some(value)) => {
                body.insert(member.wire_name.clone(), value.clone());
            }
        }
    }
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    let body = if body.is_empty() && payload.is_none() {
        String::new()
    } else {
        Value::Object(body).to_string()
    };
    Some(Expressed {
        method: operation.http.method.clone(),
        target,
        headers,
        body,
    })
}

fn sample(model: &ServiceModel, id: ShapeId, all: bool) -> Value {
    let shape = model.shape(id);
    match &shape.kind {
        ShapeKind::Structure { members, .. } => {
            let wanted = members.iter().filter(|member| all || member.required);
            wanted
                .map(|member| (member.name.clone(), sample(model, member.shape, all)))
                .collect()
        }
        ShapeKind::List { item } => json!([sample(model, *item, all)]),
        ShapeKind::Map { key, value } => {
            let key = text(model.shape(*key));
            json!({ key: sample(model, *value, all) })
        }
        ShapeKind::String => text(shape).into(),
        ShapeKind::Integer | ShapeKind::Long => json!(shape.constraints.min.unwrap_or(1.0) as i64),
        ShapeKind::Double | ShapeKind::Timestamp => json!(shape.constraints.min.unwrap_or(1.0)),
        ShapeKind::Boolean => json!(true),
        ShapeKind::Blob => json!("AAAA"),
    }
}

fn text(shape: &Shape) -> String {
    if let Some(allowed) = shape.constraints.allowed.first() {
        return allowed.clone();
    }
    let length = shape.constraints.min.map_or(1, |min| min.max(1.0) as usize);
    of_length(shape, length)
        .or_else(|| of_length(shape, ACM.len() + 1))
        .or_else(|| example(shape))
        .unwrap_or_else(|| panic!("no example fits the pattern of {}", shape.name))
}

/// One of the texts that only one kind of member takes.
fn example(shape: &Shape) -> Option<String> {
    let fits = |text: &&str| {
        shape
            .constraints
            .pattern
            .as_ref()
            .is_none_or(|it| it.matches(text))
    };
    EXAMPLES.iter().copied().find(fits).map(str::to_owned)
}

/// Texts for patterns that none of the simple ones fits.
const EXAMPLES: &[&str] = &[
    "123456789012",
    "us-east-1",
    "arn:aws:iam::123456789012:role/a",
    "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-aaaaaaaaaaaaaaaaa",
    "arn:aws:lambda:us-east-1:123456789012:capacity-provider:a",
    "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-aaaaaaaaaaaaaaaaa",
    "arn:aws:lambda:us-east-1:123456789012:layer:a:1",
    "arn:aws:lambda:us-east-1:123456789012:runtime/aaaaaaaa",
    "lambda:InvokeFunction",
    "/mnt/a",
    ",",
    "https://a.example",
    "https://ingestion-a.a.sfdcnow.com/streams/a/a/event",
    "o-aaaaaaaaaa",
    "sg-a",
    "subnet-a",
];

/// What the ARN of a certificate of ACM begins with.
const ACM: &str = "arn:aws:acm:us-east-1:123456789012:certificate/";

/// A text of this length that fits the shape's pattern.
fn of_length(shape: &Shape, length: usize) -> Option<String> {
    let pattern = shape.constraints.pattern.as_ref();
    ["a", "1"]
        .into_iter()
        .map(|character| character.repeat(length))
        // A path of IAM's and the id of a policy's version.
        .chain(["/", "v1"].map(str::to_owned).into_iter().filter(|_| length == 1))
        .chain((length > ACM.len()).then(|| format!("{ACM}{}", "a".repeat(length.saturating_sub(ACM.len())))))
        .find(|text| pattern.is_none_or(|pattern| text.is_empty() || pattern.matches(text)))
}

/// A text of this length that does not fit the shape's pattern.
fn against_pattern(shape: &Shape, length: usize) -> Option<String> {
    let pattern = shape.constraints.pattern.as_ref()?;
    let texts = ["é", "!", " ", "g", "\u{1}"]
        .into_iter()
        .map(|character| character.repeat(length));
    texts.into_iter().find(|text| !pattern.matches(text))
}

fn of_shape(model: &ServiceModel, id: ShapeId) -> Vec<Bound> {
    let shape = model.shape(id);
    let mut bounds = of_value(shape);
    match &shape.kind {
        ShapeKind::Structure { members, .. } => {
            let rest = sample(model, id, false);
            for member in members {
                let with = |value: Option<Value>| {
                    let mut whole = rest.as_object().cloned().unwrap_or_default();
                    match value {
                        Some(value) => whole.insert(member.name.clone(), value),
                        None => whole.remove(&member.name),
                    };
                    Value::Object(whole)
                };
                bounds.extend(within(&member.name, of_shape(model, member.shape), |value| {
                    with(Some(value))
                }));
                if member.required {
                    let name = format!("{} is required", member.name);
                    bounds.push(Bound {
                        name,
                        inside: None,
                        outside: with(None),
                    });
                }
            }
        }
        ShapeKind::List { item } => {
            bounds.extend(within("[]", of_shape(model, *item), |value| json!([value])));
        }
        ShapeKind::Map { key, value } => {
            let (key, value) = (*key, *value);
            bounds.extend(within(
                "{key}",
                of_shape(model, key),
                |key| json!({ key.as_str().unwrap_or_default(): sample(model, value, false) }),
            ));
            let key = text(model.shape(key));
            bounds.extend(within(
                "{value}",
                of_shape(model, value),
                |value| json!({ key.as_str(): value }),
            ));
        }
        _ => {}
    }
    bounds
}

fn within(place: &str, bounds: Vec<Bound>, wrap: impl Fn(Value) -> Value) -> impl Iterator<Item = Bound> {
    bounds.into_iter().map(move |bound| Bound {
        name: format!("{place}.{}", bound.name),
        inside: bound.inside.map(&wrap),
        outside: wrap(bound.outside),
    })
}

/// The constraints of a simple value.
fn of_value(shape: &Shape) -> Vec<Bound> {
    let constraints = &shape.constraints;
    let mut bounds = Vec::new();
    let mut push = |name: &str, inside: Option<Value>, outside: Option<Value>| {
        if let (Some(inside), Some(outside)) = (inside, outside) {
            bounds.push(Bound {
                name: name.to_owned(),
                inside: Some(inside),
                outside,
            });
        }
    };
    match shape.kind {
        ShapeKind::String => {
            let exact =
                |length: usize| of_length(shape, length).filter(|text| text.chars().count() == length);
            let of = |length: usize| exact(length).map(Value::from);
            if let Some(max) = constraints.max {
                push("max", of(max as usize), of(max as usize + 1));
            }
            if let Some(min) = constraints.min.filter(|min| *min > 0.0) {
                push("min", of(min as usize), of(min as usize - 1));
            }
            let length = constraints.min.map_or(1, |min| min.max(1.0) as usize);
            push(
                "pattern",
                of(length),
                against_pattern(shape, length).map(Value::from),
            );
            if let Some(last) = constraints.allowed.last() {
                push("enum", Some(last.as_str().into()), Some("NOT_ONE_OF_THEM".into()));
            }
        }
        ShapeKind::Integer | ShapeKind::Long => {
            if let Some(max) = constraints.max {
                push("max", Some(json!(max as i64)), Some(json!(max as i64 + 1)));
            }
            if let Some(min) = constraints.min {
                push("min", Some(json!(min as i64)), Some(json!(min as i64 - 1)));
            }
        }
        _ => {}
    }
    bounds
}
