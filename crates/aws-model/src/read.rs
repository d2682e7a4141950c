//! From the trimmed JSON to the typed model: names of shapes become places, required members are marked on the
//! members, and a model with a reference to nothing is refused.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::operation::{HttpBinding, OperationModel};
use crate::shape::{Constraints, ErrorModel, Location, Member, Shape, ShapeId, ShapeKind, TimestampFormat};
use crate::{AwsModelError, Metadata, Pattern, UriTemplate};

/// A model whose references all lead somewhere.
pub(crate) struct Parts {
    pub(crate) metadata: Metadata,
    pub(crate) operations: Vec<OperationModel>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) shape_ids: HashMap<String, ShapeId>,
}

/// Reads the JSON of one service.
pub(crate) fn read(json: &str) -> Result<Parts, AwsModelError> {
    let file: ModelFile = serde_json::from_str(json)?;
    let ids: HashMap<String, ShapeId> = (0..)
        .map(ShapeId)
        .zip(file.shapes.keys())
        .map(|(id, name)| (name.clone(), id))
        .collect();
    let names = Names { ids: &ids };
    let shapes = file
        .shapes
        .iter()
        .map(|(name, entry)| shape(name, entry, &names))
        .collect::<Result<_, _>>()?;
    let operations = file
        .operations
        .into_values()
        .map(|entry| operation(entry, &names))
        .collect::<Result<_, _>>()?;
    Ok(Parts {
        metadata: file.metadata,
        operations,
        shapes,
        shape_ids: ids,
    })
}

struct Names<'a> {
    ids: &'a HashMap<String, ShapeId>,
}

impl Names<'_> {
    fn id(&self, place: &str, shape: &str) -> Result<ShapeId, AwsModelError> {
        self.ids
            .get(shape)
            .copied()
            .ok_or_else(|| AwsModelError::UnknownShape {
                place: place.to_owned(),
                shape: shape.to_owned(),
            })
    }
}

fn operation(entry: OperationEntry, names: &Names<'_>) -> Result<OperationModel, AwsModelError> {
    let id = |reference: &Reference| names.id(&entry.name, &reference.shape);
    Ok(OperationModel {
        http: HttpBinding {
            uri: UriTemplate::parse(&entry.http.request_uri)?,
            method: entry.http.method,
            status: entry.http.response_code.unwrap_or(200),
        },
        input: entry.input.as_ref().map(id).transpose()?,
        output: entry.output.as_ref().map(id).transpose()?,
        errors: entry.errors.iter().map(id).collect::<Result<_, _>>()?,
        result_wrapper: entry.output.and_then(|output| output.result_wrapper),
        unsigned: entry.authtype.as_deref() == Some("none"),
        deprecated: entry.deprecated,
        name: entry.name,
    })
}

fn shape(name: &str, entry: &ShapeEntry, names: &Names<'_>) -> Result<Shape, AwsModelError> {
    let part = |reference: &Option<Reference>, kind, missing| match reference {
        Some(reference) => names.id(name, &reference.shape),
        None => Err(AwsModelError::Incomplete {
            shape: name.to_owned(),
            kind,
            missing,
        }),
    };
    let kind = match entry.kind {
        Kind::Structure => ShapeKind::Structure {
            members: entry
                .members
                .iter()
                .map(|(member, reference)| {
                    Ok(Member {
                        shape: names.id(name, &reference.shape)?,
                        required: entry.required.contains(member),
                        location: reference.location,
                        wire_name: reference.location_name.as_ref().unwrap_or(member).clone(),
                        json_value: reference.jsonvalue,
                        timestamp_format: reference.timestamp_format,
                        name: member.clone(),
                    })
                })
                .collect::<Result<_, AwsModelError>>()?,
            payload: entry.payload.clone(),
        },
        Kind::List => ShapeKind::List {
            item: part(&entry.member, "list", "member")?,
        },
        Kind::Map => ShapeKind::Map {
            key: part(&entry.key, "map", "key")?,
            value: part(&entry.value, "map", "value")?,
        },
        Kind::String => ShapeKind::String,
        Kind::Integer => ShapeKind::Integer,
        Kind::Long => ShapeKind::Long,
        Kind::Double => ShapeKind::Double,
        Kind::Boolean => ShapeKind::Boolean,
        Kind::Timestamp => ShapeKind::Timestamp,
        Kind::Blob => ShapeKind::Blob,
    };
    Ok(Shape {
        name: name.to_owned(),
        kind,
        constraints: Constraints {
            min: entry.min,
            max: entry.max,
            pattern: entry.pattern.as_deref().map(Pattern::new),
            allowed: entry.allowed.clone(),
        },
        sensitive: entry.sensitive,
        error: entry.exception.then(|| entry.error.clone().unwrap_or_default()),
        timestamp_format: entry.timestamp_format,
    })
}

#[derive(Deserialize)]
struct ModelFile {
    metadata: Metadata,
    operations: BTreeMap<String, OperationEntry>,
    shapes: BTreeMap<String, ShapeEntry>,
}

#[derive(Deserialize)]
struct OperationEntry {
    name: String,
    http: HttpEntry,
    input: Option<Reference>,
    output: Option<Reference>,
    #[serde(default)]
    errors: Vec<Reference>,
    authtype: Option<String>,
    #[serde(default)]
    deprecated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpEntry {
    method: String,
    request_uri: String,
    response_code: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    shape: String,
    #[serde(default)]
    location: Location,
    location_name: Option<String>,
    result_wrapper: Option<String>,
    #[serde(default)]
    jsonvalue: bool,
    timestamp_format: Option<TimestampFormat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShapeEntry {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    members: Members,
    #[serde(default)]
    required: Vec<String>,
    payload: Option<String>,
    member: Option<Reference>,
    key: Option<Reference>,
    value: Option<Reference>,
    min: Option<f64>,
    max: Option<f64>,
    pattern: Option<String>,
    #[serde(default, rename = "enum")]
    allowed: Vec<String>,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    exception: bool,
    error: Option<ErrorModel>,
    timestamp_format: Option<TimestampFormat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    #[serde(alias = "float")]
    Double,
    Boolean,
    Timestamp,
    Blob,
}

/// A structure's members in the order of the file.
#[derive(Default)]
struct Members(Vec<(String, Reference)>);

impl Members {
    fn iter(&self) -> impl Iterator<Item = (&String, &Reference)> {
        self.0.iter().map(|(name, reference)| (name, reference))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the members of a structure")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    members.push(entry);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
