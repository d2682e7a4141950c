//! `thingsmith why`: what the running server refused somebody, and what decided.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use serde_json::Value;

use crate::{control, say};

/// The exit code when nothing is known; as grep(1) has it.
const NOTHING: u8 = 1;
/// The exit code when the server cannot be asked.
const TROUBLE: u8 = 2;

/// The flags of `why`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// A client id, a certificate id, a thing's name, or an address
    #[arg(value_name = "CLIENT ID | CERTIFICATE ID | THING | ADDRESS")]
    whom: String,
    /// The data directory of the server
    #[arg(long, value_name = "DIRECTORY", default_value = "./thingsmith-data")]
    data_dir: PathBuf,
    /// Print the records as lines of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(flags: &Flags) -> ExitCode {
    let records = match control::why(&flags.data_dir, &flags.whom) {
        Ok(records) => records,
        Err(cause) => {
            say::complain(format!("thingsmith: {cause:#}"));
            return ExitCode::from(TROUBLE);
        }
    };
    if records.is_empty() {
        say::complain(format!(
            "nothing was refused to {:?} lately: no client id, certificate id, thing or address of that name",
            flags.whom
        ));
        return ExitCode::from(NOTHING);
    }
    for record in &records {
        say::line(if flags.json {
            record.to_string()
        } else {
            sentence(record)
        });
    }
    ExitCode::SUCCESS
}

/// A record as a line for people. Control characters, which strangers may send, are shown and not obeyed.
fn sentence(record: &Value) -> String {
    let text = |member: &str| record[member].as_str().map(say::visible);
    let time = record["timestamp"].as_u64().unwrap_or_default();
    let time = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(time));
    let mut line = format!("{time}  refused at {}", text("stage").unwrap_or_default());
    for (words, member) in [
        ("client", "clientId"),
        ("certificate", "certificateId"),
        ("for the certificate", "deviceCertificateId"),
        ("of the CA", "caCertificateId"),
        ("in the step", "templateStep"),
        ("thing", "thing"),
        ("caller", "caller"),
        ("with the key", "accessKeyId"),
        ("from", "peer"),
        ("to", "serverName"),
    ] {
        if let Some(value) = text(member) {
            line.push_str(&format!(", {words} {value}"));
        }
    }
    if let (Some(action), Some(resource)) = (text("action"), text("resource")) {
        line.push_str(&format!(": {action} on {resource}"));
    }
    line.push_str(&format!(": {}", text("reason").unwrap_or_default()));
    let values: Vec<String> = record["variables"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|pair| {
            Some(format!(
                "{}={}",
                pair[0].as_str()?,
                say::visible(pair[1].as_str()?)
            ))
        })
        .collect();
    if !values.is_empty() {
        line.push_str(&format!("  [{}]", values.join(" ")));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_a_line_whatever_stands_in_it() {
        let record = json!({
            "timestamp": 1_795_291_200_123_u64, "stage": "connect", "reason": "no statement allows it",
            "clientId": "pu\nmp\u{1b}[2J", "peer": "127.0.0.1:9", "action": "iot:Connect", "resource": "pump",
            "variables": [["iot:ClientId", "pump"]],
        });
        let line = sentence(&record);
        assert_eq!(
            line,
            "2026-11-21T20:00:00.123Z  refused at connect, client pu\\nmp\\u{1b}[2J, from 127.0.0.1:9: iot:Connect \
             on pump: no statement allows it  [iot:ClientId=pump]"
        );
        assert!(!line.contains(char::is_control));
    }
}
