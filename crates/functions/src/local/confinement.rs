//! What this machine offers to keep workers apart, found out by trying.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use super::launch::{Launch, Level, NEW_ROOT, TEMPORARY, Tools};
use super::users::Users;
use crate::{Isolation, LocalConfig};

/// How workers are confined.
#[derive(Debug)]
pub(super) struct Confinement {
    pub(super) level: Level,
    pub(super) tools: Tools,
}

impl Confinement {
    /// Tries the levels that the configuration allows, the strongest first, in a folder that exists.
    ///
    /// # Errors
    /// A sentence that says what the machine lacks.
    pub(super) async fn find(
        config: &LocalConfig,
        users: &Arc<Users>,
        folder: &Path,
    ) -> Result<Self, String> {
        let tools = Tools::find().map_err(|name| {
            format!("functions with code of their own need the program {name} (Debian's package util-linux)")
        })?;
        let levels: &[Level] = match config.isolation {
            Isolation::Best => &[
                Level::NamespacesAndUser,
                Level::Namespaces,
                Level::User,
                Level::Off,
            ],
            Isolation::Required => &[Level::NamespacesAndUser, Level::Namespaces],
            Isolation::Users => &[Level::User],
            Isolation::Off => &[Level::Off],
        };
        let root = rustix::process::geteuid().is_root();
        let mut reasons = Vec::new();
        for level in levels {
            // Of the two with namespaces, one is for root and one for everybody else.
            if *level != Level::Off && root != level.has_user() {
                continue;
            }
            match works(*level, &tools, config, users, folder).await {
                Ok(()) => {
                    if *level == Level::Off {
                        tracing::warn!(
                            "functions run as the server's own user: their code can read and stop what the server can"
                        );
                    }
                    return Ok(Self { level: *level, tools });
                }
                Err(reason) => reasons.push(reason),
            }
        }
        Err(format!(
            "this machine cannot keep functions apart as `isolation` demands ({}): {}",
            if root {
                "the server is root"
            } else {
                "the server is not root"
            },
            if reasons.is_empty() {
                "users of their own need root".into()
            } else {
                reasons.join("; ")
            }
        ))
    }
}

/// Runs a program that does nothing at a level.
async fn works(
    level: Level,
    tools: &Tools,
    config: &LocalConfig,
    users: &Arc<Users>,
    folder: &Path,
) -> Result<(), String> {
    let user = match level.has_user() {
        true => Some(users.take().ok_or("no number of a user is free")?),
        false => None,
    };
    let scratch = folder.join("probe");
    let code = scratch.join(TEMPORARY);
    for path in [&scratch, &scratch.join(NEW_ROOT), &code] {
        std::fs::create_dir_all(path)
            .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)))
            .map_err(|cause| format!("{} cannot be made: {cause}", path.display()))?;
    }
    let task_root = match level {
        // Whether others may come to our folder is not asked here.
        Level::User | Level::Off => "/".to_owned(),
        _ => level.places(&code, None, &scratch).task_root,
    };
    let launch = Launch {
        command: &["/bin/sh".into(), "-c".into(), ":".into()],
        environment: &[("PATH", PATH.into()), ("LAMBDA_TASK_ROOT", task_root)],
        variables: &[],
        code: &code,
        layers: None,
        scratch: &scratch,
        roots: None,
        readable: &[],
        hidden: &config.hidden,
        user: user.as_ref().map(|user| (user.number(), user.number())),
        memory_mib: 128,
        limits: &config.process,
    };
    let mut command = tools
        .command(level, &launch)
        .ok_or("the program unshare is not installed")?;
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| "a confined program does not end".to_owned())?
        .map_err(|cause| format!("a confined program does not start: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("a confined program fails: {}", said.trim()))
}

/// Where programs of the system are.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
const PATIENCE: Duration = Duration::from_secs(20);
