//! Finding what runs a runtime, and what it must be able to read.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::Runtime;

/// A runtime's command as it is started.
#[derive(Debug, Clone)]
pub(super) struct Interpreter {
    command: Vec<String>,
    /// What it reads besides `/usr` and its like.
    pub(super) readable: Vec<PathBuf>,
}

impl Interpreter {
    /// Looks for a runtime's program. Of Python it asks where its parts are, and whether it has the module that is run.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub(super) async fn find(runtime: &Runtime) -> Result<Self, String> {
        let Some((program, arguments)) = runtime.command.split_first() else {
            return Err(format!(
                "no command is configured for the runtimes {}",
                runtime.pattern
            ));
        };
        if program.starts_with("{task_root}") {
            return Ok(Self {
                command: runtime.command.clone(),
                readable: Vec::new(),
            });
        }
        let found = on_path(program).ok_or_else(|| {
            format!(
                "the runtimes {} need the program {program}, which is not installed",
                runtime.pattern
            )
        })?;
        if let [flag, module, ..] = arguments
            && flag == "-m"
        {
            let python = ask(&found, module).await?;
            let mut command = runtime.command.clone();
            command[0] = python.executable;
            return Ok(Self {
                command,
                readable: python.folders,
            });
        }
        let mut command = runtime.command.clone();
        command[0] = found.display().to_string();
        // A program is often a link to where it was installed together with the rest of it.
        let installed = found.canonicalize().unwrap_or_else(|_| found.clone());
        let readable = [&found, &installed].map(|program| installation(program));
        Ok(Self {
            command,
            readable: readable.into(),
        })
    }

    /// Also lets it read these, and drops what is read anyway.
    pub(super) fn with(mut self, more: &[PathBuf]) -> Self {
        self.readable.extend(more.iter().cloned());
        self.readable
            .retain(|path| path.is_absolute() && path.parent().is_some() && path.exists());
        self.readable.sort();
        // Sorted, a folder comes before what is in it.
        let mut kept: Vec<PathBuf> = Vec::new();
        for path in self.readable {
            let known = |folder: &Path| path.starts_with(folder);
            if !ALWAYS_READ.iter().any(|it| known(Path::new(it))) && !kept.iter().any(|it| known(it)) {
                kept.push(path);
            }
        }
        self.readable = kept;
        self
    }

    /// The command for one function.
    pub(super) fn command(&self, handler: &str, task_root: &str) -> Vec<String> {
        let fill = |word: &String| {
            word.replace("{handler}", handler)
                .replace("{task_root}", task_root)
        };
        self.command.iter().map(fill).collect()
    }
}

/// What a Python says of itself.
#[derive(Deserialize)]
struct Python {
    executable: String,
    folders: Vec<PathBuf>,
    has_module: bool,
}

async fn ask(program: &Path, module: &str) -> Result<Python, String> {
    let mut command = Command::new(program);
    command
        // Isolated: neither the server's environment nor the folder that it was started in matter, nor what is in it.
        .args(["-I", "-c", QUESTION, module])
        .current_dir("/")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let shown = program.display();
    let answer = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| format!("{shown} does not say what it is"))?
        .map_err(|cause| format!("{shown} cannot be run: {cause}"))?;
    let python: Python = serde_json::from_slice(&answer.stdout).map_err(|_| {
        format!(
            "{shown} does not say what it is: {}",
            String::from_utf8_lossy(&answer.stderr)
        )
    })?;
    if !python.has_module {
        return Err(format!(
            "{shown} has no module {module}: install it with `{} -m pip install {module}`",
            python.executable
        ));
    }
    Ok(python)
}

/// The folder that a program was installed in: that above `bin`, where it is not somebody's home; else the program alone.
fn installation(program: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let folder = program
        .parent()
        .filter(|folder| folder.ends_with("bin"))
        .and_then(Path::parent);
    match folder {
        Some(folder) if folder != Path::new("/") && Some(folder) != home.as_deref() => folder.to_owned(),
        _ => program.to_owned(),
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        let path = PathBuf::from(program);
        return path.is_file().then_some(path);
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

const QUESTION: &str = "\
import importlib.util, json, sys
print(json.dumps({
    'executable': sys.executable,
    'folders': [sys.prefix, sys.base_prefix] + [it for it in sys.path if it],
    'has_module': importlib.util.find_spec(sys.argv[1]) is not None,
}))";
/// What `confine.sh` lets everybody read.
const ALWAYS_READ: [&str; 6] = ["/bin", "/lib", "/lib32", "/lib64", "/sbin", "/usr"];
const PATIENCE: Duration = Duration::from_secs(20);
