//! Bodies in signed chunks, as AWS's SDKs for Java and C++ send them (S3 API reference, "Signature Calculations for the
//! Authorization Header: Transferring Payload in Multiple Chunks" and "... Including Trailing Headers"). They are signed here anew,
//! so that the server's own crate is not asked about itself.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use thingsmith_ports::Clock as _;
use thingsmith_sigv4::{PayloadHash, Request, sign};
use thingsmith_testkit::{Reply, raw};

use super::S3;

/// A PUT whose body comes in chunks.
pub(super) struct Streamed {
    server: std::net::SocketAddr,
    /// Everything but the length of the body.
    head: String,
    /// The chunks with their lines, and last the empty one with what follows it.
    pub(super) pieces: Vec<Vec<u8>>,
}

impl Streamed {
    /// A request that is as it must be.
    pub(super) fn new(s3: &S3<'_>, target: &str, chunks: &[&str], trailer: Option<(&str, &str)>) -> Self {
        let payload = match trailer {
            None => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Some(_) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        };
        let (signer, host) = (&s3.client.signer, s3.server.address.to_string());
        let length = chunks.iter().map(|chunk| chunk.len()).sum::<usize>().to_string();
        let time = time(s3);
        let mut headers = vec![
            ("content-encoding", "aws-chunked"),
            ("host", &host),
            ("x-amz-content-sha256", payload),
            ("x-amz-date", &time),
            ("x-amz-decoded-content-length", &length),
        ];
        headers.extend(trailer.map(|(name, _)| ("x-amz-trailer", name)));
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let canonical: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!("PUT\n{target}\n\n{canonical}\n{names}\n{payload}");
        let scope = format!("{}/{}/s3/aws4_request", &time[..8], signer.region);
        let secret = format!("AWS4{}", signer.secret_access_key.expose_secret());
        let key = [&time[..8], &signer.region, "s3", "aws4_request"]
            .iter()
            .fold(secret.into_bytes(), |key, part| hmac(&key, part));
        let signed =
            |algorithm: &str, rest: &str| hex(&hmac(&key, &format!("{algorithm}\n{time}\n{scope}\n{rest}")));
        let mut signature = signed("AWS4-HMAC-SHA256", &sha256(canonical.as_bytes()));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            signer.access_key_id
        );
        let mut head =
            format!("PUT {target} HTTP/1.1\r\nauthorization: {authorization}\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut pieces = Vec::new();
        for chunk in chunks.iter().chain(&[""]) {
            let rest = format!("{signature}\n{}\n{}", sha256(b""), sha256(chunk.as_bytes()));
            signature = signed("AWS4-HMAC-SHA256-PAYLOAD", &rest);
            let line = format!("{:x};chunk-signature={signature}\r\n", chunk.len());
            let end = if chunk.is_empty() { "" } else { "\r\n" };
            pieces.push(format!("{line}{chunk}{end}").into_bytes());
        }
        let mut end = String::new();
        if let Some((name, value)) = trailer {
            let rest = format!("{signature}\n{}", sha256(format!("{name}:{value}\n").as_bytes()));
            signature = signed("AWS4-HMAC-SHA256-TRAILER", &rest);
            end = format!("{name}:{value}\r\nx-amz-trailer-signature:{signature}\r\n");
        }
        end.push_str("\r\n");
        if let Some(last) = pieces.last_mut() {
            last.extend(end.bytes());
        }
        Self {
            server: s3.server.address,
            head,
            pieces,
        }
    }

    /// Puts another text in the place of one within a piece.
    pub(super) fn change(mut self, piece: usize, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.pieces[piece].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        self.pieces[piece] = text.replacen(from, to, 1).into_bytes();
        self
    }

    /// The signature of a chunk.
    pub(super) fn signature(&self, piece: usize) -> String {
        let text = String::from_utf8(self.pieces[piece].clone()).unwrap();
        let (_, rest) = text.split_once("chunk-signature=").unwrap();
        rest[..64].to_owned()
    }

    /// The request, whose body has the length that it says.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let body = self.pieces.concat();
        let head = format!("{}content-length: {}\r\n\r\n", self.head, body.len());
        [head.into_bytes(), body].concat()
    }

    pub(super) async fn send(&self) -> Reply {
        raw(self.server, &self.bytes()).await
    }
}

/// The time as requests have it.
fn time(s3: &S3<'_>) -> String {
    let request = Request {
        method: "GET",
        target: b"/",
        headers: &[("host", b"localhost")],
    };
    let now = s3.server.clock.now();
    let signed = sign(&s3.client.signer, &request, PayloadHash::UNSIGNED, now).unwrap();
    let found = signed.into_iter().find(|(name, _)| *name == "x-amz-date");
    found.unwrap().1
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
