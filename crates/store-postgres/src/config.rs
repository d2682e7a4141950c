//! Which server, and how much of it.

use std::time::Duration;

use thiserror::Error;
use tokio_postgres::config::{Host, SslMode};

/// How the store is opened. Its `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) server: tokio_postgres::Config,
    /// The schema in which the tables are, which must exist; the server's default when not given.
    pub schema: Option<String>,
    /// Connections that reads share.
    pub readers: usize,
    /// Connections for batches, each of which has its own while it runs.
    pub writers: usize,
    /// After this long a read is given up with [`thingsmith_ports::StoreError::Retry`].
    pub read_deadline: Duration,
}

/// Why an address of a server is not one.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("not the address of a PostgreSQL server: {0}")]
    Address(String),
    /// It asks for an encrypted connection, which this store cannot make.
    #[error(
        "connections to PostgreSQL are not encrypted: ask for sslmode=disable, and have the server on this machine, \
         on a private network or behind a tunnel"
    )]
    Encrypted,
}

impl Config {
    /// Reads `postgres://user:password@host:port/database?option=value`, or `host=... user=...`. Four connections for
    /// reads, sixteen for batches, five seconds.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(address: &str) -> Result<Self, ConfigError> {
        // The client library does not know verify-ca and verify-full; to call them unknown would mislead.
        if address.contains("sslmode=verify") {
            return Err(ConfigError::Encrypted);
        }
        let mut server: tokio_postgres::Config = address
            .parse()
            .map_err(|cause| ConfigError::Address(crate::errors::describe(&cause)))?;
        if server.get_ssl_mode() == SslMode::Require {
            return Err(ConfigError::Encrypted);
        }
        if server.get_hosts().is_empty() && server.get_hostaddrs().is_empty() {
            return Err(ConfigError::Address("it names no host".into()));
        }
        server.ssl_mode(SslMode::Disable);
        server.application_name("thingsmith");
        // A server that vanished without a word is found out in half a minute.
        server.connect_timeout(Duration::from_secs(5));
        server.tcp_user_timeout(Duration::from_secs(20));
        server.keepalives_idle(Duration::from_secs(15));
        server.keepalives_interval(Duration::from_secs(5));
        server.keepalives_retries(3);
        Ok(Self {
            server,
            schema: None,
            readers: 4,
            writers: 16,
            read_deadline: Duration::from_secs(5),
        })
    }

    /// The store of messages on the same server: half as many connections.
    #[must_use]
    pub fn messages(&self) -> Self {
        Self {
            readers: self.readers.div_ceil(2),
            writers: self.writers.div_ceil(2),
            ..self.clone()
        }
    }

    /// The server and the database for people to read, without user and password.
    pub fn server_name(&self) -> String {
        let hosts = self.server.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let addresses = self.server.get_hostaddrs().iter().map(ToString::to_string);
        let names: Vec<_> = match self.server.get_hosts() {
            [] => addresses.collect(),
            _ => hosts.collect(),
        };
        let ports: Vec<_> = self.server.get_ports().iter().map(ToString::to_string).collect();
        let ports = if ports.is_empty() {
            "5432".to_owned()
        } else {
            ports.join(",")
        };
        let database = self.server.get_dbname().unwrap_or_default();
        format!("{}:{ports}/{database}", names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError};

    #[test]
    fn an_address_that_asks_for_encryption_is_refused() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let address = format!("postgres://user:word@db.example:5432/things?sslmode={mode}");
            assert!(
                matches!(Config::parse(&address), Err(ConfigError::Encrypted)),
                "{mode}"
            );
        }
        let key_value = Config::parse("host=db.example user=me dbname=things sslmode=require");
        assert!(matches!(key_value, Err(ConfigError::Encrypted)));
        Config::parse("postgres://user:word@db.example/things?sslmode=disable").unwrap();
    }

    #[test]
    fn neither_the_configuration_nor_an_error_shows_a_password() {
        let config = Config::parse("postgres://user:hunter2@db.example:6543/things").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.server_name(), "db.example:6543/things");
        for wrong in [
            "postgres://user:hunter2@db.example:port/things",
            "password=hunter2 colour=red",
        ] {
            let refused = Config::parse(wrong).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn an_address_without_a_host_is_refused() {
        let refused = Config::parse("user=me dbname=things").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "not the address of a PostgreSQL server: it names no host"
        );
    }
}
