//! Whether a reply is one that AWS's model knows.

use serde_json::Value;
use thingsmith_aws_model::{ServiceModel, ShapeId, ShapeKind};

use crate::Reply;

/// Finds what a successful reply of `iot` has that its model does not know: members without a name there, and values of
/// another type.
pub fn foreign_parts(model: &ServiceModel, method: &str, target: &str, reply: &Reply) -> Vec<String> {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let mut foreign = Vec::new();
    let Some(route) = model.route(method, path).filter(|_| reply.status == 200) else {
        return foreign;
    };
    match route.operation.output {
        Some(shape) => compare(model, shape, &reply.json(), &route.operation.name, &mut foreign),
        None if reply.body == b"{}" => {}
        None => foreign.push(format!("{} answers nothing", route.operation.name)),
    }
    foreign
}

fn compare(model: &ServiceModel, id: ShapeId, value: &Value, place: &str, foreign: &mut Vec<String>) {
    let shape = model.shape(id);
    let fits = match (&shape.kind, value) {
        (ShapeKind::Structure { .. }, Value::Object(members)) => {
            for (name, value) in members {
                match shape.member(name) {
                    Some(member) => compare(model, member.shape, value, &format!("{place}.{name}"), foreign),
                    None => foreign.push(format!("{place}.{name}")),
                }
            }
            true
        }
        (ShapeKind::List { item }, Value::Array(items)) => {
            items
                .iter()
                .for_each(|value| compare(model, *item, value, &format!("{place}[]"), foreign));
            true
        }
        (ShapeKind::Map { value: inner, .. }, Value::Object(entries)) => {
            entries
                .values()
                .for_each(|value| compare(model, *inner, value, &format!("{place}{{}}"), foreign));
            true
        }
        (ShapeKind::String, Value::String(text)) => {
            let allowed = &shape.constraints.allowed;
            allowed.is_empty() || allowed.contains(text)
        }
        (ShapeKind::Integer | ShapeKind::Long, value) => value.is_i64(),
        (ShapeKind::Double | ShapeKind::Timestamp, value) => value.is_number(),
        (ShapeKind::Boolean, value) => value.is_boolean(),
        (ShapeKind::Blob, value) => value.is_string(),
        _ => false,
    };
    if !fits {
        foreign.push(format!("{place} is {value}"));
    }
}
