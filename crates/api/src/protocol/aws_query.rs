//! The protocol of `iam` and `sts`: form parameters in, XML out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use thingsmith_aws_model::{OperationModel, ServiceModel, ShapeId, ShapeKind};
use thingsmith_core::Code;
use uuid::Uuid;

use super::{EdgeError, Received, Refusal, Reply, fault_status};

/// The form of a request: what its query and its body say.
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads the form. Presigned requests have it in the query, all others in the body.
    ///
    /// # Errors
    /// [`EdgeError::Serialization`] for a parameter that is given twice or is not UTF-8.
    pub(crate) fn read(received: &Received<'_>) -> Result<Self, EdgeError> {
        if std::str::from_utf8(received.body).is_err() {
            return Err(EdgeError::Serialization("The form is not UTF-8.".into()));
        }
        let body = form_urlencoded::parse(received.body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()));
        let mut form = BTreeMap::new();
        for (name, value) in received.query()?.into_iter().chain(body) {
            if let Some(name) = (form.insert(name.clone(), value).is_some()).then_some(name) {
                let name: String = name.chars().take(128).collect();
                return Err(EdgeError::Serialization(format!(
                    "'{name}' is given more than once."
                )));
            }
        }
        Ok(Self(form))
    }

    /// The operation that the form asks for.
    ///
    /// # Errors
    /// [`EdgeError::UnknownOperation`] for one that the service does not have.
    pub(crate) fn operation<'m>(&self, service: &'m ServiceModel) -> Result<&'m OperationModel, EdgeError> {
        let action = self.0.get("Action").map_or("", String::as_str);
        let version = self.0.get("Version").map_or("", String::as_str);
        service
            .operation(action)
            .filter(|_| version == service.metadata().api_version)
            .ok_or_else(|| {
                let (action, version) = (excerpt(action), excerpt(version));
                EdgeError::UnknownOperation(format!(
                    "Could not find operation {action} for version {version}"
                ))
            })
    }

    /// Gathers an operation's members.
    ///
    /// # Errors
    /// [`EdgeError::Serialization`] for what cannot be read.
    pub(crate) fn input(
        &self,
        service: &ServiceModel,
        operation: &OperationModel,
    ) -> Result<Value, EdgeError> {
        match operation.input {
            Some(shape) => self.structure(service, shape, ""),
            None => Ok(Value::Object(Map::new())),
        }
    }

    fn structure(&self, service: &ServiceModel, shape: ShapeId, prefix: &str) -> Result<Value, EdgeError> {
        let mut members = Map::new();
        for member in service.shape(shape).members() {
            let name = format!("{prefix}{}", member.wire_name);
            let value = match &service.shape(member.shape).kind {
                ShapeKind::Structure { .. } if self.has_below(&name) => {
                    Some(self.structure(service, member.shape, &format!("{name}."))?)
                }
                ShapeKind::Structure { .. } => None,
                ShapeKind::List { item } => self.list(service, *item, &name)?,
                // No operation of the query services that Thingsmith speaks takes a map.
                ShapeKind::Map { .. } => None,
                _ => self
                    .0
                    .get(&name)
                    .map(|text| service.value_from_text(member, text))
                    .transpose()?,
            };
            if let Some(value) = value {
                members.insert(member.name.clone(), value);
            }
        }
        Ok(Value::Object(members))
    }

    /// Items are `Name.member.1`, `Name.member.2`, and so on without gaps.
    fn list(&self, service: &ServiceModel, item: ShapeId, name: &str) -> Result<Option<Value>, EdgeError> {
        let mut items = Vec::new();
        loop {
            let place = format!("{name}.member.{}", items.len() + 1);
            let structure = matches!(service.shape(item).kind, ShapeKind::Structure { .. });
            match self.0.get(&place) {
                Some(text) if !structure => items.push(Value::from(text.as_str())),
                None if structure && self.has_below(&place) => {
                    items.push(self.structure(service, item, &format!("{place}."))?);
                }
                _ => break,
            }
        }
        // An empty list is written as its bare name.
        Ok((!items.is_empty() || self.0.contains_key(name)).then_some(Value::Array(items)))
    }

    fn has_below(&self, name: &str) -> bool {
        let below = format!("{name}.");
        self.0
            .range(below.clone()..)
            .next()
            .is_some_and(|(name, _)| name.starts_with(&below))
    }
}

/// The answer of an operation: its members in an element of its name.
pub(crate) fn success(
    service: &ServiceModel,
    operation: &OperationModel,
    output: &Value,
    request: Uuid,
) -> Reply {
    let mut body = String::new();
    let (name, namespace) = (&operation.name, namespace(service));
    body.push_str(&format!("<{name}Response xmlns=\"{namespace}\">"));
    if let Some(wrapper) = &operation.result_wrapper {
        element(&mut body, wrapper, output);
    }
    body.push_str(&format!(
        "<ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata></{name}Response>"
    ));
    Reply {
        status: operation.http.status,
        content_type: XML,
        error_type: None,
        headers: Vec::new(),
        body: body.into(),
    }
}

/// A refusal: code and message in an `ErrorResponse`.
pub(crate) fn refusal(service: &ServiceModel, refusal: &Refusal, request: Uuid) -> Reply {
    let (code, status, message) = match refusal {
        Refusal::Fault(fault) => (
            code(service, fault.code),
            fault_status(service, fault),
            fault.message.clone(),
        ),
        Refusal::Edge(error) => {
            let (code, status) = error.query();
            (code, status, error.to_string())
        }
    };
    let blamed = if status < 500 { "Sender" } else { "Receiver" };
    let body = format!(
        "<ErrorResponse xmlns=\"{}\"><Error><Type>{blamed}</Type><Code>{code}</Code><Message>{}</Message></Error>\
         <RequestId>{request}</RequestId></ErrorResponse>",
        namespace(service),
        escaped(&message),
    );
    Reply {
        status,
        content_type: XML,
        error_type: Some(code.to_owned()),
        headers: Vec::new(),
        body: body.into(),
    }
}

/// The word for a fault on the wire: the model's where it differs from the exception's name, and without `Exception` where
/// the word is one that every query service has ("Common Errors").
fn code(service: &ServiceModel, code: Code) -> &str {
    let exception = code.exception();
    match code {
        Code::InvalidRequest => "ValidationError",
        Code::AccessDenied | Code::InternalFailure | Code::NotImplemented | Code::ServiceUnavailable => {
            exception.trim_end_matches("Exception")
        }
        _ => service
            .shape_named(exception)
            .and_then(|shape| shape.error.as_ref()?.code.as_deref())
            .unwrap_or(exception),
    }
}

fn namespace(service: &ServiceModel) -> &str {
    service.metadata().xml_namespace.as_deref().unwrap_or_default()
}

fn element(out: &mut String, name: &str, value: &Value) {
    out.push_str(&format!("<{name}>"));
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| element(out, name, value)),
        Value::Array(items) => items.iter().for_each(|item| element(out, "member", item)),
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}

/// XML 1.0, 2.2 and 2.4: what cannot stand in a text is written as a reference, or replaced where even that is forbidden.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}

fn excerpt(text: &str) -> String {
    text.chars().take(128).collect()
}

const XML: &str = "text/xml";
