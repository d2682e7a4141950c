//! The types of a service: structures, lists, maps, and simple values with their constraints.

use serde::Deserialize;

use crate::Pattern;

/// The place of a shape in its [`ServiceModel`](crate::ServiceModel); of no use with another model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(pub(crate) u32);

/// One type of a service.
#[derive(Debug)]
pub struct Shape {
    /// AWS's name, `ThingName` for instance.
    pub name: String,
    /// What a value of the shape is.
    pub kind: ShapeKind,
    /// Which values the shape allows.
    pub constraints: Constraints,
    /// Whether values may not be shown: no message and no log echoes them.
    pub sensitive: bool,
    /// Status and code, where the shape is an exception.
    pub error: Option<ErrorModel>,
    /// How a timestamp is written, where the shape says so.
    pub timestamp_format: Option<TimestampFormat>,
}

/// What a value of a shape is.
#[derive(Debug)]
pub enum ShapeKind {
    /// Named members.
    Structure {
        /// The members, in AWS's order.
        members: Vec<Member>,
        /// The member that is the whole body, if one is.
        payload: Option<String>,
    },
    /// Items of one shape.
    List {
        /// The shape of the items.
        item: ShapeId,
    },
    /// Entries from text to values of one shape.
    Map {
        /// The shape of the keys: a text.
        key: ShapeId,
        /// The shape of the values.
        value: ShapeId,
    },
    /// A text.
    String,
    /// A number of 32 bits.
    Integer,
    /// A number of 64 bits.
    Long,
    /// A floating-point number.
    Double,
    /// True or false.
    Boolean,
    /// A moment.
    Timestamp,
    /// Bytes: base64 in JSON.
    Blob,
}

/// Which values a shape allows. What is absent is not limited.
#[derive(Debug, Default)]
pub struct Constraints {
    /// Fewest characters of a text, bytes of a blob, items, entries; the smallest number.
    pub min: Option<f64>,
    /// Most characters of a text, bytes of a blob, items, entries; the largest number.
    pub max: Option<f64>,
    /// What a text must match from its first to its last character.
    pub pattern: Option<Pattern>,
    /// The texts allowed, in AWS's order; empty where any is.
    pub allowed: Vec<String>,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The member's name in the model and in JSON.
    pub name: String,
    /// The shape of its values.
    pub shape: ShapeId,
    /// Whether AWS refuses a request without it.
    pub required: bool,
    /// Where it travels in HTTP.
    pub location: Location,
    /// The name of its header or query parameter, or its name in the body: the member's own where AWS states none.
    pub wire_name: String,
    /// Whether a header carries it as base64 of JSON.
    pub json_value: bool,
    /// How a timestamp is written, where the member says so.
    pub timestamp_format: Option<TimestampFormat>,
}

/// Where a member travels in HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Location {
    /// The body, or the form parameters of the query protocol.
    #[default]
    Body,
    /// A label of the path.
    Uri,
    /// A query parameter.
    #[serde(rename = "querystring")]
    QueryString,
    /// A header.
    Header,
    /// All headers that begin with the wire name.
    Headers,
    /// The status of the reply.
    StatusCode,
}

/// How a timestamp is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TimestampFormat {
    /// Seconds since 1970, a number.
    #[serde(rename = "unixTimestamp")]
    EpochSeconds,
    /// `2015-05-28T00:00:00Z`.
    #[serde(rename = "iso8601")]
    DateTime,
    /// `Thu, 28 May 2015 00:00:00 GMT`.
    #[serde(rename = "rfc822")]
    HttpDate,
}

/// What an exception looks like on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorModel {
    /// The HTTP status; none where AWS leaves it to the protocol (400, or 500 for a fault of the server's).
    pub http_status_code: Option<u16>,
    /// The code in the reply, where it is not the shape's name.
    pub code: Option<String>,
    /// Whether the query protocol blames the sender.
    #[serde(default)]
    pub sender_fault: bool,
}

impl Shape {
    /// The members of a structure; none for any other shape.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            ShapeKind::Structure { members, .. } => members,
            _ => &[],
        }
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.name == name)
    }

    /// The member that is the whole body, if the structure has one.
    pub fn payload(&self) -> Option<&Member> {
        match &self.kind {
            ShapeKind::Structure {
                payload: Some(name), ..
            } => self.member(name),
            _ => None,
        }
    }
}
