//! Which members of a service model are kept. Whatever is named in neither list stops the refresh, so that a new
//! constraint of AWS's is never lost unseen.

use anyhow::{Result, bail};
use serde_json::{Map, Value};

/// Keeps names, types, constraints and HTTP bindings of a service model; drops every text meant for people.
///
/// # Errors
/// A member that is neither kept nor known to be dropped.
pub(crate) fn trim(model: &Value) -> Result<Value> {
    object(model, "the model", &MODEL)
}

/// What to do with the members of one kind of object.
struct Kind {
    keep: &'static [&'static str],
    drop: &'static [&'static str],
    /// Members that hold one object of another kind, or an array of them.
    inside: &'static [(&'static str, &'static Kind)],
    /// Members that hold a map from names to objects of another kind.
    named: &'static [(&'static str, &'static Kind)],
}

fn object(value: &Value, place: &str, kind: &Kind) -> Result<Value> {
    let Value::Object(members) = value else {
        bail!("{place} is not an object");
    };
    if let Some(unknown) = members.keys().find(|key| !kind.knows(key)) {
        bail!(
            "{place} has a member `{unknown}` that this program neither keeps nor drops: decide in trim.rs"
        );
    }
    let mut kept = Map::new();
    for key in kind.keep {
        if let Some(value) = members.get(*key) {
            kept.insert((*key).into(), value.clone());
        }
    }
    for (key, inner) in kind.inside {
        if let Some(value) = members.get(*key) {
            let value = match value {
                Value::Array(items) => items
                    .iter()
                    .map(|item| object(item, place, inner))
                    .collect::<Result<_>>()?,
                single => object(single, &format!("{place}.{key}"), inner)?,
            };
            kept.insert((*key).into(), value);
        }
    }
    for (key, inner) in kind.named {
        if let Some(Value::Object(entries)) = members.get(*key) {
            let entries = entries
                .iter()
                .map(|(name, entry)| {
                    Ok((
                        name.clone(),
                        object(entry, &format!("{place}.{key}.{name}"), inner)?,
                    ))
                })
                .collect::<Result<Map<_, _>>>()?;
            kept.insert((*key).into(), Value::Object(entries));
        }
    }
    Ok(Value::Object(kept))
}

impl Kind {
    fn knows(&self, key: &str) -> bool {
        let mut inner = self.inside.iter().chain(self.named).map(|(name, _)| *name);
        self.keep.contains(&key) || self.drop.contains(&key) || inner.any(|name| name == key)
    }
}

const MODEL: Kind = Kind {
    keep: &["version"],
    drop: &["documentation", "examples", "clientContextParams"],
    inside: &[("metadata", &METADATA)],
    named: &[("operations", &OPERATION), ("shapes", &SHAPE)],
};

const METADATA: Kind = Kind {
    keep: &[
        "apiVersion",
        "awsQueryCompatible",
        "endpointPrefix",
        "jsonVersion",
        "protocol",
        "protocols",
        "serviceId",
        "signingName",
        "targetPrefix",
        "xmlNamespace",
    ],
    drop: &[
        "auth",
        "globalEndpoint",
        "protocolSettings",
        "serviceAbbreviation",
        "serviceFullName",
        "signatureVersion",
        "uid",
    ],
    inside: &[],
    named: &[],
};

const OPERATION: Kind = Kind {
    keep: &["name", "authtype", "deprecated", "idempotent"],
    drop: &[
        "alias",
        "auth",
        "deprecatedMessage",
        "deprecatedSince",
        "documentation",
        "documentationUrl",
        "readonly",
        "staticContextParams",
    ],
    inside: &[
        ("http", &HTTP),
        ("endpoint", &ENDPOINT),
        ("input", &REFERENCE),
        ("output", &REFERENCE),
        ("errors", &REFERENCE),
    ],
    named: &[],
};

const HTTP: Kind = Kind {
    keep: &["method", "requestUri", "responseCode"],
    drop: &[],
    inside: &[],
    named: &[],
};

const ENDPOINT: Kind = Kind {
    keep: &["hostPrefix"],
    drop: &[],
    inside: &[],
    named: &[],
};

/// A use of a shape: a member, the items of a list, the keys and values of a map, an operation's input.
const REFERENCE: Kind = Kind {
    keep: &[
        "shape",
        "location",
        "locationName",
        "box",
        "deprecated",
        "eventheader",
        "eventpayload",
        "flattened",
        "hostLabel",
        "idempotencyToken",
        "jsonvalue",
        "payload",
        "queryName",
        "resultWrapper",
        "streaming",
        "timestampFormat",
        "xmlAttribute",
        "xmlNamespace",
    ],
    drop: &[
        "contextParam",
        "deprecatedMessage",
        "deprecatedSince",
        "documentation",
    ],
    inside: &[],
    named: &[],
};

const SHAPE: Kind = Kind {
    keep: &[
        "type",
        "enum",
        "min",
        "max",
        "pattern",
        "box",
        "deprecated",
        "document",
        "event",
        "eventstream",
        "exception",
        "fault",
        "flattened",
        "locationName",
        "payload",
        "sensitive",
        "streaming",
        "timestampFormat",
        "union",
        "wrapper",
        "xmlNamespace",
        "required",
    ],
    drop: &[
        "deprecatedMessage",
        "deprecatedSince",
        "documentation",
        "retryable",
        "synthetic",
        "xmlOrder",
    ],
    inside: &[
        ("error", &ERROR),
        ("member", &REFERENCE),
        ("key", &REFERENCE),
        ("value", &REFERENCE),
    ],
    named: &[("members", &REFERENCE)],
};

const ERROR: Kind = Kind {
    keep: &["code", "httpStatusCode", "senderFault"],
    drop: &["fault"],
    inside: &[],
    named: &[],
};

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn model(shape: &Value) -> Value {
        json!({
            "version": "2.0",
            "documentation": "<p>prose</p>",
            "metadata": {"apiVersion": "2015-05-28", "protocol": "rest-json", "uid": "iot"},
            "operations": {"A": {
                "name": "A",
                "http": {"method": "POST", "requestUri": "/a/{b}"},
                "input": {"shape": "S", "documentation": "prose"},
                "errors": [{"shape": "E", "documentation": "prose"}],
                "documentation": "prose",
            }},
            "shapes": {"S": shape},
        })
    }

    #[test]
    fn documentation_goes_and_constraints_stay() {
        let shape = json!({
            "type": "structure",
            "required": ["documentation"],
            // A member may bear the name of a dropped attribute.
            "members": {"documentation": {"shape": "T", "location": "uri", "documentation": "prose"}},
            "documentation": "prose",
        });
        let trimmed = trim(&model(&shape)).unwrap();
        assert!(!trimmed.to_string().contains("prose"));
        assert_eq!(
            trimmed["shapes"]["S"]["members"]["documentation"],
            json!({"shape": "T", "location": "uri"})
        );
        assert_eq!(trimmed["operations"]["A"]["errors"], json!([{"shape": "E"}]));
        assert_eq!(trimmed["operations"]["A"]["http"]["requestUri"], "/a/{b}");
    }

    #[test]
    fn an_unknown_member_stops_the_refresh_and_is_named() {
        let error = trim(&model(&json!({"type": "string", "maximum": 3}))).unwrap_err();
        assert!(error.to_string().contains("`maximum`"), "{error}");
        assert!(error.to_string().contains("shapes.S"), "{error}");
    }
}
