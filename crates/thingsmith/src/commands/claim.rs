//! `thingsmith claim`: what guards fleet provisioning by claim, beside policies and hooks.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use serde_json::Value;
use thingsmith_core::claims;

use crate::control::{self, About, ClaimQuestion, Expires};
use crate::say;

/// The exit code of an audit that finds a claim used too often; as grep(1) has it, turned around.
const FOUND: u8 = 1;
/// The exit code when the server cannot be asked, or refuses.
const TROUBLE: u8 = 2;
/// Serial numbers that are sent at once, and their bytes: what is asked has a limit, and JSON may make six bytes of one.
const AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 128 << 10;

/// The flags of `claim`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    action: Action,
    /// The data directory of the server
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = "./thingsmith-data",
        global = true
    )]
    data_dir: PathBuf,
    /// The account; the server's own if not given
    #[arg(long, value_name = "12 DIGITS", global = true)]
    account: Option<String>,
    /// The region; the server's own if not given
    #[arg(long, global = true)]
    region: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Let a provisioning template register the serial numbers of a file, and no others than those allowed
    Allow(Allow),
    /// Take serial numbers from a template's allow list, or remove the list, so that every serial number passes
    Disallow(Disallow),
    /// Say how many devices carry a claim certificate
    Limit(Limit),
    /// Show what was registered by which claim. Exits with 1 when one was used more often than devices carry it
    Audit(Audit),
}

#[derive(Debug, Args)]
struct Allow {
    /// The provisioning template
    #[arg(long)]
    template: String,
    /// The parameter of RegisterThing that is looked up
    #[arg(long, default_value = "SerialNumber")]
    parameter: String,
    /// A file with a serial number on each line; empty lines and those that begin with # are passed over
    #[arg(long)]
    file: PathBuf,
    /// The batch of devices that these serial numbers are of
    #[arg(long)]
    batch: Option<String>,
    /// Until when they are allowed: a date, a time (2027-01-31T12:00:00Z), or how long from now (90days)
    #[arg(long, value_parser = expires)]
    expires: Option<Expires>,
}

#[derive(Debug, Args)]
struct Disallow {
    /// The provisioning template
    #[arg(long)]
    template: String,
    /// A file with a serial number on each line
    #[arg(long, required_unless_present = "remove_list", conflicts_with = "remove_list")]
    file: Option<PathBuf>,
    /// Remove the whole allow list: every serial number passes again
    #[arg(long)]
    remove_list: bool,
}

#[derive(Debug, Args)]
struct Limit {
    /// The claim certificate
    certificate_id: String,
    /// How many devices carry it
    #[arg(long, required_unless_present = "none", conflicts_with = "none")]
    devices: Option<u32>,
    /// The batch of these devices: of an allow list only serial numbers of this batch pass
    #[arg(long)]
    batch: Option<String>,
    /// Refuse registrations beyond, instead of only reporting them
    #[arg(long)]
    refuse: bool,
    /// Forget what was said of it
    #[arg(long, conflicts_with_all = ["batch", "refuse"])]
    none: bool,
}

#[derive(Debug, Args)]
struct Audit {
    /// Only those that were used more often than devices carry them
    #[arg(long)]
    over: bool,
    /// Print lines of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(flags: &Flags) -> ExitCode {
    act(flags).unwrap_or_else(|cause| {
        say::complain(format!("thingsmith: {cause:#}"));
        ExitCode::from(TROUBLE)
    })
}

fn act(flags: &Flags) -> Result<ExitCode> {
    let about = About {
        account: flags.account.clone(),
        region: flags.region.clone(),
    };
    let tell = |question| control::claim(&flags.data_dir, &about, question);
    match &flags.action {
        Action::Allow(wanted) => {
            let mut answer = Vec::new();
            for part in parts(&serial_numbers(&wanted.file)?) {
                answer = tell(ClaimQuestion::Allow {
                    template: wanted.template.clone(),
                    parameter: wanted.parameter.clone(),
                    serial_numbers: part.to_vec(),
                    batch: wanted.batch.clone(),
                    expires: wanted.expires,
                })?;
            }
            say::line(total(&wanted.template, &answer));
        }
        Action::Disallow(wanted) => match &wanted.file {
            None => {
                let template = wanted.template.clone();
                tell(ClaimQuestion::AllowAll { template })?;
                say::line(format!("{} has no allow list", wanted.template));
            }
            Some(file) => {
                let mut answer = Vec::new();
                for part in parts(&serial_numbers(file)?) {
                    answer = tell(ClaimQuestion::Disallow {
                        template: wanted.template.clone(),
                        serial_numbers: part.to_vec(),
                    })?;
                }
                say::line(total(&wanted.template, &answer));
            }
        },
        Action::Limit(wanted) => {
            let claim = wanted.certificate_id.clone();
            tell(match wanted.devices {
                None => ClaimQuestion::Unlimit { claim },
                Some(devices) => ClaimQuestion::Limit {
                    claim,
                    devices,
                    batch: wanted.batch.clone(),
                    refuse: wanted.refuse,
                },
            })?;
        }
        Action::Audit(wanted) => return audit(wanted, tell),
    }
    Ok(ExitCode::SUCCESS)
}

fn audit(wanted: &Audit, ask: impl Fn(ClaimQuestion) -> Result<Vec<Value>>) -> Result<ExitCode> {
    let (mut after, mut found_over) = (None, false);
    loop {
        let page = ask(ClaimQuestion::Audit { after })?;
        let Some(last) = page.last() else { break };
        after = last["claim"].as_str().map(str::to_owned);
        ensure!(after.is_some(), "the server's answer cannot be read");
        for found in &page {
            let over = found["over"].as_bool().unwrap_or_default();
            found_over |= over;
            if over || !wanted.over {
                say::line(if wanted.json {
                    found.to_string()
                } else {
                    sentence(found)
                });
            }
        }
    }
    Ok(match found_over {
        true => ExitCode::from(FOUND),
        false => ExitCode::SUCCESS,
    })
}

/// A claim's use as a line for people.
fn sentence(found: &Value) -> String {
    let text = |member: &str| say::visible(found[member].as_str().unwrap_or_default());
    let mut line = format!(
        "{}  {} registrations, first {}, last {}",
        text("claim"),
        found["registrations"],
        text("firstAt"),
        text("lastAt")
    );
    if let Some(devices) = found["devices"].as_i64() {
        line.push_str(&format!("; {devices} devices carry it"));
        if found["batch"].is_string() {
            line.push_str(&format!(", batch {}", text("batch")));
        }
    }
    if found["over"] == true {
        line.push_str("  USED TOO OFTEN");
    }
    line
}

fn total(template: &str, answer: &[Value]) -> String {
    let total = answer.first().map(|line| &line["total"]);
    format!(
        "{template} allows {} serial numbers",
        total.unwrap_or(&Value::Null)
    )
}

/// The serial numbers of a file. A wrong one is found before any is sent.
fn serial_numbers(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        claims::check_serial_number(line)
            .map_err(|wrong| anyhow!("{}, line {number}: {}", path.display(), wrong.message))?;
        found.push(line.to_owned());
    }
    ensure!(!found.is_empty(), "{} has no serial number", path.display());
    Ok(found)
}

/// What is sent at once.
fn parts(serial_numbers: &[String]) -> Vec<&[String]> {
    let (mut parts, mut rest) = (Vec::new(), serial_numbers);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(AT_ONCE).take_while(|it| {
            bytes += it.len();
            bytes <= BYTES_AT_ONCE
        });
        let (part, others) = rest.split_at(fits.count().max(1));
        parts.push(part);
        rest = others;
    }
    parts
}

/// Reads a time, a date or a duration.
fn expires(text: &str) -> Result<Expires> {
    if let Ok(duration) = humantime::parse_duration(text) {
        return Ok(Expires::In(duration.as_secs()));
    }
    let text = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    let time = humantime::parse_rfc3339_weak(&text).map_err(|_| {
        anyhow!("it is no date, no time such as 2027-01-31T12:00:00Z, and no duration such as 90days")
    })?;
    let since = time.duration_since(UNIX_EPOCH).context("it is before 1970")?;
    Ok(Expires::At(i64::try_from(since.as_secs())?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_end_is_a_date_a_time_or_a_duration() {
        assert_eq!(expires("90days").unwrap(), Expires::In(90 * 86_400));
        assert_eq!(expires("1970-01-02").unwrap(), Expires::At(86_400));
        assert_eq!(expires("1970-01-01T00:01:00Z").unwrap(), Expires::At(60));
        for wrong in ["", "soon", "2027-13-01", "1969-12-31"] {
            assert!(expires(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn many_and_long_serial_numbers_are_sent_in_parts() {
        let lengths = |count: usize, bytes: usize| -> Vec<usize> {
            let all = vec!["x".repeat(bytes); count];
            parts(&all).iter().map(|part| part.len()).collect()
        };
        assert_eq!(lengths(1, 1), [1]);
        assert_eq!(lengths(1001, 1), [500, 500, 1]);
        assert_eq!(lengths(33, 4096), [32, 1]);
        assert_eq!(lengths(2, BYTES_AT_ONCE + 1), [1, 1]);
    }

    #[test]
    fn a_use_is_a_line() {
        let mut found = json!({"claim": "ab", "registrations": 3, "firstAt": "a", "lastAt": "b", "devices": null,
            "batch": null, "refuse": null, "over": false});
        assert_eq!(sentence(&found), "ab  3 registrations, first a, last b");
        found["devices"] = json!(2);
        found["batch"] = json!("line\n4");
        found["over"] = json!(true);
        assert_eq!(
            sentence(&found),
            "ab  3 registrations, first a, last b; 2 devices carry it, batch line\\n4  USED TOO OFTEN"
        );
    }
}
