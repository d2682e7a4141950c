//! The protocol of `iot`: members travel in the path, the query, headers and a JSON body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use thingsmith_aws_model::{Location, Member, Route, ServiceModel, ShapeKind};

use super::{EdgeError, Received, Refusal, Reply, fault_status};

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

/// The member that is the whole body: a blob, as a blob in JSON is written, or a structure.
fn whole_body(service: &ServiceModel, member: &Member, body: &[u8]) -> Result<Option<Value>, EdgeError> {
    if body.is_empty() {
        return Ok(None);
    }
    match service.shape(member.shape).kind {
        ShapeKind::Blob => Ok(Some(STANDARD.encode(body).into())),
        _ => object(body).map(|members| Some(Value::Object(members))),
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

/// The answer of an operation.
pub(crate) fn success(status: u16, output: &Value) -> Reply {
    Reply {
        status,
        content_type: JSON,
        error_type: None,
        body: output.to_string().into(),
    }
}

/// A refusal: the exception in the header `x-amzn-errortype`, the message and any further members in the body.
pub(crate) fn refusal(service: &ServiceModel, refusal: &Refusal) -> Reply {
    let mut body = Map::new();
    let (exception, status) = match refusal {
        Refusal::Fault(fault) => {
            body.insert("message".into(), fault.message.as_str().into());
            body.extend(
                fault
                    .details
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.as_str().into())),
            );
            (fault.code.exception(), fault_status(service, fault))
        }
        Refusal::Edge(error) => {
            body.insert("message".into(), error.to_string().into());
            error.json()
        }
    };
    let error_type = Some(exception.to_owned());
    Reply {
        status,
        content_type: JSON,
        error_type,
        body: Value::Object(body).to_string().into(),
    }
}

const JSON: &str = "application/json";
