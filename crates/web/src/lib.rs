//! Sends requests to URLs that customers give: those of the HTTP actions of topic rules.
//!
//! Whoever may make rules chooses where this server connects to, so that an address inside its own network, or of this
//! machine, would open what is closed to them. The name is resolved here, every address is looked at, and the connection
//! goes to an address that was: a name that answers differently the second time gains nothing. Redirects are not followed.

mod addresses;
mod client;
mod tls;

use std::net::SocketAddr;

use async_trait::async_trait;
use thingsmith_ports::{Web, WebError, WebRequest};
use thiserror::Error;
use tokio::time::timeout;

use addresses::is_public;
use client::Url;
use tls::Tls;
pub use tls::client_config;

/// Where requests may lead.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Also to this machine and to private networks.
    pub private_addresses: bool,
    /// Also without TLS.
    pub plain_http: bool,
    /// Certificates (PEM) that are trusted beside the system's.
    pub roots_pem: String,
}

/// Why there is no client.
#[derive(Debug, Error)]
#[error("the certificates to trust cannot be used: {0}")]
pub struct RootsError(String);

/// Sends requests, each on a connection of its own.
pub struct HttpWeb {
    config: Config,
    tls: Tls,
}

impl HttpWeb {
    /// A client.
    ///
    /// # Errors
    /// See [`RootsError`].
    pub fn new(config: Config) -> Result<Self, RootsError> {
        let tls = Tls::new(&config.roots_pem)?;
        Ok(Self { config, tls })
    }

    async fn send(&self, request: WebRequest) -> Result<u16, WebError> {
        let url = Url::parse(&request.url).map_err(WebError::NotAllowed)?;
        if !url.is_secure && !self.config.plain_http {
            return Err(WebError::NotAllowed(format!(
                "{url} is without TLS, which this server is not configured to allow"
            )));
        }
        let address = self.resolve(&url).await?;
        client::post(&url, address, request, &self.tls).await
    }

    /// An address of the host. One that is not allowed refuses them all: no owner of a public name mixes them.
    async fn resolve(&self, url: &Url) -> Result<SocketAddr, WebError> {
        let found = tokio::net::lookup_host((url.host.as_str(), url.port)).await;
        let found = found.map_err(|cause| WebError::Unreachable(format!("{}: {cause}", url.host)))?;
        let found: Vec<SocketAddr> = found.collect();
        if !self.config.private_addresses
            && let Some(address) = found.iter().find(|address| !is_public(address.ip()))
        {
            return Err(WebError::NotAllowed(format!(
                "{} leads to {}, which is no public address",
                url.host,
                address.ip()
            )));
        }
        let first = found.first().copied();
        first.ok_or_else(|| WebError::Unreachable(format!("{} has no address", url.host)))
    }
}

#[async_trait]
impl Web for HttpWeb {
    async fn post(&self, request: WebRequest) -> Result<u16, WebError> {
        let patience = request.timeout;
        timeout(patience, self.send(request))
            .await
            .unwrap_or(Err(WebError::TimedOut))
    }
}
