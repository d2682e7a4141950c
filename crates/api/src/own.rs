//! Thingsmith's own endpoints on AWS's port, and the guard of a development server.

use std::net::IpAddr;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{AUTHORIZATION, HOST, ORIGIN};
use hyper::http::request::Parts;
use thingsmith_core::{Code, reset, topic_rule_destinations};

use crate::Api;
use crate::protocol::{EdgeError, Reply};

impl Api {
    /// The answer to a request for one of our own endpoints; [`None`] if it is for AWS.
    pub(crate) async fn answer_own(&self, head: &Parts) -> Option<Reply> {
        let json = |status, text: &'static str| {
            Some(Reply {
                status,
                content_type: "application/json",
                error_type: None,
                headers: Vec::new(),
                body: Bytes::from_static(text.as_bytes()),
            })
        };
        match (&head.method, head.uri.path()) {
            (&Method::GET | &Method::HEAD, "/health") => json(200, r#"{"status":"alive"}"#),
            (&Method::GET | &Method::HEAD, "/ready") => match self.readiness.ask(&self.deeds).await {
                true => json(200, r#"{"status":"ready"}"#),
                false => json(503, r#"{"status":"not ready"}"#),
            },
            (&Method::GET | &Method::HEAD, "/_thingsmith/ca.pem") => Some(Reply {
                status: 200,
                content_type: "application/x-pem-file",
                error_type: None,
                headers: Vec::new(),
                body: self.deeds.authorities().endpoint_roots_pem().into(),
            }),
            (&Method::POST, "/_thingsmith/reset") if self.config.dev => match reset::reset(&self.deeds).await
            {
                Ok(()) => json(200, r#"{"status":"reset"}"#),
                Err(cause) => {
                    tracing::error!(%cause, "the registry could not be reset");
                    json(500, r#"{"status":"failed"}"#)
                }
            },
            // Whoever received the token needs no key (guide, "Confirming topic rule destinations"). With one, the
            // operation answers.
            (&Method::GET, path)
                if !head.headers.contains_key(AUTHORIZATION) && !is_presigned(head.uri.query()) =>
            {
                let token = path.strip_prefix("/confirmdestination/")?;
                match topic_rule_destinations::confirm_destination(&self.deeds, None, token).await {
                    Ok(()) => json(200, r#"{"status":"confirmed"}"#),
                    Err(fault) if fault.code == Code::InvalidRequest => {
                        json(400, r#"{"status":"not confirmed"}"#)
                    }
                    Err(cause) => {
                        tracing::error!(%cause, "a topic rule destination could not be confirmed");
                        json(500, r#"{"status":"failed"}"#)
                    }
                }
            }
            _ => None,
        }
    }
}

fn is_presigned(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.contains("X-Amz-Signature="))
}

/// Refuses what a web page could send to a development server, where no secret is needed: a page of another origin, and
/// one whose name was made to lead here.
///
/// # Errors
/// [`EdgeError::ForeignPage`]
pub(crate) fn guard(head: &Parts) -> Result<(), EdgeError> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default(),
        _ => {
            return Err(EdgeError::ForeignPage(
                "A development server needs one Host header.",
            ));
        }
    };
    let authority = head.uri.authority().map_or(host, |authority| authority.as_str());
    if !is_loopback(host) || !is_loopback(authority) {
        return Err(EdgeError::ForeignPage(
            "A development server answers to localhost, names that end in .localhost, 127.0.0.1 and [::1] only.",
        ));
    }
    let foreign = |origin: &hyper::header::HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let host = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        !host.is_some_and(is_loopback)
    };
    if head.headers.get_all(ORIGIN).iter().any(foreign) {
        return Err(EdgeError::ForeignPage(
            "A development server takes no requests from pages of other sites.",
        ));
    }
    Ok(())
}

/// Whether `host[:port]` names this machine to itself.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address, port.strip_prefix(':').or(port.is_empty().then_some(""))),
            None => return false,
        },
        None => host
            .split_once(':')
            .map_or((host, Some("")), |(name, port)| (name, Some(port))),
    };
    if !port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        return false;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = name.to_ascii_lowercase();
    // RFC 6761 6.3: these never leave the machine.
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_the_machines_own_names_are_loopback() {
        for own in [
            "localhost",
            "localhost:4566",
            "a-ats.iot.eu-west-1.localhost:8443",
            "127.0.0.1:1",
            "[::1]:4566",
            "[::1]",
            "LOCALHOST",
        ] {
            assert!(is_loopback(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "10.0.0.1",
            "[::2]",
            "[::1",
            "[::1]x",
            "localhost:80@evil.example",
            "0.0.0.0",
            "localhost:x",
        ] {
            assert!(!is_loopback(foreign), "{foreign}");
        }
    }
}
