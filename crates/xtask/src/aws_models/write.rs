//! The form of a trimmed model on disk: JSON with one operation or shape a line, sorted by name, so that a refresh
//! shows in a diff as the operations and shapes that AWS changed.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

/// Writes a trimmed model. Members of a shape keep AWS's order, which is the order of its documentation.
pub(crate) fn write(model: &Value) -> Result<String> {
    let mut text = String::from("{\n");
    write!(
        text,
        "\"version\":{},\n\"metadata\":{}",
        model["version"], model["metadata"]
    )?;
    for section in ["operations", "shapes"] {
        let entries = model[section]
            .as_object()
            .with_context(|| format!("the model has no {section}"))?;
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(name, _)| *name);
        let lines: Vec<String> = entries
            .into_iter()
            .map(|(name, entry)| format!("{}:{entry}", Value::from(name.as_str())))
            .collect();
        write!(text, ",\n\"{section}\":{{\n{}\n}}", lines.join(",\n"))?;
    }
    text.push_str("\n}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_entry_a_line_sorted_by_name() {
        let model = json!({
            "version": "2.0",
            "metadata": {"protocol": "query"},
            "operations": {"B": {"name": "B"}, "A": {"name": "A"}},
            "shapes": {"z": {"type": "string"}},
        });
        let text = write(&model).unwrap();
        assert!(
            text.contains("\n\"A\":{\"name\":\"A\"},\n\"B\":{\"name\":\"B\"}\n"),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), model);
    }
}
