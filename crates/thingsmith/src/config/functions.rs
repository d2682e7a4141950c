//! `[functions]`: how customers' code is run, and functions that are reached over HTTP.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use thingsmith_core::functions::{Configured, FunctionName};
use thingsmith_functions::{Config, Isolation, LocalConfig, Runtime};
use thingsmith_model::{Account, Region, Secret};
use thingsmith_ports::{FunctionCredentials, FunctionKind};

use super::access_keys::RedactedText;
use super::{Settings, duration, secret};

/// How functions are run; what is not given has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionsSection {
    /// Whether functions with code of their own are run on this machine; only with --dev if not given.
    pub local: Option<bool>,
    /// How far their processes are kept from the machine.
    pub isolation: Option<IsolationChoice>,
    /// The first of the numbers of users that their processes are given where the server is root.
    pub first_user: Option<u32>,
    /// How many such numbers there are.
    pub users: Option<u32>,
    /// Processes of all functions.
    pub workers: Option<NonZeroUsize>,
    /// Processes of one function, which is how many of its calls run at once.
    pub workers_per_function: Option<NonZeroUsize>,
    /// How long a process waits for its next call before it is ended, as `"5m"`.
    #[serde(default, deserialize_with = "duration")]
    pub idle: Option<Duration>,
    /// Folders and files that their processes may read besides the system's programs.
    #[serde(default)]
    pub readable: Vec<PathBuf>,
    /// A file with roots, as PEM, that servers of `https` URLs may have besides the system's.
    pub roots_file: Option<PathBuf>,
    /// What runs which runtime, tried before what the server knows itself.
    #[serde(default)]
    pub runtimes: Vec<RuntimeSection>,
    /// Functions that events are posted to.
    #[serde(default)]
    pub http: Vec<HttpSection>,
    /// Functions of other endpoints that speak Lambda's Invoke.
    #[serde(default)]
    pub remote: Vec<RemoteSection>,
}

/// How far a function's process is kept from the machine.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IsolationChoice {
    /// As far as the machine allows.
    Best,
    /// Namespaces of its own.
    Required,
    /// A user of its own.
    Users,
    /// The server's own user.
    Off,
}

/// What runs the functions of a runtime.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeSection {
    /// AWS's name of the runtime, or its beginning and an asterisk.
    pub runtime: String,
    /// Program and arguments; `{handler}` and `{task_root}` stand for the function's.
    pub command: Vec<String>,
}

/// A function that events are posted to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSection {
    /// Its name.
    pub name: String,
    /// Where events are posted to.
    pub url: String,
    /// Headers of the requests.
    #[serde(default)]
    pub headers: BTreeMap<String, RedactedText>,
    /// How long a call may take; 3 seconds if not given.
    #[serde(default, deserialize_with = "duration")]
    pub timeout: Option<Duration>,
    /// The account that it is of; the server's if not given.
    pub account: Option<Account>,
    /// The region that it is of; the server's if not given.
    pub region: Option<Region>,
}

/// A function of another endpoint that speaks Lambda's Invoke.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteSection {
    /// Its name here.
    pub name: String,
    /// The URL of the endpoint.
    pub endpoint: String,
    /// The region that requests are signed for; the server's if not given.
    pub signing_region: Option<Region>,
    /// Its name or ARN there; its name here if not given.
    pub function: Option<String>,
    /// The access key id that signs; none sends requests unsigned.
    pub access_key_id: Option<String>,
    /// The secret that signs.
    pub secret_access_key: Option<RedactedText>,
    /// Or the file that holds the secret.
    pub secret_access_key_file: Option<PathBuf>,
    /// How long a call may take; 3 seconds if not given.
    #[serde(default, deserialize_with = "duration")]
    pub timeout: Option<Duration>,
    /// The account that it is of; the server's if not given.
    pub account: Option<Account>,
    /// The region that it is of; the server's if not given.
    pub region: Option<Region>,
}

/// How long a call may take when nothing is said, as AWS has it.
const TIMEOUT: Duration = Duration::from_secs(3);

impl FunctionsSection {
    /// How functions are run by a server with these settings.
    ///
    /// # Errors
    /// When the roots cannot be read.
    pub fn config(&self, settings: &Settings) -> Result<Config> {
        let roots_pem = match &self.roots_file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("functions: {} cannot be read", path.display()))?,
        };
        let local = self.local.unwrap_or(settings.dev);
        Ok(Config {
            local: local.then(|| self.local_config(settings)),
            roots_pem,
        })
    }

    fn local_config(&self, settings: &Settings) -> LocalConfig {
        let folder = settings.data_dir.join("functions");
        let mut config = LocalConfig::new(folder.join("code"), folder.join("logs"));
        config.hidden.push(settings.data_dir.clone());
        config.readable.clone_from(&self.readable);
        if let Some(isolation) = self.isolation {
            config.isolation = isolation.into();
        }
        let first = self.first_user.unwrap_or(config.users.start);
        let count = self.users.unwrap_or(config.users.end - config.users.start);
        config.users = first..first.saturating_add(count);
        config.workers = self.workers.map_or(config.workers, NonZeroUsize::get);
        config.workers_per_function = self
            .workers_per_function
            .map_or(config.workers_per_function, NonZeroUsize::get);
        config.idle = self.idle.unwrap_or(config.idle);
        let own = self.runtimes.iter().map(|it| Runtime {
            pattern: it.runtime.clone(),
            command: it.command.clone(),
        });
        config.runtimes = own.chain(config.runtimes).collect();
        config
    }

    /// The functions that the file has, of a server of this account and region.
    ///
    /// # Errors
    /// When one cannot be called so, or two have one name.
    pub fn functions(&self, account: &Account, region: &Region) -> Result<Vec<Configured>> {
        let http = self.http.iter().map(|it| it.read(account, region));
        let remote = self.remote.iter().map(|it| it.read(account, region));
        let functions = http.chain(remote).collect::<Result<Vec<_>>>()?;
        for (at, one) in functions.iter().enumerate() {
            let same = |it: &&Configured| {
                (&it.name, &it.account, &it.region) == (&one.name, &one.account, &one.region)
            };
            ensure!(
                !functions[..at].iter().any(|it| same(&it)),
                "functions: there are two of the name {}",
                one.name
            );
        }
        for runtime in &self.runtimes {
            ensure!(
                !runtime.command.is_empty(),
                "functions: the runtime {} has no command",
                runtime.runtime
            );
        }
        Ok(functions)
    }
}

impl HttpSection {
    fn read(&self, account: &Account, region: &Region) -> Result<Configured> {
        let headers = self.headers.iter();
        let kind = FunctionKind::Http {
            url: checked_url(&self.name, &self.url)?,
            headers: headers
                .map(|(name, value)| (name.clone(), Secret::new(value.expose().to_owned())))
                .collect(),
        };
        Ok(Configured {
            account: self.account.clone().unwrap_or_else(|| account.clone()),
            region: self.region.clone().unwrap_or_else(|| region.clone()),
            name: checked_name(&self.name)?,
            kind,
            timeout: self.timeout.unwrap_or(TIMEOUT),
        })
    }
}

impl RemoteSection {
    fn read(&self, account: &Account, region: &Region) -> Result<Configured> {
        let name = &self.name;
        let credentials = match &self.access_key_id {
            None => None,
            Some(id) => {
                let inline = self
                    .secret_access_key
                    .as_ref()
                    .map(|text| text.expose().to_owned());
                let file = self.secret_access_key_file.as_deref();
                let secret = secret("secret_access_key", inline.as_ref(), file)
                    .with_context(|| format!("functions: {name} cannot be signed for"))?;
                Some(FunctionCredentials {
                    access_key_id: id.clone(),
                    secret: Secret::new(secret),
                    session_token: None,
                    expires_at: None,
                })
            }
        };
        let signing_region = self.signing_region.as_ref().unwrap_or(region);
        Ok(Configured {
            account: self.account.clone().unwrap_or_else(|| account.clone()),
            region: self.region.clone().unwrap_or_else(|| region.clone()),
            name: checked_name(name)?,
            kind: FunctionKind::Remote {
                endpoint: checked_url(name, &self.endpoint)?,
                region: signing_region.to_string(),
                function: self.function.clone().unwrap_or_else(|| name.clone()),
                credentials,
            },
            timeout: self.timeout.unwrap_or(TIMEOUT),
        })
    }
}

fn checked_name(name: &str) -> Result<String> {
    let plain = name.parse::<FunctionName>().is_ok_and(|read| read.name == name);
    ensure!(plain, "functions: {name:?} is not the name of a function");
    Ok(name.to_owned())
}

fn checked_url(name: &str, url: &str) -> Result<String> {
    ensure!(
        url.starts_with("https://") || url.starts_with("http://"),
        "functions: {name} has no http:// or https:// URL"
    );
    Ok(url.to_owned())
}

impl From<IsolationChoice> for Isolation {
    fn from(choice: IsolationChoice) -> Self {
        match choice {
            IsolationChoice::Best => Self::Best,
            IsolationChoice::Required => Self::Required,
            IsolationChoice::Users => Self::Users,
            IsolationChoice::Off => Self::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Configured>> {
        let section: FunctionsSection = toml::from_str(text)?;
        section.functions(&"123456789012".parse()?, &"us-east-1".parse()?)
    }

    #[test]
    fn functions_of_the_file_are_read() {
        let functions = read(
            r#"
            local = true
            isolation = "users"
            [[runtimes]]
            runtime = "python3*"
            command = ["/opt/python", "-m", "awslambdaric", "{handler}"]
            [[http]]
            name = "hook"
            url = "https://hooks.example.com/iot"
            headers = { authorization = "Bearer x" }
            timeout = "500ms"
            [[remote]]
            name = "far"
            endpoint = "http://127.0.0.1:3001"
            access_key_id = "AKIAEXAMPLE"
            secret_access_key = "secret"
            region = "eu-west-1"
            "#,
        )
        .unwrap();
        assert_eq!(functions[0].timeout, Duration::from_millis(500));
        assert!(!format!("{functions:?}").contains("Bearer"));
        assert_eq!(
            (functions[1].region.as_str(), functions[1].timeout),
            ("eu-west-1", TIMEOUT)
        );
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        for wrong in [
            "[[http]]\nname = \"a\"\nurl = \"ftp://a\"",
            "[[http]]\nname = \"a b\"\nurl = \"http://a\"",
            "[[http]]\nname = \"a:1\"\nurl = \"http://a\"",
            "[[http]]\nname = \"a\"\nurl = \"http://a\"\n[[remote]]\nname = \"a\"\nendpoint = \"http://a\"",
            "[[remote]]\nname = \"a\"\nendpoint = \"http://a\"\naccess_key_id = \"a\"",
            "[[runtimes]]\nruntime = \"a\"\ncommand = []",
            "[[http]]\nname = \"a\"\nurl = \"http://a\"\ntimeout = \"soon\"",
            "lokal = true",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
