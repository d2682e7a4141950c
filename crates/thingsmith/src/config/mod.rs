//! What a server is told: flags, and a file for what flags cannot say well.

mod access_keys;
mod fleet_provisioning;
mod functions;
mod gateway;
mod issuing;
mod objects;
mod rules;
mod store;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::{Deserialize, Deserializer};
use thingsmith_model::{Account, Region};

pub use access_keys::AccessKeySection;
pub use fleet_provisioning::{FleetProvisioningSection, RateSection};
pub use functions::FunctionsSection;
pub use gateway::GatewaySection;
pub use issuing::IssuingSection;
pub use objects::{ObjectsSection, S3Section};
pub use rules::RulesSection;
pub use store::StoreChoice;

/// The flags of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Run for development: any access key is let in (twelve digits choose the account), the registry can be reset,
    /// and the server listens on this machine only
    #[arg(long)]
    pub dev: bool,
    /// Read access keys and limits from this TOML file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep everything in this directory
    #[arg(long, value_name = "DIRECTORY", default_value = "./thingsmith-data")]
    pub data_dir: PathBuf,
    /// The AWS account of this server, 12 digits; needed on the first start, and remembered. With --dev 000000000000
    /// if not given
    #[arg(long, value_name = "12 DIGITS")]
    pub account: Option<Account>,
    /// The AWS region of this server
    #[arg(long, default_value = "us-east-1")]
    pub region: Region,
    /// Answer AWS API calls (HTTP) at this address; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4566")]
    pub api: SocketAddr,
    /// Answer AWS API calls over TLS, with a certificate of the server's own authority for --domain and the address; needed
    /// wherever the API is reached from other machines
    #[arg(long)]
    pub api_tls: bool,
    /// Let devices connect (MQTT over mutual TLS) at this address; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8883")]
    pub mqtt: SocketAddr,
    /// Let devices publish over HTTPS, or speak MQTT by ALPN, at this address (AWS's ports 8443 and 443); may be given
    /// several times; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
    pub https: Vec<SocketAddr>,
    /// As --https, for browsers at this address: a client certificate is asked for only of who offers x-amzn-mqtt-ca or
    /// x-amzn-http-ca by ALPN (as on AWS's port 443), so that nobody is shown a prompt; may be given several times
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub https_browsers: Vec<SocketAddr>,
    /// Show metrics (GET /metrics, without any credential) at this address; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9566")]
    pub admin: SocketAddr,
    /// The host name by which devices reach this server
    #[arg(long, default_value = "localhost")]
    pub domain: String,
    /// Keep the registry in the embedded store or in PostgreSQL
    #[arg(long, value_name = "sqlite | postgres://...", default_value = "sqlite")]
    pub store: StoreChoice,
    /// The key that seals private keys and secrets in the store; all nodes of a store need the same one
    #[arg(
        long,
        value_name = "FILE",
        help = "The file with the key that seals secrets in the store \
        [default: DATA_DIR/seal.key, made on the first start]"
    )]
    pub seal_key: Option<PathBuf>,
}

/// The configuration file. Unknown keys are refused, so that a misspelled one does not go unnoticed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Access keys beside the administrator's.
    #[serde(default)]
    pub access_keys: Vec<AccessKeySection>,
    /// How much devices may ask for by their claims.
    #[serde(default)]
    pub fleet_provisioning: FleetProvisioningSection,
    /// How functions are run, and those that are reached over HTTP.
    #[serde(default)]
    pub functions: FunctionsSection,
    /// Bounds of the device gateway.
    #[serde(default)]
    pub gateway: GatewaySection,
    /// How certificates and keys are made.
    #[serde(default)]
    pub issuing: IssuingSection,
    /// Where the files of buckets are kept, and how much of them.
    #[serde(default)]
    pub objects: ObjectsSection,
    /// Where topic rules may send messages to.
    #[serde(default)]
    pub rules: RulesSection,
}

impl Settings {
    /// Reads the configuration file, if one is given.
    ///
    /// # Errors
    /// When it cannot be read or says what it may not.
    pub fn file(&self) -> Result<File> {
        let Some(path) = &self.config else {
            return Ok(File::default());
        };
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("{} is not a configuration of Thingsmith", path.display()))
    }

    /// Refuses what would be unsafe.
    ///
    /// # Errors
    /// The API carries private keys, so that without TLS it stays on this machine; a development server lets
    /// anybody in, so that all of it does.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.api_tls || self.api.ip().is_loopback(),
            "--api {}: private keys travel over the API, so plain HTTP is for this machine only (127.0.0.1 or [::1]); \
             --api-tls makes it HTTPS",
            self.api
        );
        ensure!(
            !self.dev || self.api.ip().is_loopback(),
            "--api {}: with --dev the server listens on this machine only (127.0.0.1 or [::1])",
            self.api
        );
        let others = [("--mqtt", self.mqtt), ("--admin", self.admin)].into_iter();
        let https = self.https.iter().map(|address| ("--https", *address));
        let browsers = self.https_browsers.iter();
        let browsers = browsers.map(|address| ("--https-browsers", *address));
        for (flag, address) in others.chain(https).chain(browsers) {
            ensure!(
                !self.dev || address.ip().is_loopback(),
                "{flag} {address}: with --dev the server listens on this machine only (127.0.0.1 or [::1])"
            );
        }
        ensure!(
            is_host_name(&self.domain),
            "--domain {:?} is not a host name in lower case; devices reach the server by name, since an address \
             carries no server name (SNI)",
            self.domain
        );
        Ok(())
    }

    /// The file of the seal key.
    pub fn seal_key_path(&self) -> PathBuf {
        self.seal_key
            .clone()
            .unwrap_or_else(|| self.data_dir.join("seal.key"))
    }
}

/// Reads a secret that the configuration gives as it is or as the path of a file.
fn secret(what: &str, inline: Option<&String>, file: Option<&Path>) -> Result<String> {
    match (inline, file) {
        (Some(text), None) => Ok(text.clone()),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            Ok(text.trim_end().to_owned())
        }
        _ => anyhow::bail!("{what} must be given, either as it is or as {what}_file"),
    }
}

/// Reads a duration such as `"30s"`.
fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    humantime::parse_duration(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

/// Reads a number of bytes such as `"512MiB"`.
fn size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    let text = String::deserialize(from)?;
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let bytes = units.into_iter().find_map(|(unit, bytes)| {
        let number: usize = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(bytes)
    });
    let wrong = || serde::de::Error::custom(format!("{text:?} is no number of KiB, MiB or GiB"));
    bytes.map(Some).ok_or_else(wrong)
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 200 && text.split('.').all(label) && text.parse::<std::net::IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Arguments;
    use clap::Parser;

    fn settings(flags: &[&str]) -> Settings {
        Arguments::try_parse_from([&["thingsmith", "serve"], flags].concat())
            .unwrap()
            .serve_settings()
            .unwrap()
    }

    #[test]
    fn what_would_be_unsafe_is_refused() {
        assert!(settings(&[]).check().is_ok());
        assert!(
            settings(&["--mqtt", "0.0.0.0:8883", "--api", "[::1]:0"])
                .check()
                .is_ok()
        );
        assert!(settings(&["--api-tls", "--api", "0.0.0.0:4566"]).check().is_ok());
        for wrong in [
            &["--api", "0.0.0.0:4566"] as &[&str],
            &["--dev", "--mqtt", "0.0.0.0:8883"],
            &["--dev", "--https", "127.0.0.1:0", "--https", "0.0.0.0:8443"],
            &["--dev", "--https-browsers", "0.0.0.0:8444"],
            &["--dev", "--admin", "0.0.0.0:9566"],
            &["--dev", "--api-tls", "--api", "0.0.0.0:4566"],
            &["--domain", "127.0.0.1"],
            &["--domain", "Example.com"],
            &["--domain", "a..b"],
        ] {
            assert!(settings(wrong).check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_unknown_key_in_the_file_is_refused() {
        assert!(toml::from_str::<File>("[gateway]\nconnections = 10\n").is_ok());
        assert!(toml::from_str::<File>("[gateway]\nconections = 10\n").is_err());
        assert!(toml::from_str::<File>("[gatway]\n").is_err());
    }

    #[test]
    fn limits_are_those_of_the_protocol_or_of_aws() {
        let gateway =
            |text: &str| toml::from_str::<File>(&format!("[gateway]\n{text}\n")).map(|it| it.gateway);
        for text in ["", "limits = \"protocol\""] {
            let section = gateway(text).unwrap();
            assert!(section.config().rates.is_none() && section.quotas().is_none());
        }
        let aws = gateway("limits = \"aws\"\nsubscriptions_per_connection = 500").unwrap();
        assert!(aws.config().rates.is_some() && aws.quotas().is_some());
        assert_eq!(aws.config().subscriptions, 500, "AWS raises it on request");
        assert!(gateway("limits = \"AWS\"").is_err());
        for (size, bytes) in [("64KiB", 65_536), ("1GiB", 1_073_741_824)] {
            let section = gateway(&format!("delivery_memory = {size:?}")).unwrap();
            assert_eq!(section.config().delivery_memory, bytes);
        }
        for wrong in ["1GB", "1024", "-1MiB", "99999999999999999999GiB"] {
            assert!(
                gateway(&format!("delivery_memory = {wrong:?}")).is_err(),
                "{wrong}"
            );
        }
    }
}
