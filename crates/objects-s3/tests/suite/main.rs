//! The suite of keepers of objects, on another server of ours: buckets in its path and in its host.

#![expect(clippy::unwrap_used, reason = "test code")]

mod breaks;

use std::sync::Arc;

use async_trait::async_trait;
use thingsmith_model::Secret;
use thingsmith_objects_s3::{Config, Endpoint, Limits, Place, Remote};
use thingsmith_ports::Objects;
use thingsmith_ports::conformance::objects::{BUCKETS, OBJECT_BYTES, ObjectsPlace};
use thingsmith_testkit::{REGION, TestServer};

/// A bucket at a server of its own.
struct Elsewhere {
    server: TestServer,
    path_style: bool,
}

const BUCKET: &str = "kept-elsewhere";
const PREFIX: &str = "thingsmith/";
/// What stands before a key of the suite's bucket.
const BEFORE: usize = "thingsmith/objects/000000000001/eu-west-1/bucket-of-the-suite/".len();

async fn elsewhere(path_style: bool) -> Option<Elsewhere> {
    let server = TestServer::start().await;
    let client = server.administrator().service("s3");
    let hash = thingsmith_sigv4::PayloadHash::of(b"").to_hex();
    let headers = [("x-amz-content-sha256", hash.as_str())];
    let made = client.send("PUT", &format!("/{BUCKET}"), &headers, b"").await;
    assert_eq!(made.status, 200);
    Some(Elsewhere { server, path_style })
}

/// The server under the key of its administrator, or with a wrong secret.
fn endpoint(server: &TestServer, path_style: bool, secret: Option<&str>) -> Arc<Endpoint> {
    endpoint_at(server, server.address.port(), path_style, secret)
}

/// The server by way of another port.
fn endpoint_at(server: &TestServer, port: u16, path_style: bool, secret: Option<&str>) -> Arc<Endpoint> {
    let signer = server.administrator().signer;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let config = Config {
        url: format!("http://localhost:{port}"),
        region: REGION.into(),
        path_style,
        access_key_id: signer.access_key_id,
        secret_access_key: secret.map_or(signer.secret_access_key, |wrong| Secret::new(wrong.into())),
        plain_http: false,
        tls: Arc::new(tls),
    };
    Endpoint::new(config, server.clock.clone()).unwrap()
}

fn keeper(endpoint: &Arc<Endpoint>) -> Remote {
    let limits = Limits {
        object_bytes: OBJECT_BYTES,
        buckets: BUCKETS,
    };
    Remote::new(Place::new(Arc::clone(endpoint), BUCKET, PREFIX), limits)
}

#[async_trait]
impl ObjectsPlace for Elsewhere {
    async fn open(&self) -> Arc<dyn Objects> {
        let remote = keeper(&endpoint(&self.server, self.path_style, None));
        remote.check().await.unwrap();
        Arc::new(remote)
    }

    fn longest_key(&self) -> usize {
        1024 - BEFORE
    }

    fn keeps_tags(&self) -> bool {
        false
    }
}

mod in_the_path {
    async fn place() -> Option<super::Elsewhere> {
        super::elsewhere(true).await
    }

    thingsmith_ports::objects_suite!(place);
}

mod in_the_host {
    async fn place() -> Option<super::Elsewhere> {
        super::elsewhere(false).await
    }

    thingsmith_ports::objects_suite!(place);
}
