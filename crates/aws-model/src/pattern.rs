//! AWS's patterns, which are Java's regular expressions, on Rust's engine.
//!
//! Differences that matter, from the documentation of `java.util.regex.Pattern`: `\w`, `\d`, `\s` and the POSIX
//! classes (`\p{Graph}`, `\p{Upper}`...) are ASCII only; `.` stops at every line terminator of Unicode; AWS matches
//! a whole value, never a part of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use crate::AwsModelError;

/// A pattern of a service model. It is compiled when it is first asked, and once.
pub struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

/// Most bytes of a compiled pattern; AWS's largest, `\S{36,64}`, needs a tenth of it.
const SIZE_LIMIT_BYTES: usize = 4 << 20;

impl Pattern {
    /// Takes a pattern as the model has it.
    pub fn new(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            compiled: OnceLock::new(),
        }
    }

    /// The pattern as AWS writes it, and as its messages show it.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether the whole of `text` matches. A pattern that does not compile matches nothing, so that a constraint
    /// that cannot be checked refuses; a test compiles every pattern of the bundled models.
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| self.compile().ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Compiles the pattern anew, for tests of a model.
    ///
    /// # Errors
    /// What Rust's engine cannot do, or a pattern of more than 4 MiB.
    pub fn compile(&self) -> Result<Regex, AwsModelError> {
        RegexBuilder::new(&format!(r"\A(?:{})\z", translate(&self.source)))
            .size_limit(SIZE_LIMIT_BYTES)
            .dfa_size_limit(SIZE_LIMIT_BYTES)
            .build()
            .map_err(|cause| AwsModelError::Pattern {
                pattern: self.source.clone(),
                cause: Box::new(cause),
            })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.source)
    }
}

/// Rewrites what means something else to Rust's engine and leaves the rest.
fn translate(java: &str) -> String {
    let plain = without_looking(java);
    let mut rust = String::with_capacity(plain.len() + 16);
    let mut rest = plain.as_ref();
    let mut in_class = false;
    while let Some(first) = rest.chars().next() {
        let (taken, replacement) = match first {
            '\\' => escape(rest),
            '.' if !in_class => (1, Some(NOT_LINE_END)),
            // Java knows no `~~` in a class.
            '~' if in_class => (1, Some(r"\~")),
            _ => (first.len_utf8(), None),
        };
        match first {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        rust.push_str(replacement.unwrap_or(&rest[..taken]));
        rest = &rest[taken..];
    }
    rust
}

/// Rust's engine does not look around. AWS's models do so in few places, which say the same without.
fn without_looking(java: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(java);
    if java.contains("(?!") || java.contains("(?<!") {
        for (looking, straight) in LOOKING {
            plain = plain.replace(looking, straight).into();
        }
    }
    plain
}

/// Fragments that look around, and what they match.
const LOOKING: [(&str, &str); 5] = [
    // Not digits alone.
    (r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", NOT_A_NUMBER),
    (r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", NOT_A_NUMBER),
    (r"((?!\d+$)[0-9a-zA-Z-_]+)", NOT_A_NUMBER),
    // No full stop at the end.
    (r"[0-9A-Za-z\.\-_]*(?<!\.)", r"([0-9A-Za-z\.\-_]*[0-9A-Za-z\-_])?"),
    // No `system.` at the beginning.
    (
        r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)",
        "([_a-rt-zA-Z0-9][^$]*|s([^$y][^$]*|y([^$s][^$]*|s([^$t][^$]*|t([^$e][^$]*|e([^$m][^$]*|m([^$.][^$]*)?)?)?)?)?)?)",
    ),
];
const NOT_A_NUMBER: &str = "([0-9]*[a-zA-Z_-][0-9a-zA-Z_-]*)";

/// Length of the escape at the start of `text`, and what to write in its place; both engines take a class inside
/// a class.
fn escape(text: &str) -> (usize, Option<&'static str>) {
    for (java, rust) in ESCAPES {
        if text.starts_with(java) {
            return (java.len(), Some(rust));
        }
    }
    // INVARIANT: what follows the backslash goes along, so that `\[` opens no class.
    let escaped = text[1..].chars().next().map_or(0, char::len_utf8);
    (1 + escaped, None)
}

const NOT_LINE_END: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";

const ESCAPES: [(&str, &str); 16] = [
    (r"\w", "[0-9A-Za-z_]"),
    (r"\W", "[^0-9A-Za-z_]"),
    (r"\d", "[0-9]"),
    (r"\D", "[^0-9]"),
    (r"\s", r"[ \t\n\x0B\f\r]"),
    (r"\S", r"[^ \t\n\x0B\f\r]"),
    (r"\p{Alnum}", "[0-9A-Za-z]"),
    (r"\p{Alpha}", "[A-Za-z]"),
    (r"\p{Cntrl}", r"[\x00-\x1F\x7F]"),
    (r"\p{Digit}", "[0-9]"),
    (r"\p{Graph}", "[!-\\~]"),
    (r"\p{Lower}", "[a-z]"),
    (r"\p{Print}", "[ -\\~]"),
    (r"\p{Punct}", "[!-/:-@\\[-`{-\\~]"),
    (r"\p{Space}", r"[ \t\n\x0B\f\r]"),
    (r"\p{Upper}", "[A-Z]"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Service;

    fn check(pattern: &str, matching: &[&str], refused: &[&str]) {
        let pattern = Pattern::new(pattern);
        pattern.compile().unwrap();
        for text in matching {
            assert!(pattern.matches(text), "{pattern:?} must match {text:?}");
        }
        for text in refused {
            assert!(!pattern.matches(text), "{pattern:?} must not match {text:?}");
        }
    }

    #[test]
    fn what_looks_around_is_said_straight() {
        check(
            r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
            &["a", "1a", "1-", "a1"],
            &["", "1", "12", "a."],
        );
        check(r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", &["a", "1a"], &["1", ""]);
        check(
            r"x(:((?!\d+$)[0-9a-zA-Z-_]+))?",
            &["x", "x:a", "x:1a"],
            &["x:1", "x:"],
        );
        check(
            r"[0-9A-Za-z\.\-_]*(?<!\.)",
            &["", "a", "a.b", "..b"],
            &[".", "a.", "a b"],
        );
        check(
            r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)",
            &[
                "s",
                "system",
                "systems",
                "sys.",
                "_",
                "9a",
                "system-.",
                "t.system.",
            ],
            &["", "system.", "system.a", "s$", "-", "a$"],
        );
    }

    #[test]
    fn the_whole_value_must_match() {
        check(
            "[a-zA-Z0-9:_-]+",
            &["pump:1_a-b"],
            &["", "pump 1", "pump\n", "\npump", "pümp", "a/b"],
        );
        check("^[0-9]*$", &["", "123"], &["12\n", "a1", "1a"]);
        check("a|bc", &["a", "bc"], &["ac", "abc", "b"]);
        check(
            "([\\n\\t])|(\\r\\n)|(,)",
            &["\n", "\t", "\r\n", ","],
            &["", "\r", ",,"],
        );
    }

    #[test]
    fn shorthand_and_posix_classes_are_ascii() {
        check("[\\w+=,.@-]+", &["aZ9_+=,.@-"], &["é", "a b", "٣"]);
        check(
            "\\S{36,64}",
            &[&"a".repeat(36), &"é".repeat(64)],
            &[&"a".repeat(35), &"a".repeat(65), &" ".repeat(40)],
        );
        check("[\\s\\S]*", &["", "a\n\u{2028}é"], &[]);
        check(
            "[\\p{Graph}\\x20]*",
            &["", "a pump!~"],
            &["tab\there", "caf\u{e9}", "\u{7f}"],
        );
        check("[\\p{Upper}\\p{Digit}_]+", &["A_1"], &["a", "É", ""]);
        check("[^\\p{Cntrl}]*", &["", "é\u{85}"], &["\u{7f}", "a\n"]);
        check("[^\\p{C}]+", &["é x"], &["", "\u{200b}", "\n"]);
        check("^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$", &["né 1²-"], &["#", "\t"]);
    }

    #[test]
    fn a_dot_stops_at_every_line_terminator() {
        check(
            "^[^_].*$",
            &["ab", "é"],
            &["_a", "a\nb", "a\rb", "a\u{2028}", "a\u{85}", ""],
        );
        check("[a.]+", &["a.."], &["ab"]);
    }

    #[test]
    fn odd_classes_mean_what_java_reads() {
        check("[a-zA-Z0-9-_.]+", &["a-_.9"], &["/", " "]);
        check("[a-zA-Z0-9!_.*'()-\\/]+", &["a(*)+,-./"], &[":", "\\", "&"]);
        check("[a-zA-Z0-9_.,@/:#=\\[\\]-]*", &["a[1]=b"], &["a{1}", "a b"]);
        check("^[^_\\\"][^\\\"]+$", &["ab"], &["\"a", "a\"", "_a", "a"]);
        check("^arn:[!-~]+$", &["arn:aws:x~"], &["arn:", "arn:a b"]);
    }

    #[test]
    fn every_pattern_of_the_models_compiles_and_refuses_something() {
        let mut count = 0;
        for service in Service::ALL {
            let model = service.model();
            for shape in model.shapes() {
                let Some(pattern) = &shape.constraints.pattern else {
                    continue;
                };
                if LOOKS_AHEAD.contains(&shape.name.as_str()) {
                    assert!(pattern.compile().is_err(), "{}", shape.name);
                    continue;
                }
                let regex = pattern.compile().unwrap();
                count += 1;
                let matched = SAMPLES.iter().filter(|sample| regex.is_match(sample)).count();
                assert!(matched > 0, "{}: {pattern:?} matches no sample", shape.name);
                let takes_all = pattern.as_str() == r"[\s\S]*";
                assert!(
                    takes_all || matched < SAMPLES.len(),
                    "{}: {pattern:?} matches all samples",
                    shape.name
                );
            }
        }
        assert!(count > 100, "{count}");
    }

    /// Shapes whose patterns Rust's engine cannot do, and which no written operation has: it would refuse every value.
    const LOOKS_AHEAD: [&str; 1] = ["accountAliasType"];
    const SAMPLES: &[&str] = &[
        "o-abcdefghij",
        "p-abcdefgh",
        "/",
        "/a/",
        "v1",
        "o-abcdefghij/r-abcd/",
        "\u{0}",
        "123456789012",
        "",
        "A",
        "a1",
        "0",
        "1.5",
        "LAST",
        "p99.9",
        "\n",
        "YWJjZA==",
        "123e4567-e89b-12d3-a456-426614174000",
        "arn:aws:acm:us-east-1:123456789012:certificate/abc-1",
        "https://ingestion-abc1.x1.sfdcnow.com/streams/abc/def/event",
        "https://example.com/",
        "a value with spaces, and é",
        "us-east-1",
        "arn:aws:iam::123456789012:role/a",
        "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-aaaaaaaaaaaaaaaaa",
        "arn:aws:lambda:us-east-1:123456789012:capacity-provider:a",
        "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-aaaaaaaaaaaaaaaaa",
        "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:123e4567-e89b-12d3-a456-426614174000",
        "arn:aws:lambda:us-east-1:123456789012:function:a",
        "arn:aws:lambda:us-east-1:123456789012:function:a:1/durable-execution/a/b",
        "arn:aws:lambda:us-east-1:123456789012:layer:a",
        "arn:aws:lambda:us-east-1:123456789012:layer:a:1",
        "arn:aws:lambda:us-east-1:123456789012:runtime/a",
        "arn:aws:lambda:us-east-1::runtime:a",
        "csc-aaaaaaaaaaaaaaaaa",
        "example.com:9092",
        "lambda:GetLayerVersion",
        "/mnt/a",
        "sg-a",
        "subnet-a",
        "AnException",
    ];

    #[test]
    fn what_cannot_be_compiled_refuses_every_text() {
        let pattern = Pattern::new("(?<=a)b");
        assert!(pattern.compile().is_err());
        assert!(!pattern.matches("b"));
        assert!(Pattern::new("(a{1000}){1000}").compile().is_err());
    }
}
