//! A resource's SQL stands in its `rows.rs` and nowhere else in the core.

use std::path::Path;

/// Tells every text of a Rust file that begins like a statement, unless the file is a `rows.rs`.
pub(crate) fn check(path: &Path, source: &str) -> Vec<String> {
    if path.file_name().is_some_and(|name| name == "rows.rs") {
        return Vec::new();
    }
    string_literals(source)
        .into_iter()
        .filter(|literal| is_statement(literal.text))
        .map(|literal| {
            let beginning: String = literal.text.trim_start().chars().take(40).collect();
            format!(
                "{}:{}: SQL stands in rows.rs only: {beginning:?}",
                path.display(),
                literal.line
            )
        })
        .collect()
}

fn is_statement(text: &str) -> bool {
    let text = text.trim_start_matches(|it: char| it.is_whitespace() || it == '\\');
    let begins = ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| {
        text.strip_prefix(verb)
            .is_some_and(|rest| rest.starts_with(|it: char| it.is_whitespace() || it == '\\'))
    });
    // The rules' SQL names its topic in quotes, which no table has.
    begins && !text.contains("FROM '")
}

struct Literal<'a> {
    text: &'a str,
    line: usize,
}

/// The string literals of Rust source, raw ones included; comments, characters and lifetimes are passed over.
fn string_literals(source: &str) -> Vec<Literal<'_>> {
    let mut literals = Vec::new();
    let bytes = source.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source.as_bytes()[at..];
        if rest.starts_with(b"//") {
            at += find(rest, b"\n").unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            at += block_comment(rest);
        } else if rest[0] == b'"' {
            let length = quoted(rest);
            push(&mut literals, source, at + 1, at + length - 1);
            at += length;
        } else if let Some(hashes) = raw_start(bytes, at) {
            let opening = hashes + 2;
            let closing = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            let body = find(&rest[opening..], &closing).unwrap_or(rest.len() - opening);
            push(&mut literals, source, at + opening, at + opening + body);
            at += (opening + body + closing.len()).min(rest.len());
        } else if rest[0] == b'\'' {
            at += character(source, at);
        } else {
            at += 1;
        }
    }
    literals
}

fn push<'a>(literals: &mut Vec<Literal<'a>>, source: &'a str, start: usize, end: usize) {
    if let Some(text) = source.get(start..end.max(start)) {
        let line = 1 + source[..start].matches('\n').count();
        literals.push(Literal { text, line });
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Length of a block comment, which may hold others.
fn block_comment(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Length of a string in quotes, both included.
fn quoted(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    // INVARIANT: at least 2, so that a body has no negative length.
    text.len().max(2)
}

/// The number of `#` of a raw string that begins here; none where none does.
fn raw_start(bytes: &[u8], at: usize) -> Option<usize> {
    let part_of_a_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let byte_string = at > 0 && bytes[at - 1] == b'b';
    if bytes[at] != b'r' || (part_of_a_word && !byte_string) {
        return None;
    }
    let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
    (bytes.get(at + 1 + hashes) == Some(&b'"')).then_some(hashes)
}

/// Length of a character in quotes; of a lifetime, only its mark.
fn character(source: &str, at: usize) -> usize {
    let mut inside = source[at + 1..].chars();
    match inside.next() {
        // The third byte may itself be a quote.
        Some('\\') => source
            .get(at + 3..)
            .and_then(|rest| rest.find('\''))
            .map_or(1, |end| end + 4),
        Some(first) if inside.next() == Some('\'') => 2 + first.len_utf8(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &str) -> Vec<String> {
        let prefix = "things/create.rs:";
        let told = check(Path::new("things/create.rs"), source);
        told.iter()
            .map(|it| it[prefix.len()..].split(':').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn statements_are_found_in_every_kind_of_string() {
        assert_eq!(lines("let a = \"SELECT 1\";"), ["1"]);
        assert_eq!(lines("\nlet a = r\"DELETE FROM things\";"), ["2"]);
        assert_eq!(
            lines("let a = r#\"\n   UPDATE things SET name = \"x\"\"#;"),
            ["1"]
        );
        assert_eq!(lines("let a = \"\\\n    INSERT INTO things\";"), ["1"]);
        assert_eq!(lines("let c = '\"'; let a = \"SELECT 1\";"), ["1"]);
        assert_eq!(lines("fn f<'a>(x: &'a str) { g(\"SELECT 1\") }"), ["1"]);
        assert_eq!(
            lines("let c = '\\''; let a = \"SELECT 1\"; let d = '\\u{1F}'; h(\"DELETE FROM x\")"),
            ["1", "1"]
        );
        assert_eq!(lines("/* a /* b */ */ f(\"SELECT 1\")"), ["1"]);
    }

    #[test]
    fn other_texts_and_comments_are_passed_over() {
        for fine in [
            "// \"SELECT 1\"\n/* \"SELECT 1\" */",
            "let a = \"SELECTED things\";",
            "let a = \"cannot SELECT 1\";",
            "let a = \"he said \\\"SELECT 1\\\"\";",
            "let rule = \"SELECT * FROM 'devices/+/data'\";",
            "let a = r#\"a \"SELECT 1\" b\"#;",
            "let var = 1; \"x\"",
        ] {
            assert_eq!(lines(fine), Vec::<String>::new(), "{fine}");
        }
        assert_eq!(
            check(Path::new("things/rows.rs"), "\"SELECT 1\""),
            Vec::<String>::new()
        );
    }

    #[test]
    fn broken_source_is_read_to_its_end() {
        for broken in [
            "\"", "\"SELECT", "r#\"", "/*", "'", "'\\", "b'", "r", "\"\\", "'é", "r##\"\"#",
        ] {
            assert!(lines(broken).len() <= 1);
        }
    }
}
