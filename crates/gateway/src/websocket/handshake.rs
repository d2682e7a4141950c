//! The handshake (RFC 6455, 4.2): what a client must say, and what it is answered.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Version};
use thiserror::Error;

/// The protocols of which one must be offered, the preferred first (MQTT 5, 6). The second is what clients of MQTT 3.1 ask
/// for, and some of 3.1.1.
const PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];
/// RFC 6455, 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A WebSocket that a client wants to open.
#[derive(Debug)]
pub(crate) struct Offer {
    protocol: &'static str,
    accept: HeaderValue,
}

/// Why no WebSocket can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NoHandshake {
    /// It is no request for one.
    #[error("This is where a WebSocket opens: GET with Upgrade: websocket and Connection: Upgrade.")]
    NoUpgrade,
    /// Another version than 13.
    #[error("Sec-WebSocket-Version must be 13.")]
    Version,
    /// No key, or one that cannot be one.
    #[error("Sec-WebSocket-Key must be 16 bytes in base64.")]
    Key,
    /// None of ours among its protocols.
    #[error("Sec-WebSocket-Protocol must offer mqtt.")]
    Protocol,
}

impl Offer {
    /// Reads the head of a request.
    ///
    /// # Errors
    /// [`NoHandshake`]
    pub(crate) fn read(head: &Parts) -> Result<Self, NoHandshake> {
        let headers = &head.headers;
        let asks = head.method == Method::GET
            && head.version == Version::HTTP_11
            && has_token(headers, &UPGRADE, "websocket")
            && has_token(headers, &CONNECTION, "upgrade");
        if !asks {
            return Err(NoHandshake::NoUpgrade);
        }
        if single(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err(NoHandshake::Version);
        }
        let key = single(headers, &SEC_WEBSOCKET_KEY).ok_or(NoHandshake::Key)?;
        if STANDARD.decode(key).map_or(0, |key| key.len()) != 16 {
            return Err(NoHandshake::Key);
        }
        let protocol = PROTOCOLS
            .into_iter()
            .find(|protocol| has_token(headers, &SEC_WEBSOCKET_PROTOCOL, protocol))
            .ok_or(NoHandshake::Protocol)?;
        Ok(Self {
            protocol,
            accept: accept(key),
        })
    }

    /// The headers of the answer, whose status is 101.
    pub(crate) fn answer(self) -> [(HeaderName, HeaderValue); 4] {
        [
            (UPGRADE, HeaderValue::from_static("websocket")),
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (SEC_WEBSOCKET_ACCEPT, self.accept),
            (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(self.protocol)),
        ]
    }
}

/// RFC 6455, 4.2.2: by which the client knows that a server of WebSockets read its key.
fn accept(key: &str) -> HeaderValue {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key.as_bytes());
    context.update(GUID);
    let accept = STANDARD.encode(context.finish());
    HeaderValue::try_from(accept).expect("base64 is a header's value")
}

/// Whether a list has a token, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|given| given.trim().eq_ignore_ascii_case(token))
}

fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(only), None) => only.to_str().ok().map(str::trim),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::accept;

    #[test]
    fn a_key_is_accepted_as_in_the_rfc() {
        // RFC 6455, 1.3.
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
