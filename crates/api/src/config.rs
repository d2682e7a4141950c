//! The edge's settings.

use std::time::Duration;

use thingsmith_model::{Account, Region};

/// The edge's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The account of this server. Its realm in `region` is the default one.
    pub account: Account,
    /// The region of this server.
    pub region: Region,
    /// The name under which devices reach the default realm; the names of all others end in it.
    pub domain: String,
    /// Whether this is a development server: unknown keys are taken, requests from web pages are refused, and the
    /// registry can be reset.
    pub dev: bool,
    /// Connections served at once; further ones wait in the listener's queue.
    pub connections: usize,
    /// Most bytes of a request's body. AWS's largest member, a policy document, has 404,600 characters, of up to six
    /// bytes each when a client escapes them all.
    pub body_bytes: usize,
    /// How long a client may take for the head of a request; a connection without requests is closed after it.
    pub head_timeout: Duration,
    /// How long a client may take for a request's body.
    pub body_timeout: Duration,
    /// How long requests that are under way when the server is told to end may still take.
    pub drain_timeout: Duration,
}

impl Config {
    /// The default settings for a server of this account and region.
    pub fn new(account: Account, region: Region) -> Self {
        Self {
            account,
            region,
            domain: "localhost".into(),
            dev: false,
            connections: 4096,
            body_bytes: 1 << 20,
            head_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(8),
        }
    }
}
