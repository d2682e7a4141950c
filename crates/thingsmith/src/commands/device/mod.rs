//! `thingsmith device`: a device that provisions itself, connects, publishes and changes its certificate.

mod advice;
mod claim;
mod endpoint;
mod provision;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use thingsmith_agent::{
    AgentError, Backoff, Creation, Device, Directory, Format, Kept, Parameters, Progress, Request, SystemPace,
};

use crate::say;
use advice::advised;

/// The flags of `device`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Come by a certificate: with a claim certificate and a template, or with the maker's own certificate (--jitp). Does
    /// nothing where the directory has an identity already, and goes on where an earlier attempt was cut off
    Provision(Box<provision::Flags>),
    /// Connect, print what comes on the topics subscribed to, and connect again whenever the connection ends
    Connect(ConnectFlags),
    /// Publish one message with QoS 1
    Publish(PublishFlags),
    /// Change key and certificate: ask for new ones with the present ones, try them, and only then put them into use
    Rotate(RotateFlags),
    /// Say who the device is
    Show(Place),
}

/// Where the identity is kept, and how patient the device is.
#[derive(Debug, Args)]
struct Place {
    /// The directory in which the device keeps its key and certificate
    #[arg(long, value_name = "DIRECTORY", env = "THINGSMITH_DEVICE_DIR")]
    dir: PathBuf,
    /// How long to wait for each answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    patience: Duration,
    /// How long to try again before giving up
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    give_up_after: Duration,
}

#[derive(Debug, Args)]
struct ConnectFlags {
    #[command(flatten)]
    place: Place,
    /// Subscribe to this topic filter and print its messages; may be given more than once
    #[arg(long, value_name = "FILTER")]
    subscribe: Vec<String>,
    /// Leave as soon as the server has let the device in
    #[arg(long, conflicts_with = "subscribe")]
    once: bool,
}

#[derive(Debug, Args)]
struct PublishFlags {
    #[command(flatten)]
    place: Place,
    /// Where the message goes
    #[arg(long)]
    topic: String,
    /// What it says
    #[arg(long)]
    message: String,
}

#[derive(Debug, Args)]
struct RotateFlags {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    asked: Asked,
}

/// What RegisterThing is asked for.
#[derive(Debug, Args)]
struct Asked {
    /// The provisioning template
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// A parameter of the template; may be given more than once
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Have the service make the key, instead of sending it a request for a key that never leaves the device
    #[arg(long)]
    keys: bool,
    /// Ask in CBOR instead of JSON
    #[arg(long)]
    cbor: bool,
}

impl Asked {
    fn request(&self) -> Option<Request> {
        Some(Request {
            template: self.template.clone()?,
            parameters: self.parameters.iter().cloned().collect::<Parameters>(),
            creation: if self.keys {
                Creation::Keys
            } else {
                Creation::FromCsr
            },
            format: if self.cbor { Format::Cbor } else { Format::Json },
        })
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a parameter is given as NAME=VALUE")?;
    if name.is_empty() {
        return Err("a parameter has a name before the =".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn run(flags: &Flags) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(async {
        match &flags.command {
            Command::Provision(flags) => provision::run(flags).await,
            Command::Connect(flags) => connect(flags).await,
            Command::Publish(flags) => publish(flags).await,
            Command::Rotate(flags) => rotate(flags).await,
            Command::Show(place) => show(place),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Place {
    fn directory(&self) -> Directory {
        Directory::at(&self.dir)
    }

    fn device<'d>(&self, directory: &'d Directory) -> Device<'d> {
        Device {
            directory,
            pace: &SystemPace,
            backoff: Backoff::default(),
            patience: self.patience,
            gives_up_after: self.give_up_after,
            progress: &tell,
        }
    }
}

async fn connect(flags: &ConnectFlags) -> Result<()> {
    let directory = flags.place.directory();
    let device = flags.place.device(&directory);
    if flags.once {
        let client = advised(device.connect().await)?;
        let kept = advised(directory.current())?;
        tell(Progress::Connected {
            client_id: &kept.record.client_id,
        });
        // It was let in, which is what was asked.
        drop(client.disconnect().await);
        return Ok(());
    }
    let mut lasting = device.stay_connected(flags.subscribe.clone());
    loop {
        tokio::select! {
            message = lasting.next_message() => {
                let message = advised(message)?;
                let payload = String::from_utf8_lossy(&message.payload);
                say::line(format!("{} {}", say::visible(&message.topic), say::visible(&payload)));
            }
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn publish(flags: &PublishFlags) -> Result<()> {
    let directory = flags.place.directory();
    let device = flags.place.device(&directory);
    let mut client = advised(device.connect().await)?;
    let published = client.publish(&flags.topic, flags.message.clone()).await;
    if let Err(cause) = &published
        && cause.is_refusal()
    {
        say::complain(format!(
            "The server does not let the device publish on {}: no policy of its certificate allows iot:Publish there.",
            flags.topic
        ));
    }
    published?;
    drop(client.disconnect().await);
    Ok(())
}

async fn rotate(flags: &RotateFlags) -> Result<()> {
    let directory = flags.place.directory();
    let device = flags.place.device(&directory);
    let kept = advised(device.rotate(flags.asked.request().as_ref()).await)?;
    say::line(format!(
        "The device has a new certificate{}. The one before is still ACTIVE at the service until somebody deactivates it.",
        certificate(&kept)
    ));
    Ok(())
}

fn show(place: &Place) -> Result<()> {
    let kept = advised(place.directory().current())?;
    let text = serde_json::to_string_pretty(&kept.record).context("the record cannot be shown")?;
    say::line(text);
    Ok(())
}

fn certificate(kept: &Kept) -> String {
    let id = kept.record.certificate_id.as_deref();
    id.map(|id| format!(", {id}")).unwrap_or_default()
}

/// Tells on the standard error how the device gets on: the standard output is for what was asked for.
fn tell(progress: Progress<'_>) {
    let unnamed = "a device without a thing";
    say::complain(match progress {
        Progress::Resumed => "going on with the certificate that an earlier attempt got".to_owned(),
        Progress::Created { certificate_id } => format!("certificate {certificate_id}"),
        Progress::Registered { thing_name } => {
            format!("registered as {}", say::visible(thing_name.unwrap_or(unnamed)))
        }
        Progress::Connected { client_id } => format!("connected as {}", say::visible(client_id)),
        Progress::Waiting { cause, wait } => {
            format!("{cause}; again in {:.1} s", wait.as_secs_f64())
        }
    });
}

/// The failure of an agent with what its developer can do about it.
type Outcome<T> = Result<T, AgentError>;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::commands::Arguments;

    #[test]
    fn a_parameter_is_a_name_and_a_value() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(parameter("SerialNumber=a=b"), pair("SerialNumber", "a=b"));
        assert_eq!(parameter("Empty="), pair("Empty", ""));
        assert!(parameter("SerialNumber").is_err() && parameter("=1").is_err());
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let parses = |words: &[&str]| {
            let all = [
                "thingsmith",
                "device",
                "provision",
                "--dir",
                "d",
                "--endpoint",
                "e:1",
            ];
            Arguments::try_parse_from(all.iter().chain(words)).is_ok()
        };
        let claim = ["--claim-cert", "c", "--claim-key", "k", "--template", "t"];
        assert!(parses(&claim));
        assert!(parses(&["--claim", "c", "--template", "t", "--param", "a=b"]));
        assert!(parses(&[
            "--jitp",
            "--cert",
            "c",
            "--key",
            "k",
            "--client-id",
            "i"
        ]));
        assert!(!parses(&claim[..4]), "no template");
        assert!(!parses(&["--claim-cert", "c", "--template", "t"]), "no key");
        assert!(!parses(&[
            "--claim",
            "c",
            "--claim-cert",
            "c",
            "--claim-key",
            "k",
            "--template",
            "t"
        ]));
        assert!(!parses(&["--jitp", "--cert", "c", "--key", "k"]), "no client id");
        assert!(!parses(&[
            "--jitp",
            "--cert",
            "c",
            "--key",
            "k",
            "--client-id",
            "i",
            "--template",
            "t"
        ]));
        assert!(!parses(&["--template", "t"]), "no claim");
    }
}
