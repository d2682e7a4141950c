//! User properties as they travel over HTTP: base64 of a JSON list of objects with one name and value each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Fault;

/// Most bytes of names and values together (AWS's quota "Total user properties").
const BYTES: usize = 8 * 1024;

/// Reads them. SDKs write the text that they are given once more as JSON, so that it may be a list or a text of one.
///
/// # Errors
/// `InvalidRequestException` for what is no such list, is too long, or has a character that MQTT does not take.
pub fn read(header: &str) -> Result<Vec<(String, String)>, Fault> {
    let wrong = || {
        Fault::invalid("userProperties is not base64 of a JSON list of objects with one name and text each.")
    };
    let bytes = STANDARD.decode(header).map_err(|_| wrong())?;
    let mut json: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    if let Value::String(text) = &json {
        json = serde_json::from_str(text).map_err(|_| wrong())?;
    }
    let mut properties = Vec::new();
    for object in json.as_array().ok_or_else(wrong)? {
        for (name, value) in object.as_object().ok_or_else(wrong)? {
            let value = value.as_str().ok_or_else(wrong)?;
            properties.push((name.clone(), value.to_owned()));
        }
    }
    let bytes: usize = properties
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > BYTES {
        return Err(Fault::invalid(format!(
            "userProperties has {bytes} bytes, and may have {BYTES}."
        )));
    }
    if properties
        .iter()
        .any(|(name, value)| name.contains('\0') || value.contains('\0'))
    {
        return Err(Fault::invalid("userProperties has the character U+0000."));
    }
    Ok(properties)
}

/// Writes them for an answer.
pub fn written(properties: &[(String, String)]) -> String {
    let objects: Vec<Value> = properties
        .iter()
        .map(|(name, value)| serde_json::json!({ name: value }))
        .collect();
    STANDARD.encode(Value::Array(objects).to_string())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{read, written};

    #[test]
    fn a_list_and_a_text_of_one_are_read_in_their_order() {
        let list = r#"[{"b":"1"},{"a":"2"},{"b":"3"}]"#;
        let expected =
            [("b", "1"), ("a", "2"), ("b", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = serde_json::to_string(list).unwrap();
        for header in [list, &text] {
            assert_eq!(read(&STANDARD.encode(header)).unwrap(), expected);
        }
        assert_eq!(read(&written(&expected)).unwrap(), expected);
    }

    #[test]
    fn what_is_no_list_of_texts_is_refused() {
        for header in ["{}", r#"["a"]"#, r#"[{"a":1}]"#, "1", "", r#""[""#] {
            assert!(read(&STANDARD.encode(header)).is_err(), "{header}");
        }
        assert!(read("[{\"a\":\"b\"}]").is_err());
        let long = format!(r#"[{{"a":"{}"}}]"#, "x".repeat(8192));
        assert!(read(&STANDARD.encode(long)).is_err());
    }
}
