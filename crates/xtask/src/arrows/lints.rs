//! Every crate takes the workspace's lints, and those forbid unsafe code.

/// Tells what the root manifest lacks.
pub(crate) fn check_workspace(manifest: &str) -> Option<String> {
    let forbids =
        section(manifest, "[workspace.lints.rust]").any(|line| setting(line, "unsafe_code", "\"forbid\""));
    (!forbids).then(|| "the root Cargo.toml must forbid unsafe_code in [workspace.lints.rust]".to_owned())
}

/// Tells what a crate's manifest lacks.
pub(crate) fn check_package(name: &str, manifest: &str) -> Option<String> {
    let takes = section(manifest, "[lints]").any(|line| setting(line, "workspace", "true"));
    (!takes).then(|| {
        format!("`{name}` does not take the workspace's lints: add `[lints]` with `workspace = true`")
    })
}

/// The lines of one section of a TOML file, to the next.
fn section<'a>(manifest: &'a str, header: &str) -> impl Iterator<Item = &'a str> {
    let lines = manifest.lines().map(str::trim);
    lines
        .skip_while(move |line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
}

fn setting(line: &str, key: &str, value: &str) -> bool {
    line.split_once('=')
        .is_some_and(|(left, right)| left.trim() == key && right.trim() == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_the_workspaces_lints_is_found() {
        assert_eq!(
            check_package("x", "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n"),
            None
        );
        for lacking in [
            "[package]\nname = \"x\"\n",
            "[lints]\n[dependencies]\nworkspace = true\n",
            "[lints]\nworkspace = false\n",
            "[lints.rust]\nunsafe_code = \"allow\"\n",
        ] {
            assert!(
                check_package("x", lacking).is_some_and(|it| it.contains("`x`")),
                "{lacking}"
            );
        }
    }

    #[test]
    fn the_workspace_must_forbid_unsafe_code() {
        assert_eq!(
            check_workspace("[workspace.lints.rust]\nmissing_docs = \"warn\"\nunsafe_code = \"forbid\"\n"),
            None
        );
        assert!(check_workspace("[workspace.lints.rust]\nunsafe_code = \"deny\"\n").is_some());
        assert!(check_workspace("[workspace.lints.clippy]\nunsafe_code = \"forbid\"\n").is_some());
    }
}
