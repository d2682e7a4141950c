//! The API, as much of it as an import needs.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Turn, Poll};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use thingsmith_model::Secret;
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::endpoints::Endpoints;
use crate::{SystemClock, files};

/// What an answer may have.
const ANSWER_BYTES: usize = 1 << 20;
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// A text as a segment of a path or a value of a query.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// A caller of the API.
pub(super) struct Api {
    /// Host and port.
    host: String,
    tls: Option<TlsConnector>,
    signer: Signer,
}

/// A file on its way.
pub(super) struct Upload {
    pub(super) file: File,
    pub(super) length: u64,
    pub(super) sha256: [u8; 32],
}

impl Api {
    /// The API that the environment names as AWS's clients read it, or else that of the server of a data directory.
    pub(super) fn find(directory: &Path) -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(url) = variable("AWS_ENDPOINT_URL") {
            let needed = |name: &str| variable(name).with_context(|| format!("{name} is not set"));
            let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
            let signer = Signer {
                access_key_id: needed("AWS_ACCESS_KEY_ID")?,
                secret_access_key: Secret::new(needed("AWS_SECRET_ACCESS_KEY")?),
                session_token: variable("AWS_SESSION_TOKEN"),
                region: region.context("AWS_REGION is not set")?,
                service: String::new(),
            };
            let roots = variable("AWS_CA_BUNDLE").or_else(|| variable("THINGSMITH_CA"));
            return Self::new(&url, roots.as_deref().map(Path::new), signer);
        }
        let endpoints = Endpoints::read(directory)?;
        let (id, secret) = match files::read_credentials(&directory.join("credentials"))? {
            Some((id, secret)) => (id, secret.to_string()),
            // A development server takes any key; twelve digits name the account.
            None => (endpoints.account.to_string(), "development".to_owned()),
        };
        let signer = Signer {
            access_key_id: id,
            secret_access_key: Secret::new(secret),
            session_token: None,
            region: endpoints.region.to_string(),
            service: String::new(),
        };
        Self::new(&endpoints.api, Some(&directory.join("ca.pem")), signer)
    }

    fn new(url: &str, roots: Option<&Path>, signer: Signer) -> Result<Self> {
        let url = url.trim_end_matches('/');
        let (host, tls) = match url.split_once("://") {
            Some(("http", host)) => (host, None),
            Some(("https", host)) => (host, Some(connector(roots)?)),
            _ => bail!("the API's URL {url} begins neither with http:// nor with https://"),
        };
        Ok(Self {
            host: host.to_owned(),
            tls,
            signer,
        })
    }

    pub(super) fn region(&self) -> &str {
        &self.signer.region
    }

    /// Calls the service `iot` and expects it to do what it is asked.
    pub(super) async fn iot(&mut self, method: &str, target: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let (status, answer) = self.send("iot", method, target, Payload::text(body)).await?;
        let value: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status.is_success() {
            return Ok(value);
        }
        let message = value["message"].as_str().map(str::to_owned);
        let message = message.unwrap_or_else(|| String::from_utf8_lossy(&answer).into_owned());
        bail!("{method} {target}: {status}: {message}")
    }

    /// Makes a bucket, unless the caller has it.
    pub(super) async fn make_bucket(&mut self, bucket: &str) -> Result<()> {
        let target = format!("/{}", segment(bucket));
        let (status, answer) = self
            .send("s3", "PUT", &target, Payload::text(String::new()))
            .await?;
        let text = String::from_utf8_lossy(&answer);
        if status.is_success() || text.contains("BucketAlreadyOwnedByYou") {
            return Ok(());
        }
        bail!("the bucket {bucket} cannot be made: {status}: {text}")
    }

    /// Puts a file into a bucket.
    pub(super) async fn upload(&mut self, bucket: &str, key: &str, upload: Upload) -> Result<()> {
        let target = format!("/{}/{}", segment(bucket), utf8_percent_encode(key, PATH));
        let payload = Payload {
            left: upload.length,
            hash: PayloadHash::from_sha256(upload.sha256),
            source: Source::File(upload.file),
        };
        let (status, answer) = self.send("s3", "PUT", &target, payload).await?;
        if status.is_success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&answer);
        bail!("the file cannot be put into the bucket {bucket}: {status}: {text}")
    }

    async fn send(
        &mut self,
        service: &str,
        method: &str,
        target: &str,
        payload: Payload,
    ) -> Result<(StatusCode, Bytes)> {
        service.clone_into(&mut self.signer.service);
        let hash = payload.hash.to_hex();
        let mut headers = vec![("host", self.host.as_str()), ("x-amz-content-sha256", &hash)];
        if service == "iot" && payload.left > 0 {
            headers.push(("content-type", "application/json"));
        }
        let named: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let request = Request {
            method,
            target: target.as_bytes(),
            headers: &named,
        };
        let signature = sign(&self.signer, &request, payload.hash, SystemClock.now());
        let signature = signature.context("the request cannot be signed")?;
        let mut request = hyper::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            let name = match name {
                "host" => HOST,
                "content-type" => CONTENT_TYPE,
                name => HeaderName::from_static(name),
            };
            request = request.header(name, value);
        }
        for (name, value) in signature {
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request.body(payload).context("the request cannot be built")?;
        let tcp = TcpStream::connect(&self.host)
            .await
            .with_context(|| format!("{} cannot be reached", self.host))?;
        match &self.tls {
            None => exchange(tcp, request).await,
            Some(tls) => {
                let name = self
                    .host
                    .rsplit_once(':')
                    .map_or(self.host.as_str(), |(name, _)| name);
                let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
                    .context("the API's URL has no name that a certificate could have")?;
                let stream = tls.connect(name, tcp).await;
                exchange(stream.context("the API's certificate is not accepted")?, request).await
            }
        }
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: hyper::Request<Payload>,
) -> Result<(StatusCode, Bytes)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .context("the API speaks no HTTP")?;
    let connection = tokio::spawn(connection);
    let answer = sender
        .send_request(request)
        .await
        .context("the API did not answer")?;
    let (head, body) = answer.into_parts();
    let body = http_body_util::Limited::new(body, ANSWER_BYTES).collect().await;
    let body = body.map_err(|cause| anyhow::anyhow!("the answer cannot be read: {cause}"))?;
    connection.abort();
    Ok((head.status, body.to_bytes()))
}

fn connector(roots: Option<&Path>) -> Result<TlsConnector> {
    let path = roots.context("AWS_CA_BUNDLE is not set: the file with the roots of the API's certificate")?;
    let mut store = RootCertStore::empty();
    let unreadable = || format!("{} cannot be read", path.display());
    for root in CertificateDer::pem_file_iter(path).with_context(unreadable)? {
        store
            .add(root.with_context(unreadable)?)
            .with_context(unreadable)?;
    }
    let config = ClientConfig::builder()
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The body of a request.
struct Payload {
    left: u64,
    hash: PayloadHash,
    source: Source,
}

enum Source {
    Text(Bytes),
    File(File),
}

impl Payload {
    fn text(text: String) -> Self {
        Self {
            left: text.len() as u64,
            hash: PayloadHash::of(text.as_bytes()),
            source: Source::Text(text.into()),
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = std::io::Error;

    // Reading the file waits for the disk, and nothing else is to be done meanwhile.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Turn<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let bytes = match &mut self.source {
            Source::Text(text) => std::mem::take(text),
            Source::File(file) => {
                let mut buffer = vec![0; 1 << 16];
                match file.read(&mut buffer) {
                    Ok(0) => return Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into()))),
                    Ok(read) => {
                        buffer.truncate(read);
                        buffer.into()
                    }
                    Err(cause) => return Poll::Ready(Some(Err(cause))),
                }
            }
        };
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
