//! A client of the AWS API that signs its requests, as small as the demo needs it.

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use thingsmith_core::access_keys::AccessKey;
use thingsmith_model::{Region, Secret};
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};
use tokio::net::TcpStream;

use crate::SystemClock;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A caller with a key.
pub(super) struct Aws {
    host: String,
    key: AccessKey,
    region: Region,
}

/// An answer that is an error: its exception and its status.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) status: u16,
    pub(super) name: String,
    pub(super) message: String,
}

impl Aws {
    pub(super) fn new(url: &str, key: &AccessKey, region: &Region) -> Result<Self> {
        let host = url
            .strip_prefix("http://")
            .context("the API's URL begins with http://")?
            .to_owned();
        Ok(Self {
            host,
            key: key.clone(),
            region: region.clone(),
        })
    }

    /// The same caller in another region.
    pub(super) fn in_region(&self, region: &Region) -> Self {
        Self {
            host: self.host.clone(),
            key: self.key.clone(),
            region: region.clone(),
        }
    }

    /// Calls the `iot` service and expects it to do what it is asked.
    pub(super) async fn call(&self, method: &str, target: &str, body: Option<Value>) -> Result<Value> {
        let answer = self.try_call(method, target, &[], body).await?;
        answer.map_err(|exception| exception.of(&format!("{method} {target}")))
    }

    /// Calls the `iot` service with further headers.
    pub(super) async fn try_call(
        &self,
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
        body: Option<Value>,
    ) -> Result<std::result::Result<Value, Exception>> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answer = self.ask("iot", method, target, headers, JSON, body).await?;
        answer.map_or_else(|refused| Ok(Err(refused)), |body| json(&body).map(Ok))
    }

    /// Calls the `lambda` service and expects it to do what it is asked.
    pub(super) async fn lambda(&self, target: &str, body: Value) -> Result<Value> {
        let target = format!("/2015-03-31/functions{target}");
        let answer = self
            .ask("lambda", "POST", &target, &[], JSON, body.to_string())
            .await?;
        json(&answer.map_err(|exception| exception.of(&target))?)
    }

    /// Calls the `s3` service and expects it to do what it is asked.
    pub(super) async fn s3(&self, method: &str, target: &str, body: String) -> Result<()> {
        let hash = PayloadHash::of(body.as_bytes()).to_hex();
        let headers = [("x-amz-content-sha256", hash.as_str())];
        let answer = self.ask("s3", method, target, &headers, JSON, body).await?;
        answer.map(drop).map_err(|exception| exception.of(target))
    }

    /// Follows a link of this API that is signed already.
    pub(super) async fn follow(&self, link: &str) -> Result<String> {
        let target = link
            .strip_prefix("http://")
            .and_then(|rest| rest.strip_prefix(self.host.as_str()))
            .with_context(|| format!("{link} leads elsewhere"))?;
        let request = hyper::Request::builder()
            .uri(target)
            .header(HOST, &self.host)
            .body(Full::new(Bytes::new()))
            .context("the request cannot be built")?;
        let answer = self.send(request).await?;
        let bytes = answer.map_err(|exception| exception.of("the link"))?;
        String::from_utf8(bytes.to_vec()).context("what the link leads to is no text")
    }

    /// The same API with a new key of a user's.
    pub(super) async fn as_user(&self, name: &str) -> Result<Self> {
        let answer = self.ask_iam("CreateAccessKey", &[("UserName", name)]).await?;
        let answer = std::str::from_utf8(&answer).context("the answer is no text")?;
        let key = AccessKey {
            access_key_id: element(answer, "AccessKeyId")?.into(),
            account: self.key.account.clone(),
            secret: Secret::new(element(answer, "SecretAccessKey")?.into()),
        };
        Ok(Self {
            host: self.host.clone(),
            key,
            region: self.region.clone(),
        })
    }

    /// Calls the `iam` service and expects it to do what it is asked.
    pub(super) async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<()> {
        self.ask_iam(action, parameters).await.map(drop)
    }

    async fn ask_iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Bytes> {
        let mut form = format!("Action={action}&Version=2010-05-08");
        for (name, value) in parameters {
            form.push_str(&format!(
                "&{name}={}",
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            ));
        }
        let answer = self.ask("iam", "POST", "/", &[], FORM, form).await?;
        answer.map_err(|exception| exception.of(action))
    }

    async fn ask(
        &self,
        service: &str,
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
        content_type: &str,
        body: String,
    ) -> Result<std::result::Result<Bytes, Exception>> {
        let mut all: Vec<(&str, &[u8])> = vec![("host", self.host.as_bytes())];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        if !body.is_empty() {
            all.push(("content-type", content_type.as_bytes()));
        }
        let signature = self.sign(service, method, target, &all, &body)?;
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in signature {
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .context("the request cannot be built")?;
        self.send(request).await
    }

    fn sign(
        &self,
        service: &str,
        method: &str,
        target: &str,
        headers: &[(&str, &[u8])],
        body: &str,
    ) -> Result<Vec<(&'static str, String)>> {
        let signer = Signer {
            access_key_id: self.key.access_key_id.clone(),
            secret_access_key: self.key.secret.clone(),
            session_token: None,
            region: self.region.to_string(),
            service: service.into(),
        };
        let request = Request {
            method,
            target: target.as_bytes(),
            headers,
        };
        sign(
            &signer,
            &request,
            PayloadHash::of(body.as_bytes()),
            SystemClock.now(),
        )
        .context("the request cannot be signed")
    }

    async fn send(
        &self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<std::result::Result<Bytes, Exception>> {
        let tcp = TcpStream::connect(&self.host)
            .await
            .context("the API cannot be reached")?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp))
            .await
            .context("the API speaks no HTTP")?;
        let connection = tokio::spawn(connection);
        let answer = sender
            .send_request(request)
            .await
            .context("the API did not answer")?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.context("the answer ended early")?.to_bytes();
        drop(sender);
        connection
            .await
            .context("the connection's task failed")?
            .context("the connection failed")?;
        if head.status.is_success() {
            return Ok(Ok(body));
        }
        let name = head
            .headers
            .get("x-amzn-errortype")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Ok(Err(Exception {
            status: head.status.as_u16(),
            name: name.to_owned(),
            message: message(&body),
        }))
    }
}

impl Exception {
    /// As the error of what was done.
    fn of(self, what: &str) -> anyhow::Error {
        let Self {
            status,
            name,
            message,
        } = self;
        anyhow!("{what}: {status} {name}: {message}")
    }
}

fn json(body: &[u8]) -> Result<Value> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).context("no JSON")
}

/// What stands in an element of an answer in XML. Keys and their ids hold nothing that XML would have to escape.
fn element<'x>(xml: &'x str, name: &str) -> Result<&'x str> {
    let inside = xml.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
    inside
        .and_then(|rest| rest.split_once(&format!("</{name}>")))
        .map(|(text, _)| text)
        .with_context(|| format!("{name} is absent"))
}

/// What an error says: a member of its JSON, or all of it where it is XML.
fn message(body: &[u8]) -> String {
    let said = json(body).ok().and_then(|body| {
        let message = body.get("message").or_else(|| body.get("Message"))?;
        message.as_str().map(str::to_owned)
    });
    said.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}
