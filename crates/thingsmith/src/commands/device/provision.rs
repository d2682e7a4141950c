//! `thingsmith device provision`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use thingsmith_agent::{Claim, Identity};

use super::advice::advised;
use super::claim::Pair;
use super::{Asked, Place, certificate, endpoint};
use crate::{SystemRandom, say};
use thingsmith_ports::Random;

/// The flags of `device provision`.
#[derive(Debug, Args)]
#[group(id = "way", required = true, multiple = true, args = ["claim", "claim_cert", "jitp"])]
pub(super) struct Flags {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    endpoint: endpoint::Flags,
    /// The claim certificate, PEM
    #[arg(long, value_name = "FILE", requires_all = ["claim_key", "template"])]
    claim_cert: Option<PathBuf>,
    /// The claim's private key, PEM
    #[arg(long, value_name = "FILE", requires = "claim_cert")]
    claim_key: Option<PathBuf>,
    /// Certificate and key of a trusted user's claim: what `aws iot create-provisioning-claim` printed
    #[arg(long, value_name = "FILE", requires = "template", conflicts_with_all = ["claim_cert", "claim_key"])]
    claim: Option<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    /// Provision just in time: connect with the maker's certificate until the server lets the device in
    #[arg(long, requires_all = ["cert", "key", "client_id"],
          conflicts_with_all = ["claim", "claim_cert", "claim_key", "template", "parameters", "keys", "cbor"])]
    jitp: bool,
    /// The maker's certificate for this device, PEM; its CA's certificate may follow in the file
    #[arg(long, value_name = "FILE", requires = "jitp")]
    cert: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, value_name = "FILE", requires = "jitp")]
    key: Option<PathBuf>,
    /// The client id of the provisioned device, which most policies want to be the thing's name [default: the name that the
    /// service gives the thing]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The client id with which the claim connects [default: one that nobody else has]
    #[arg(long, value_name = "ID", conflicts_with = "jitp")]
    claim_client_id: Option<String>,
}

pub(super) async fn run(flags: &Flags) -> Result<()> {
    let endpoint = flags.endpoint.endpoint()?;
    let directory = flags.place.directory();
    let device = flags.place.device(&directory);
    let kept = if let (Some(cert), Some(key), Some(client_id)) = (&flags.cert, &flags.key, &flags.client_id) {
        let pair = Pair::read(cert, key)?;
        let provisioned = device.provision_just_in_time(&endpoint, &pair.certificate, &pair.key, client_id);
        advised(provisioned.await)?
    } else {
        let pair = match (&flags.claim, &flags.claim_cert, &flags.claim_key) {
            (Some(answer), _, _) => Pair::of_trusted_user(answer)?,
            (None, Some(cert), Some(key)) => Pair::read(cert, key)?,
            _ => anyhow::bail!("--claim-cert and --claim-key, or --claim, say who vouches for the device"),
        };
        let identity = advised(Identity::from_pem(&pair.certificate, &pair.key))?;
        let request = flags.asked.request().context("--template is needed")?;
        let own = flags.claim_client_id.clone().unwrap_or_else(unlike_any_other);
        let claim = Claim {
            identity: &identity,
            client_id: &own,
        };
        let provisioned = device.provision_by_claim(&endpoint, &claim, &request, flags.client_id.as_deref());
        advised(provisioned.await)?
    };
    say::line(format!(
        "The device is {}{}; its key and certificate are in {}.",
        kept.record
            .thing_name
            .as_deref()
            .unwrap_or(&kept.record.client_id),
        certificate(&kept),
        directory.path().join("current").display()
    ));
    Ok(())
}

/// Two devices that share a claim must not share a client id: the second would end the first one's connection.
fn unlike_any_other() -> String {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes);
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("claim-{hexadecimal}")
}
