//! The protocol of `iot`: members travel in the path, the query, headers and a JSON body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use thingsmith_aws_model::{Location, Member, OperationModel, Route, ServiceModel, Shape, ShapeKind};

use super::{EdgeError, Received, Refusal, Reply, exception, fault_status};
use crate::service::{Form, Members};

/// Gathers an operation's members from where its model says that they travel.
///
/// # Errors
/// [`EdgeError::Serialization`] for what cannot be read.
pub(crate) fn input(
    service: &ServiceModel,
    route: &Route<'_, '_>,
    received: &Received<'_>,
) -> Result<Value, EdgeError> {
    let Some(shape) = route.operation.input else {
        return Ok(json!({}));
    };
    let payload = service.shape(shape).payload();
    let members = service.shape(shape).members();
    let mut body = match payload {
        Some(_) => Map::new(),
        None => body_members(members, received.body)?,
    };
    let query = received.query()?;
    let mut input = Map::with_capacity(members.len());
    for member in members {
        let value = match member.location {
            Location::Uri => match route.labels.iter().find(|label| label.name == member.wire_name) {
                Some(label) => {
                    let text = label.decode().ok_or_else(|| not_utf8(member))?;
                    Some(service.value_from_text(member, &text)?)
                }
                None => None,
            },
            Location::QueryString => {
                let texts = query
                    .iter()
                    .filter(|(name, _)| *name == member.wire_name)
                    .map(|(_, value)| value.as_str());
                one(member, texts)?
                    .map(|text| service.value_from_text(member, text))
                    .transpose()?
            }
            Location::Header => match one(member, received.headers.get_all(&member.wire_name).iter())? {
                Some(value) => {
                    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| not_utf8(member))?;
                    Some(service.value_from_text(member, text)?)
                }
                None => None,
            },
            Location::Body if payload.is_some_and(|payload| payload.name == member.name) => {
                whole_body(service, member, received.body)?
            }
            Location::Body => body.remove(&member.wire_name).filter(|value| !value.is_null()),
            // No written operation has members in a group of headers, and none goes in by the status.
            Location::Headers | Location::StatusCode => None,
        };
        if let Some(value) = value {
            input.insert(member.name.clone(), value);
        }
    }
    Ok(Value::Object(input))
}

/// The member that is the whole body: an object as it is, anything else as a blob in JSON is written.
fn whole_body(service: &ServiceModel, member: &Member, body: &[u8]) -> Result<Option<Value>, EdgeError> {
    if body.is_empty() {
        return Ok(None);
    }
    match service.shape(member.shape).kind {
        ShapeKind::Structure { .. } => object(body).map(|members| Some(Value::Object(members))),
        _ => Ok(Some(STANDARD.encode(body).into())),
    }
}

/// The members of the body. A body that no member wants is not looked at.
fn body_members(members: &[Member], body: &[u8]) -> Result<Map<String, Value>, EdgeError> {
    if body.is_empty() || !members.iter().any(|member| member.location == Location::Body) {
        return Ok(Map::new());
    }
    object(body)
}

fn object(body: &[u8]) -> Result<Map<String, Value>, EdgeError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(EdgeError::Serialization("The body is not a JSON object.".into())),
        Err(error) => Err(EdgeError::Serialization(format!(
            "The body is not JSON: {error}."
        ))),
    }
}

/// The one value of a member. Two would leave it open which of them counts.
fn one<T>(member: &Member, mut values: impl Iterator<Item = T>) -> Result<Option<T>, EdgeError> {
    let first = values.next();
    match values.next() {
        Some(_) => Err(EdgeError::Serialization(format!(
            "'{}' is given more than once.",
            member.name
        ))),
        None => Ok(first),
    }
}

fn not_utf8(member: &Member) -> EdgeError {
    EdgeError::Serialization(format!("'{}' is not UTF-8.", member.name))
}

/// The form in which an operation's answer is wanted: bytes at once where all members are the body.
pub(crate) fn form(service: &ServiceModel, operation: &OperationModel) -> Form {
    let elsewhere = |member: &Member| member.location != Location::Body;
    match operation.output.map(|shape| service.shape(shape)) {
        Some(shape) if shape.payload().is_some() || shape.members().iter().any(elsewhere) => Form::Apart,
        _ => Form::Json,
    }
}

/// The answer of an operation: its members where its model says that they travel.
pub(crate) fn success(service: &ServiceModel, operation: Option<&OperationModel>, output: Members) -> Reply {
    let mut reply = Reply {
        status: operation.map_or(200, |operation| operation.http.status),
        content_type: JSON,
        error_type: None,
        headers: Vec::new(),
        body: Bytes::new(),
    };
    let shape = operation
        .and_then(|operation| operation.output)
        .map(|shape| service.shape(shape));
    match (output, shape) {
        (Members::Json(bytes), _) => reply.body = bytes.into(),
        (Members::Apart(output), Some(shape)) => spread(service, shape, output, &mut reply),
        (Members::Apart(output), None) => reply.body = output.to_string().into(),
    }
    reply
}

/// Puts the members of an answer into its status, its headers and its body.
fn spread(service: &ServiceModel, shape: &Shape, output: Value, reply: &mut Reply) {
    let Value::Object(mut output) = output else { return };
    for member in shape.members() {
        match member.location {
            Location::StatusCode => {
                let status = output.remove(&member.name).as_ref().and_then(Value::as_u64);
                reply.status = status
                    .and_then(|status| u16::try_from(status).ok())
                    .unwrap_or(reply.status);
            }
            Location::Header => {
                if let Some(Value::String(text)) = output.remove(&member.name) {
                    reply.headers.push((member.wire_name.to_ascii_lowercase(), text));
                }
            }
            Location::Body | Location::Headers | Location::QueryString | Location::Uri => {}
        }
    }
    let Some(payload) = shape.payload() else {
        // A status without a body is the whole answer of some.
        if reply.status != 204 {
            reply.body = Value::Object(output).to_string().into();
        }
        return;
    };
    reply.body = match (output.remove(&payload.name), &service.shape(payload.shape).kind) {
        (None | Some(Value::Null), _) => Bytes::new(),
        // As every blob in an answer, it was written as base64.
        (Some(Value::String(text)), ShapeKind::Blob) => STANDARD.decode(&text).unwrap_or_default().into(),
        (Some(Value::String(text)), _) => text.into(),
        (Some(value), _) => value.to_string().into(),
    };
}

/// A refusal: the exception in the header `x-amzn-errortype`, the message and any further members in the body.
pub(crate) fn refusal(service: &ServiceModel, refusal: &Refusal) -> Reply {
    let (exception, status, message, details) = match refusal {
        Refusal::Fault(fault) => (
            exception(service, fault.code),
            fault_status(service, fault),
            fault.message.clone(),
            fault.details.as_slice(),
        ),
        Refusal::Edge(error) => {
            let (exception, status) = match error {
                EdgeError::Validation(_) if service.metadata().signing_name() == "lambda" => {
                    ("ValidationException", 400)
                }
                error => error.json(),
            };
            (exception, status, error.to_string(), [].as_slice())
        }
    };
    let shape = service.shape_named(exception);
    let has = |name: &str| shape.is_some_and(|shape| shape.member(name).is_some());
    let mut body = Map::new();
    // The services do not agree on whether the word has a capital letter.
    let word = if has("Message") { "Message" } else { "message" };
    body.insert(word.into(), message.into());
    if has("Type") {
        let whose = if status < 500 { "User" } else { "Service" };
        body.insert("Type".into(), whose.into());
    }
    for (name, value) in details {
        body.insert((*name).to_owned(), value.as_str().into());
    }
    Reply {
        status,
        content_type: JSON,
        error_type: Some(exception.to_owned()),
        headers: Vec::new(),
        body: Value::Object(body).to_string().into(),
    }
}

const JSON: &str = "application/json";
