//! What a statement is evaluated over, and what comes of it.

use crate::functions::External;
use crate::value::Value;

/// The message that triggered a rule, with all that functions can ask about it. Evaluating the same statement over the
/// same message gives the same result: time and randomness are members.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The topic it was published to, with the prefix of Basic Ingest if it has one.
    pub topic: &'a str,
    /// Its bytes, JSON or not.
    pub payload: &'a [u8],
    /// The MQTT client that published it; `None` if it came another way.
    pub client_id: Option<&'a str>,
    /// By whom it was published: the certificate's id, or the id of a role's session or of a user.
    pub principal: Option<&'a str>,
    /// The rule's account.
    pub account_id: &'a str,
    /// The address that it came from.
    pub source_ip: Option<&'a str>,
    /// When the rules engine saw it, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The message's trace id, a UUID; `None` if it did not come over MQTT.
    pub trace_id: Option<&'a str>,
    /// What `newuuid` and `rand` draw from. Two evaluations with one seed draw the same.
    pub seed: [u8; 32],
    /// Its MQTT 5 properties.
    pub properties: Properties<'a>,
}

/// The MQTT 5 properties of a [`Message`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Properties<'a> {
    /// Payload format indicator: whether the payload is said to be UTF-8.
    pub is_utf8: Option<bool>,
    /// Content type.
    pub content_type: Option<&'a str>,
    /// Response topic.
    pub response_topic: Option<&'a str>,
    /// Correlation data.
    pub correlation_data: Option<&'a [u8]>,
    /// User properties in their order, a name perhaps several times.
    pub user: &'a [(String, String)],
}

impl<'a> Message<'a> {
    /// The topic that `topic()` speaks of: without `$aws/rules/RULE/`.
    pub(crate) fn visible_topic(&self) -> &'a str {
        self.topic.strip_prefix("$aws/rules/").map_or(self.topic, |rest| {
            rest.split_once('/').map_or("", |(_, topic)| topic)
        })
    }
}

/// How far an evaluation came.
#[derive(Debug, Clone)]
pub enum Step<T = Outcome> {
    /// It is done.
    Done(T),
    /// It needs another service. Call it and evaluate again, with one answer more.
    Call(ExternalCall),
}

/// A call that a statement makes of another service.
#[derive(Debug, Clone)]
pub struct ExternalCall {
    /// Which function.
    pub function: External,
    /// Its arguments, as many as the function takes; some may be Undefined.
    pub arguments: Vec<Value>,
}

/// What a service said to an [`ExternalCall`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// JSON. Bytes that are not JSON are as [`Answer::Undefined`].
    Json(Vec<u8>),
    /// A text, not read as JSON.
    Text(String),
    /// Nothing that could be used.
    Undefined,
}

/// What a statement makes of a message.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Its condition did not hold.
    NotMatched,
    /// Its actions are to be run with this.
    Matched(Output),
}

/// What a statement selects: the outgoing payload.
#[derive(Debug, Clone)]
pub enum Output {
    /// A value, for JSON.
    Value(Value),
    /// The payload as it came, which is no JSON object.
    Raw(Vec<u8>),
}

impl Output {
    /// The outgoing payload's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Value(value) => value.to_json().into_bytes(),
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}
