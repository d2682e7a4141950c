//! Scripts that need a machine of their own, for fixed ports, names and roots: a network and a mount namespace.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::{installed, repository, text};

/// Runs a script of `tests/clients` on a machine of its own and reads what it prints as JSON; nothing where this machine gives no
/// namespaces.
pub(super) fn alone(name: &str, arguments: &[&str]) -> Option<Value> {
    if !installed("unshare") {
        return None;
    }
    let probe = unshared()
        .args(["mount", "--make-rprivate", "/"])
        .output()
        .unwrap();
    if !probe.status.success() {
        eprintln!("skipped: this machine gives no namespaces: {}", text(&probe));
        return None;
    }
    let script = repository().join("tests/clients").join(name);
    let output = unshared()
        // Nothing is compiled into the repository.
        .args(["python3", "-B"])
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", text(&output));
    Some(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output))))
}

fn unshared() -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .stdin(Stdio::null());
    command
}
