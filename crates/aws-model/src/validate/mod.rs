//! The constraint walker: the one place that enforces the lengths, ranges, patterns, enumerations and required
//! members of a service model, in the words that AWS's services use.
//!
//! The form of messages and paths is what AWS's services are seen to answer (aws-sdk-java issue 666 shows `iot`):
//! member names begin with a small letter; items are `tags.1.member.key`; simple items, keys and values are reported
//! at their list or map with all constraints of the item.

mod echo;
mod rules;
mod violation;

use serde_json::Value;

use self::rules::base64_bytes;
use crate::{Location, Member, OperationModel, ServiceModel, Shape, ShapeId, ShapeKind, TimestampFormat};

pub(crate) use self::echo::member_path;
pub use self::violation::{InputError, Violation, Violations};

impl ServiceModel {
    /// Checks an operation's input against everything its model states. `input` is the object of all members,
    /// wherever they travelled; members that the model does not have, and members that are null, count as absent.
    /// A member that is the whole body in bytes may hold any text: only its presence is checked.
    ///
    /// # Errors
    /// [`InputError::Serialization`] for the first value of a wrong type, before any constraint is looked at, as a
    /// request is read before it is judged; else [`InputError::Constraints`] with all that is violated.
    pub fn validate(&self, operation: &OperationModel, input: &Value) -> Result<(), InputError> {
        let Some(shape) = operation.input else {
            return Ok(());
        };
        let mut walk = Walk {
            model: self,
            path: String::new(),
            violations: Violations::default(),
        };
        let shape = self.shape(shape);
        walk.structure(shape, input, shape.payload())?;
        match walk.violations.is_empty() {
            true => Ok(()),
            false => Err(InputError::Constraints(walk.violations)),
        }
    }
}

struct Walk<'a> {
    model: &'a ServiceModel,
    path: String,
    violations: Violations,
}

impl<'a> Walk<'a> {
    fn value(&mut self, id: ShapeId, value: &Value, timestamps: TimestampFormat) -> Result<(), InputError> {
        let shape = self.model.shape(id);
        match &shape.kind {
            ShapeKind::Structure { .. } => self.structure(shape, value, None),
            ShapeKind::List { item } => self.list(shape, *item, value),
            ShapeKind::Map { key, value: inner } => self.map(shape, *key, *inner, value),
            _ => {
                self.typed(shape, value, timestamps)?;
                self.simple(shape, value);
                Ok(())
            }
        }
    }

    fn structure(
        &mut self,
        shape: &'a Shape,
        value: &Value,
        payload: Option<&Member>,
    ) -> Result<(), InputError> {
        let Value::Object(given) = value else {
            return Err(self.mistyped("an object", value));
        };
        for member in shape.members() {
            let depth = self.enter(&member_path(&member.name));
            match given.get(&member.name).filter(|value| !value.is_null()) {
                None if member.required => self.violations.push(Violation::absent(&self.path)),
                None => {}
                Some(value) => {
                    let whole_body = payload.is_some_and(|payload| payload.name == member.name)
                        && matches!(self.model.shape(member.shape).kind, ShapeKind::Blob);
                    if !whole_body {
                        self.value(member.shape, value, self.timestamps(member))?;
                    }
                }
            }
            self.path.truncate(depth);
        }
        Ok(())
    }

    fn list(&mut self, shape: &'a Shape, item: ShapeId, value: &Value) -> Result<(), InputError> {
        let Value::Array(items) = value else {
            return Err(self.mistyped("a list", value));
        };
        self.count(shape, value, items.len());
        let item_shape = self.model.shape(item);
        if item_shape.is_simple() {
            self.simple_parts(
                items.iter(),
                item_shape,
                (shape, value),
                "Member must satisfy constraint",
            )?;
        } else {
            for (number, item_value) in (1_usize..).zip(items) {
                let depth = self.enter(&format!("{number}.member"));
                self.value(item, item_value, TimestampFormat::EpochSeconds)?;
                self.path.truncate(depth);
            }
        }
        Ok(())
    }

    fn map(
        &mut self,
        shape: &'a Shape,
        key: ShapeId,
        inner: ShapeId,
        value: &Value,
    ) -> Result<(), InputError> {
        let Value::Object(entries) = value else {
            return Err(self.mistyped("a map", value));
        };
        self.count(shape, value, entries.len());
        let keys: Vec<Value> = entries.keys().map(|key| Value::from(key.as_str())).collect();
        self.simple_parts(
            keys.iter(),
            self.model.shape(key),
            (shape, value),
            "Map keys must satisfy constraint",
        )?;
        let inner_shape = self.model.shape(inner);
        if inner_shape.is_simple() {
            self.simple_parts(
                entries.values(),
                inner_shape,
                (shape, value),
                "Map value must satisfy constraint",
            )?;
        } else {
            for (key, entry) in entries {
                let depth = self.enter(&format!("{}.member", echo::bounded(key)));
                self.value(inner, entry, TimestampFormat::EpochSeconds)?;
                self.path.truncate(depth);
            }
        }
        Ok(())
    }

    /// Checks simple items, keys or values: one violation for all of them, at the place of the whole.
    fn simple_parts<'v>(
        &mut self,
        parts: impl Iterator<Item = &'v Value>,
        shape: &Shape,
        (whole_shape, whole): (&Shape, &Value),
        sentence: &str,
    ) -> Result<(), InputError> {
        let mut wrong = false;
        for part in parts {
            self.typed(shape, part, TimestampFormat::EpochSeconds)?;
            wrong = wrong || !shape.broken(part).is_empty();
        }
        if wrong {
            let rule = format!(
                "{sentence}: [{}]",
                shape.constraints.sentences(&shape.kind).join(", ")
            );
            let shown = self.may_show(whole_shape).then(|| echo::whole(whole)).flatten();
            self.violations.push(Violation::new(&self.path, shown, rule));
        }
        Ok(())
    }

    fn simple(&mut self, shape: &Shape, value: &Value) {
        for rule in shape.broken(value) {
            let shown = match shape.kind {
                _ if shape.sensitive => None,
                ShapeKind::Blob => None,
                _ => echo::whole(value),
            };
            self.violations.push(Violation::new(&self.path, shown, rule));
        }
    }

    fn count(&mut self, shape: &Shape, value: &Value, entries: usize) {
        for rule in shape.constraints.broken_size(entries, "length") {
            let shown = self.may_show(shape).then(|| echo::whole(value)).flatten();
            self.violations.push(Violation::new(&self.path, shown, rule));
        }
    }

    /// Whether nothing in a list or map is secret or bytes; [`echo::whole`] leaves out what has members.
    fn may_show(&self, shape: &Shape) -> bool {
        let open = |id: ShapeId| {
            let part = self.model.shape(id);
            !part.sensitive && !matches!(part.kind, ShapeKind::Blob)
        };
        !shape.sensitive
            && match shape.kind {
                ShapeKind::List { item } => open(item),
                ShapeKind::Map { key, value } => open(key) && open(value),
                _ => true,
            }
    }

    fn typed(&self, shape: &Shape, value: &Value, timestamps: TimestampFormat) -> Result<(), InputError> {
        let (fits, expected) = match shape.kind {
            ShapeKind::String => (value.is_string(), "a text"),
            ShapeKind::Integer => (
                value.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
                "an integer",
            ),
            ShapeKind::Long => (value.is_i64(), "a long"),
            ShapeKind::Double => (value.is_number(), "a number"),
            ShapeKind::Boolean => (value.is_boolean(), "true or false"),
            ShapeKind::Timestamp
                if shape.timestamp_format.unwrap_or(timestamps) == TimestampFormat::EpochSeconds =>
            {
                (value.is_number(), "a number of seconds")
            }
            ShapeKind::Timestamp => (value.is_string(), "a date"),
            ShapeKind::Blob => (
                value.as_str().is_some_and(|text| base64_bytes(text).is_some()),
                "base64",
            ),
            // INVARIANT: callers hand simple shapes only.
            ShapeKind::Structure { .. } | ShapeKind::List { .. } | ShapeKind::Map { .. } => {
                (false, "a simple value")
            }
        };
        if fits {
            Ok(())
        } else {
            Err(self.mistyped(expected, value))
        }
    }

    /// How a member's timestamps are written: AWS's protocols have seconds in bodies, dates everywhere else.
    fn timestamps(&self, member: &Member) -> TimestampFormat {
        member.timestamp_format.unwrap_or(match member.location {
            Location::Body if self.model.metadata().protocol == crate::Protocol::Query => {
                TimestampFormat::DateTime
            }
            Location::Body | Location::StatusCode => TimestampFormat::EpochSeconds,
            Location::Uri | Location::QueryString => TimestampFormat::DateTime,
            Location::Header | Location::Headers => TimestampFormat::HttpDate,
        })
    }

    fn enter(&mut self, name: &str) -> usize {
        let depth = self.path.len();
        if depth > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        depth
    }

    fn mistyped(&self, expected: &'static str, value: &Value) -> InputError {
        InputError::Serialization {
            path: self.path.clone(),
            expected,
            found: echo::kind(value),
        }
    }
}

#[cfg(test)]
mod tests;
