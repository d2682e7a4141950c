//! Values that travel as text: labels, query parameters, headers, and the query protocol's form parameters.

use serde_json::Value;

use crate::validate::{InputError, member_path};
use crate::{Member, ServiceModel, ShapeKind};

impl ServiceModel {
    /// Reads a member's text into the JSON value that a body would have: numbers and booleans become such, everything
    /// else (timestamps and bytes too) stays text. Several values of one query parameter are read one by one.
    ///
    /// # Errors
    /// [`InputError::Serialization`] for a text that is no number or no boolean where one is asked for.
    pub fn value_from_text(&self, member: &Member, text: &str) -> Result<Value, InputError> {
        let mut shape = self.shape(member.shape);
        if let ShapeKind::List { item } = shape.kind {
            shape = self.shape(item);
        }
        let (value, expected) = match shape.kind {
            ShapeKind::Integer => (text.parse::<i32>().ok().map(Value::from), "an integer"),
            ShapeKind::Long => (text.parse::<i64>().ok().map(Value::from), "a long"),
            ShapeKind::Double => (finite(text), "a number"),
            ShapeKind::Boolean => (text.parse::<bool>().ok().map(Value::from), "true or false"),
            _ => (Some(Value::from(text)), ""),
        };
        value.ok_or_else(|| InputError::Serialization {
            path: member_path(&member.name),
            expected,
            found: "a text",
        })
    }
}

fn finite(text: &str) -> Option<Value> {
    let number: f64 = text.parse().ok()?;
    // JSON has no number for the rest.
    serde_json::Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use crate::Service;
    use serde_json::json;

    #[test]
    fn numbers_and_booleans_are_read_and_texts_stay() {
        let iot = Service::Iot.model();
        let input = iot.shape(iot.operation("ListThings").unwrap().input.unwrap());
        let read = |name: &str, text: &str| iot.value_from_text(input.member(name).unwrap(), text).ok();
        assert_eq!(read("maxResults", "25"), Some(json!(25)));
        assert_eq!(read("maxResults", "25.5"), None);
        assert_eq!(read("maxResults", "99999999999"), None);
        assert_eq!(read("maxResults", ""), None);
        assert_eq!(read("usePrefixAttributeValue", "true"), Some(json!(true)));
        assert_eq!(read("usePrefixAttributeValue", "TRUE"), None);
        assert_eq!(read("attributeValue", "25"), Some(json!("25")));

        let delete = iot.shape(iot.operation("DeleteThing").unwrap().input.unwrap());
        let version = delete.member("expectedVersion").unwrap();
        assert_eq!(
            iot.value_from_text(version, "99999999999").unwrap(),
            json!(99_999_999_999_i64)
        );
        let error = iot.value_from_text(version, "one").unwrap_err();
        assert_eq!(error.to_string(), "'expectedVersion' must be a long, not a text");
    }
}
