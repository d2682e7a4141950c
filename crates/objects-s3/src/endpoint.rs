//! The other server: where it is, and who this one is to it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::ClientConfig;
use thingsmith_model::Secret;
use thingsmith_ports::Clock;
use thingsmith_sigv4::Signer;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use crate::connections::Connections;

/// What is configured of a server.
#[derive(Clone)]
pub struct Config {
    /// Its URL: scheme, host, perhaps a port.
    pub url: String,
    /// The region to sign for.
    pub region: String,
    /// Whether buckets are named in the path; else in the host.
    pub path_style: bool,
    /// The access key id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Secret<String>,
    /// Whether it may be spoken to without TLS when it is not on this machine.
    pub plain_http: bool,
    /// Whom TLS trusts.
    pub tls: Arc<ClientConfig>,
}

/// Why a server cannot be used.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// A server that speaks S3.
pub struct Endpoint {
    pub(crate) connections: Connections,
    pub(crate) signer: Signer,
    pub(crate) clock: Arc<dyn Clock>,
    /// Puts that hold bytes of theirs in memory.
    pub(crate) putting: Semaphore,
    /// The host and its port, as its URL has them.
    authority: String,
    path_style: bool,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.authority).finish()
    }
}

/// Most puts that hold bytes of theirs in memory.
const MOST_PUTTING: usize = 32;

/// What a path has of a key as it is: what AWS's canonical form has.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

impl Endpoint {
    /// A server of which nothing is asked yet.
    ///
    /// # Errors
    /// When its URL is none, or leads to another machine without TLS and that is not allowed.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, ConfigError> {
        let wrong = |text: &str| ConfigError(format!("the endpoint {:?} {text}", config.url));
        let uri: Uri = config.url.parse().map_err(|_| wrong("is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("begins with neither https:// nor http://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(wrong("must name a host, and no user"));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("must end behind its host and port"));
        }
        let host = authority.host().trim_matches(['[', ']']);
        if !secure && !config.plain_http && !is_this_machine(host) {
            return Err(wrong(
                "is without TLS and not on this machine, which plain_http = true allows",
            ));
        }
        if !config.path_style && host.parse::<IpAddr>().is_ok() {
            return Err(wrong(
                "is an address, and a bucket cannot stand before one: path_style = true",
            ));
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Arc::new(Self {
            connections: Connections::new(secure.then(|| TlsConnector::from(config.tls)), port),
            signer: Signer {
                access_key_id: config.access_key_id,
                secret_access_key: config.secret_access_key,
                session_token: None,
                region: config.region,
                service: "s3".into(),
            },
            clock,
            putting: Semaphore::new(MOST_PUTTING),
            authority: authority.as_str().to_owned(),
            path_style: config.path_style,
        }))
    }

    /// Its name in messages.
    pub(crate) fn name(&self) -> &str {
        &self.authority
    }

    /// The host and the path of an object, or of a bucket where there is no key.
    pub(crate) fn address(&self, bucket: &str, key: &str) -> (String, String) {
        let key = utf8_percent_encode(key, PATH);
        match self.path_style {
            true if key.clone().next().is_none() => (self.authority.clone(), format!("/{bucket}")),
            true => (self.authority.clone(), format!("/{bucket}/{key}")),
            false => (format!("{bucket}.{}", self.authority), format!("/{key}")),
        }
    }
}

/// Whether a host is this machine, by name (RFC 6761, 6.3) or address.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let named = host == "localhost" || host.ends_with(".localhost");
    named || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use thingsmith_model::Timestamp;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(0)
        }
    }

    fn endpoint(url: &str, path_style: bool, plain_http: bool) -> Result<Arc<Endpoint>, ConfigError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let config = Config {
            url: url.into(),
            region: "eu-west-1".into(),
            path_style,
            access_key_id: "AKIA".into(),
            secret_access_key: Secret::new("secret".into()),
            plain_http,
            tls: Arc::new(tls),
        };
        Endpoint::new(config, Arc::new(Still))
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_it_is_said() {
        for fine in [
            "http://127.0.0.1:9000",
            "http://localhost",
            "http://[::1]:1/",
            "https://s3.example",
        ] {
            assert!(endpoint(fine, true, false).is_ok(), "{fine}");
        }
        assert!(endpoint("http://10.1.2.3:9000", true, false).is_err());
        assert!(endpoint("http://localhost.example", true, false).is_err());
        assert!(endpoint("http://10.1.2.3:9000", true, true).is_ok());
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for wrong in [
            "",
            "s3.example",
            "ftp://s3.example",
            "https://user@s3.example",
            "https://s3.example/path",
            "https://s3.example?a=b",
        ] {
            assert!(endpoint(wrong, true, true).is_err(), "{wrong}");
        }
        assert!(endpoint("https://127.0.0.1", false, false).is_err());
    }

    #[test]
    fn a_bucket_stands_in_the_path_or_in_the_host() {
        let path = endpoint("https://s3.example:9000", true, false).unwrap();
        let host = endpoint("https://s3.example:9000", false, false).unwrap();
        let both = |key: &str| (path.address("bucket", key), host.address("bucket", key));
        let pair = |host: &str, path: &str| (host.to_owned(), path.to_owned());
        assert_eq!(
            both("a b/ä+"),
            (
                pair("s3.example:9000", "/bucket/a%20b/%C3%A4%2B"),
                pair("bucket.s3.example:9000", "/a%20b/%C3%A4%2B")
            )
        );
        assert_eq!(
            both(""),
            (
                pair("s3.example:9000", "/bucket"),
                pair("bucket.s3.example:9000", "/")
            )
        );
    }
}
