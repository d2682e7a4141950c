//! A server of somebody else, to which this one sends requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

type Script = dyn Fn(&Received) -> Answer + Send + Sync;

/// What a request is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This status, and a body.
    Status(u16, Vec<u8>),
    /// Nothing, for as long as whoever asks waits.
    Silence,
}

impl Answer {
    /// A success that says this.
    pub(crate) fn json(body: &Value) -> Self {
        Self::Status(200, body.to_string().into_bytes())
    }
}

/// Keeps what it receives, and answers 200 until it is told otherwise.
pub(crate) struct Receiver {
    address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
    script: Arc<Mutex<Arc<Script>>>,
    serving: JoinHandle<()>,
}

impl Received {
    /// The value of a header, if it came once or more.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Every header.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        let first: Arc<Script> = Arc::new(|_| Answer::Status(200, Vec::new()));
        let script = Arc::new(Mutex::new(first));
        let answers = Arc::clone(&script);
        let serving = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (sender, answers) = (sender.clone(), Arc::clone(&answers));
                tokio::spawn(async move { serve(stream, &sender, &answers).await });
            }
        });
        Self {
            address,
            received,
            script,
            serving,
        }
    }

    /// A URL that leads here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Says what status is answered from now on.
    pub(crate) fn answer(&self, script: impl Fn(&Received) -> u16 + Send + Sync + 'static) {
        self.answer_with(move |received| Answer::Status(script(received), Vec::new()));
    }

    /// Says what is answered from now on.
    pub(crate) fn answer_with(&self, script: impl Fn(&Received) -> Answer + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(Duration::from_secs(60), self.received.recv());
        next.await.expect("a request comes").unwrap()
    }

    /// A request that has come already.
    pub(crate) fn try_next(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, sender: &mpsc::UnboundedSender<Received>, script: &Mutex<Arc<Script>>) {
    let mut bytes = Vec::new();
    let received = loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
        if let Some(received) = parse(&bytes) {
            break received;
        }
    };
    let script = Arc::clone(&script.lock().unwrap());
    let answer = script(&received);
    let _ = sender.send(received);
    let Answer::Status(status, body) = answer else {
        // Until the other side closes.
        let _ = stream.read(&mut [0]).await;
        return;
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

/// The request, if all of it is there.
fn parse(bytes: &[u8]) -> Option<Received> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some(Received {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers,
        body,
    })
}
