//! Where the server listens.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpSocket};

use crate::config::Settings;

/// What is listened to, before anybody is served.
pub(super) struct Listeners {
    pub(super) api: TcpListener,
    pub(super) mqtt: TcpListener,
    pub(super) https: Vec<TcpListener>,
    pub(super) browsers: Vec<TcpListener>,
    pub(super) admin: TcpListener,
}

impl Listeners {
    /// Takes every address.
    ///
    /// # Errors
    /// Names the option whose address cannot be had.
    pub(super) fn open(settings: &Settings) -> Result<Self> {
        let all = |flag: &str, addresses: &[SocketAddr]| {
            addresses
                .iter()
                .map(|address| listen(flag, *address))
                .collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            api: listen("--api", settings.api)?,
            mqtt: listen("--mqtt", settings.mqtt)?,
            https: all("--https", &settings.https)?,
            browsers: all("--https-browsers", &settings.https_browsers)?,
            admin: listen("--admin", settings.admin)?,
        })
    }
}

/// How many connections may wait in the kernel. It takes as many as it allows (Linux: `net.core.somaxconn`).
const BACKLOG: u32 = 65_535;

fn listen(flag: &str, address: SocketAddr) -> Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A server that starts again does not wait for its old connections' last minutes.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().with_context(|| format!("{flag} {address}: the server cannot listen there"))
}

pub(super) fn bound(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().context("a listener has no address")
}

/// Where the API is reached: at its address, or by the server's name when it listens on every address.
pub(super) fn api_url(settings: &Settings, bound: SocketAddr) -> String {
    let scheme = if settings.api_tls { "https" } else { "http" };
    if bound.ip().is_unspecified() {
        return format!("{scheme}://{}:{}", settings.domain, bound.port());
    }
    format!("{scheme}://{bound}")
}
