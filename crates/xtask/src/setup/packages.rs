//! Debian packages that tests run programs from.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::postgres::server_binaries;
use crate::process::{is_root, run, succeeds};

/// Sees whether a package is there.
type Check = fn() -> bool;

/// Each package and how to see that it is there.
const PACKAGES: [(&str, Check); 8] = [
    ("curl", || answers("curl", "--version")),
    ("mosquitto-clients", || {
        on_path("mosquitto_pub") && on_path("mosquitto_sub")
    }),
    ("nodejs", || on_path("node")),
    ("npm", || on_path("npm")),
    ("openssl", || answers("openssl", "version")),
    ("postgresql", || server_binaries().is_some()),
    ("python3-venv", || {
        succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]))
    }),
    ("strace", || answers("strace", "--version")),
];

/// Installs the packages that are missing, through sudo where that asks for no password.
///
/// # Errors
/// Who may not install them is told the command to run.
pub(crate) fn install_missing() -> Result<()> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(_, is_there)| !is_there())
        .map(|(package, _)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !on_path("apt-get") {
        bail!(
            "this machine lacks {} (Debian's names), and has no apt-get to install them with",
            missing.join(", ")
        );
    }
    let sudo = match (is_root(), succeeds(Command::new("sudo").args(["-n", "true"]))) {
        (true, _) => false,
        (false, true) => true,
        (false, false) => bail!("the tests need packages that only root may install: run `sudo {command}`"),
    };
    println!("installing {}", missing.join(" "));
    if missing.contains(&"postgresql") {
        no_default_cluster(sudo)?;
    }
    let update = || run(as_root(sudo, "apt-get").args(["update", "-q"]));
    update()
        .or_else(|_| update())
        .context("cannot fetch the lists of packages")?;
    run(as_root(sudo, "apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(&missing))
    .with_context(|| format!("try `{command}` by hand"))
}

/// Tells Debian's scripts to start no server of their own: the tests start theirs.
fn no_default_cluster(sudo: bool) -> Result<()> {
    if Path::new(CLUSTER_SETTINGS).exists() {
        return Ok(());
    }
    let script =
        format!("mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > {CLUSTER_SETTINGS}");
    run(as_root(sudo, "sh").args(["-c", &script]))
}

fn as_root(sudo: bool, program: &str) -> Command {
    let mut command = Command::new(if sudo { "sudo" } else { "env" });
    if sudo {
        command.args(["-n", "env"]);
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", program]);
    command.stdin(std::process::Stdio::null());
    command
}

fn answers(program: &str, argument: &str) -> bool {
    succeeds(Command::new(program).arg(argument))
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|it| it.join(program).is_file()))
}

const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";
