//! `thingsmith import`: a file of devices becomes a bulk registration, from the upload to the reports.
//!
//! It is a client of the API as any other: what it does, the AWS CLI does with `s3 cp` and `iot start-thing-registration-task`.

mod api;
mod progress;

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_lc_rs::digest;
use clap::Args;
use serde_json::{Value, json};

use crate::say;
use api::{Api, Upload, segment};
use progress::Progress;

/// How often the server is asked how far the task is.
const EVERY: Duration = Duration::from_millis(500);

/// The flags of `import`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Lines of JSON, one a device: the values of the template's parameters
    file: PathBuf,
    /// The provisioning template
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The ARN of the role as which devices are registered; it must be permitted to read the file in its bucket
    #[arg(long, value_name = "ARN")]
    role: String,
    /// The bucket that the file goes to; made if it is not there [default: imports-ACCOUNT-REGION]
    #[arg(long)]
    bucket: Option<String>,
    /// The key that the file gets in the bucket [default: the file's name]
    #[arg(long)]
    key: Option<String>,
    /// Wait for the end, though nobody sits at a terminal
    #[arg(long, conflicts_with = "no_watch")]
    watch: bool,
    /// Do not wait for the end
    #[arg(long)]
    no_watch: bool,
    /// The data directory of the server; what `thingsmith env` exports is taken instead where `AWS_ENDPOINT_URL` is set
    #[arg(long, value_name = "DIRECTORY", default_value = "./thingsmith-data")]
    data_dir: PathBuf,
}

pub(super) fn run(flags: &Flags) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    runtime.block_on(import(flags))
}

async fn import(flags: &Flags) -> Result<ExitCode> {
    let template = std::fs::read_to_string(&flags.template)
        .with_context(|| format!("--template: {} cannot be read", flags.template.display()))?;
    let mut api = Api::find(&flags.data_dir)?;
    let account = flags.role.split(':').nth(4).filter(|account| !account.is_empty());
    let bucket = match (&flags.bucket, account) {
        (Some(bucket), _) => bucket.clone(),
        (None, Some(account)) => format!("imports-{account}-{}", api.region()),
        (None, None) => bail!("--role: {} is not the ARN of a role", flags.role),
    };
    let name = flags.file.file_name().and_then(|name| name.to_str());
    let key = match (&flags.key, name) {
        (Some(key), _) => key.as_str(),
        (None, Some(name)) => name,
        (None, None) => bail!("--key is needed: the file has no name that could be its key"),
    };
    let read = read(&flags.file)?;
    api.make_bucket(&bucket).await?;
    let file = File::open(&flags.file).with_context(|| unreadable(&flags.file))?;
    let upload = Upload {
        file,
        length: read.length,
        sha256: read.sha256,
    };
    api.upload(&bucket, key, upload).await?;
    say::line(format!(
        "{} lines are in s3://{bucket}/{key} ({} bytes)",
        read.lines, read.length
    ));
    let body = json!({
        "templateBody": template,
        "inputFileBucket": bucket,
        "inputFileKey": key,
        "roleArn": flags.role,
    });
    let started = api.iot("POST", "/thing-registration-tasks", Some(&body)).await?;
    let task = started["taskId"]
        .as_str()
        .context("the server names no task")?
        .to_owned();
    say::line(format!("task {task} has started"));
    let terminal = std::io::stderr().is_terminal();
    if flags.no_watch || !(flags.watch || terminal) {
        say::line(format!(
            "aws iot describe-thing-registration-task --task-id {task}"
        ));
        return Ok(ExitCode::SUCCESS);
    }
    watch(&mut api, &task, Progress::new(read.lines, terminal)).await
}

/// Shows how far the task is until it has ended, and then where its reports are.
async fn watch(api: &mut Api, task: &str, mut progress: Progress) -> Result<ExitCode> {
    let target = format!("/thing-registration-tasks/{}", segment(task));
    let ended = loop {
        let described = api.iot("GET", &target, None).await?;
        let ended = !matches!(described["status"].as_str(), Some("InProgress" | "Cancelling"));
        progress.show(&described, ended);
        if ended {
            break described;
        }
        tokio::time::sleep(EVERY).await;
    };
    progress.end();
    let count = |member: &str| ended[member].as_i64().unwrap_or_default();
    let (successes, failures) = (count("successCount"), count("failureCount"));
    let status = ended["status"].as_str().unwrap_or_default();
    say::line(format!("{status}: {successes} registered, {failures} failed"));
    if let Some(message) = ended["message"].as_str() {
        say::line(message);
    }
    for report in ["RESULTS", "ERRORS"] {
        for link in links(api, &target, report).await? {
            say::line(format!("{}: {link}", report.to_lowercase()));
        }
    }
    Ok(match (status, failures) {
        ("Completed", 0) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// The links to a report, of all of its parts.
async fn links(api: &mut Api, task: &str, report: &str) -> Result<Vec<String>> {
    let mut links = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut target = format!("{task}/reports?reportType={report}");
        if let Some(token) = &token {
            target.push_str(&format!("&nextToken={}", segment(token)));
        }
        let page = api.iot("GET", &target, None).await?;
        let list = page["resourceLinks"].as_array().into_iter().flatten();
        links.extend(list.filter_map(Value::as_str).map(str::to_owned));
        token = page["nextToken"].as_str().map(str::to_owned);
        if token.is_none() {
            return Ok(links);
        }
    }
}

/// What is known of the file before it is sent.
struct Seen {
    length: u64,
    /// Lines that are not blank.
    lines: u64,
    sha256: [u8; 32],
}

fn read(path: &Path) -> Result<Seen> {
    let mut file = File::open(path).with_context(|| unreadable(path))?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 16];
    let (mut length, mut lines, mut blank) = (0, 0, true);
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            Err(cause) => return Err(cause).with_context(|| unreadable(path)),
        };
        context.update(&buffer[..read]);
        length += read as u64;
        for byte in &buffer[..read] {
            match byte {
                b'\n' => {
                    lines += u64::from(!blank);
                    blank = true;
                }
                byte => blank &= byte.is_ascii_whitespace(),
            }
        }
    }
    lines += u64::from(!blank);
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(context.finish().as_ref());
    Ok(Seen {
        length,
        lines,
        sha256,
    })
}

fn unreadable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_not_blank_are_counted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (text, lines) in [("", 0), ("\n \n", 0), ("a", 1), ("a\n\r\n b\n", 2)] {
            std::fs::write(&path, text).unwrap();
            let seen = read(&path).unwrap();
            assert_eq!((seen.length, seen.lines), (text.len() as u64, lines), "{text:?}");
        }
    }
}
