//! `docs/device-gateway.md` names a test, or says why there is none, for each rule; and the tests that it names are there.

use std::fs;
use std::path::Path;

#[test]
fn every_rule_of_the_page_has_its_proof() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a folder of the repository");
    let page = fs::read_to_string(root.join("docs/device-gateway.md")).unwrap();
    let (mut wrong, mut named) = (Vec::new(), 0);
    for row in rows(&page) {
        let proofs: Vec<&str> = row.split('`').filter(|part| part.contains(".rs::")).collect();
        named += proofs.len();
        for proof in &proofs {
            if !is_there(root, proof) {
                wrong.push(format!("{proof} is no test"));
            }
        }
        if proofs.is_empty() && !row.contains("Divergence") && !row.contains("Not yet") {
            wrong.push(format!("nothing proves {row}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named > 200, "the page has rows: {named}");
}

/// The rows of the page's tables, without their heads.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = page.lines().collect();
    let is_head = |at: usize| lines.get(at + 1).is_some_and(|next| next.starts_with("|---"));
    let rows = (0..lines.len()).filter(|at| lines[*at].starts_with("| ") && !is_head(*at));
    rows.map(|at| lines[at]).collect::<Vec<_>>().into_iter()
}

/// Whether `PATH::NAME` is a function of that file, which stands below `tests/behaviour` unless it says otherwise.
fn is_there(root: &Path, proof: &str) -> bool {
    let (path, name) = proof.split_once("::").expect("it was looked for");
    let path = match path.starts_with("crates/") {
        true => root.join(path),
        false => root.join("tests/behaviour").join(path),
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else {
        return false;
    };
    // Attributes, documentation and `async` stand between.
    let attributes = before.rsplit("\n\n").next().unwrap_or_default();
    attributes.contains("test]") || attributes.contains("test(")
}
