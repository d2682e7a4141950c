//! S3: buckets, objects and links.

mod bodies;
mod conditions;
mod copies;
mod elsewhere;
mod links;
mod objects;
mod outages;
mod rights;
mod streamed;
mod uploads;

use thingsmith_ports::Clock as _;
use thingsmith_sigv4::{PayloadHash, Request, sign};
use thingsmith_testkit::{Client, Reply, TestServer, raw};

const OTHER: &str = "210987654321";

/// A client that speaks to S3.
struct S3<'a> {
    server: &'a TestServer,
    client: Client,
}

impl<'a> S3<'a> {
    fn of(server: &'a TestServer, client: Client) -> Self {
        Self {
            server,
            client: client.service("s3"),
        }
    }

    fn administrator(server: &'a TestServer) -> Self {
        Self::of(server, server.administrator())
    }

    /// A signed request as bytes, whose body need not be what was signed.
    fn signed(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        signed: &[u8],
        body: &[u8],
    ) -> Vec<u8> {
        let host = self.server.address.to_string();
        let hash = PayloadHash::of(signed).to_hex();
        let mut all = vec![("host", host.as_str())];
        if !headers.iter().any(|(name, _)| *name == "x-amz-content-sha256") {
            all.push(("x-amz-content-sha256", &hash));
        }
        all.extend(headers);
        let named: Vec<(&str, &[u8])> = all
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let request = Request {
            method,
            target: target.as_bytes(),
            headers: &named,
        };
        let payload = match headers.iter().find(|(name, _)| *name == "x-amz-content-sha256") {
            Some((_, "UNSIGNED-PAYLOAD")) => PayloadHash::UNSIGNED,
            _ => PayloadHash::of(signed),
        };
        let added = sign(&self.client.signer, &request, payload, self.server.clock.now()).unwrap();
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        let added = added.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in all.iter().copied().chain(added) {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes
    }

    async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        raw(
            self.server.address,
            &self.signed(method, target, headers, body, body),
        )
        .await
    }

    async fn call(&self, method: &str, target: &str) -> Reply {
        self.send(method, target, &[], b"").await
    }

    async fn put(&self, target: &str, body: &str) {
        done(&self.send("PUT", target, &[], body.as_bytes()).await);
    }
}

fn text(reply: &Reply) -> String {
    let body = String::from_utf8(reply.body.clone()).unwrap();
    // What is streamed without a length comes in chunks; all of ours has one.
    assert_eq!(reply.header("transfer-encoding"), None);
    body
}

fn done(reply: &Reply) {
    assert!(
        (200..300).contains(&reply.status),
        "{}: {}",
        reply.status,
        text(reply)
    );
    assert!(reply.header("x-amz-request-id").is_some());
}

fn refused(reply: &Reply, status: u16, code: &str) {
    let text = text(reply);
    assert_eq!(reply.status, status, "{text}");
    assert!(text.contains(&format!("<Code>{code}</Code>")), "{text}");
}

async fn get(server: &TestServer, target: &str) -> Reply {
    let host = server.address;
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    raw(server.address, request.as_bytes()).await
}
