//! One simple value against the constraints of its shape, and each constraint as AWS says it.

use serde_json::Value;

use crate::{Constraints, Pattern, Shape, ShapeKind};

impl Shape {
    pub(super) fn is_simple(&self) -> bool {
        !matches!(
            self.kind,
            ShapeKind::Structure { .. } | ShapeKind::List { .. } | ShapeKind::Map { .. }
        )
    }

    /// The sentences of the constraints that a simple value of the right type breaks.
    pub(super) fn broken(&self, value: &Value) -> Vec<String> {
        let constraints = &self.constraints;
        match &self.kind {
            ShapeKind::Integer | ShapeKind::Long | ShapeKind::Double => value
                .as_f64()
                .map_or_else(Vec::new, |number| constraints.broken_range(number, "value")),
            ShapeKind::Blob => match value.as_str().and_then(base64_bytes) {
                Some(bytes) => constraints.broken_size(bytes, "length"),
                None => Vec::new(),
            },
            ShapeKind::String => value
                .as_str()
                .map_or_else(Vec::new, |text| constraints.broken_text(text)),
            _ => Vec::new(),
        }
    }
}

impl Constraints {
    fn broken_text(&self, text: &str) -> Vec<String> {
        let mut broken = match (self.min, self.max) {
            (None, None) => Vec::new(),
            _ => self.broken_size(text.chars().count(), "length"),
        };
        broken.extend(
            self.pattern
                .as_ref()
                .filter(|it| !it.matches(text))
                .map(pattern_sentence),
        );
        if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| allowed == text) {
            broken.push(self.enum_sentence());
        }
        broken
    }

    pub(super) fn broken_size(&self, size: usize, what: &str) -> Vec<String> {
        // Exact up to 2^53, which no request reaches.
        self.broken_range(size as f64, what)
    }

    fn broken_range(&self, number: f64, what: &str) -> Vec<String> {
        let above = self.max.filter(|max| number > *max).map(|max| most(what, max));
        let below = self.min.filter(|min| number < *min).map(|min| least(what, min));
        above.into_iter().chain(below).collect()
    }

    /// Every constraint in AWS's words, for values that are reported at their list or map: `iot` then names the
    /// lower length 0 even where the model has none.
    pub(super) fn sentences(&self, kind: &ShapeKind) -> Vec<String> {
        let what = if matches!(kind, ShapeKind::String | ShapeKind::Blob) {
            "length"
        } else {
            "value"
        };
        let min = self
            .min
            .or_else(|| self.max.filter(|_| what == "length").map(|_| 0.0));
        let mut sentences: Vec<String> = self.max.map(|max| most(what, max)).into_iter().collect();
        sentences.extend(min.map(|min| least(what, min)));
        sentences.extend(self.pattern.as_ref().map(pattern_sentence));
        if !self.allowed.is_empty() {
            sentences.push(self.enum_sentence());
        }
        sentences
    }

    fn enum_sentence(&self) -> String {
        format!(
            "Member must satisfy enum value set: [{}]",
            self.allowed.join(", ")
        )
    }
}

fn most(what: &str, max: f64) -> String {
    format!("Member must have {what} less than or equal to {max}")
}

fn least(what: &str, min: f64) -> String {
    format!("Member must have {what} greater than or equal to {min}")
}

fn pattern_sentence(pattern: &Pattern) -> String {
    format!(
        "Member must satisfy regular expression pattern: {}",
        pattern.as_str()
    )
}

/// How many bytes a base64 text stands for; none where it is not base64. Padding may be left out.
pub(super) fn base64_bytes(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let alphabet = digits
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || it == b'+' || it == b'/');
    let whole = digits.len() % 4 != 1 && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)));
    (alphabet && whole).then_some(digits.len() * 3 / 4)
}
