//! A proxy before a PostgreSQL server that cuts connections at chosen messages.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Where the next connection that comes to this point is cut. Only one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// BEGIN is not passed on.
    BeforeBegin,
    /// BEGIN is passed on, what follows is not.
    AfterBegin,
    /// COMMIT is not passed on.
    BeforeCommit,
    /// COMMIT is passed on and answered; the answer is not passed back.
    AfterCommit,
    /// The client's side is cut at COMMIT, which is passed on when the test says so.
    CommitArrivesLate,
}

/// A running proxy.
pub(crate) struct Proxy {
    /// The server's address with the proxy's host and port.
    pub(crate) address: String,
    shared: Arc<Shared>,
    listener: AbortHandle,
}

#[derive(Default)]
struct Shared {
    cut: Mutex<Option<Cut>>,
    cuts: AtomicUsize,
    /// The server's side of a connection that was cut, and what is still to arrive there.
    late_commit: Mutex<Option<(TcpStream, Vec<u8>)>>,
    server_side_ports: Mutex<Vec<i64>>,
    connections: Mutex<JoinSet<()>>,
}

impl Proxy {
    /// Starts before the server of `address`, which is a URL with a host and a port.
    pub(crate) async fn start(address: &str) -> Self {
        let server: tokio_postgres::Config = address.parse().unwrap();
        let tokio_postgres::config::Host::Tcp(host) = &server.get_hosts()[0] else {
            panic!("the proxy needs a server that listens on TCP");
        };
        let port = server.get_ports().first().copied().unwrap_or(5432);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let there = format!("{host}:{port}");
        let address = address.replacen(&there, &here.to_string(), 1);
        assert!(
            address.contains(&here.to_string()),
            "the address names host and port"
        );
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&there).await.unwrap();
                let port = server.local_addr().unwrap().port();
                accepting.server_side_ports.lock().unwrap().push(port.into());
                let shared = Arc::clone(&accepting);
                accepting
                    .connections
                    .lock()
                    .unwrap()
                    .spawn(async move { shared.pass(client, server).await });
            }
        });
        Self {
            address,
            shared,
            listener: listener.abort_handle(),
        }
    }

    /// Cuts the next connection that comes to this point.
    pub(crate) fn cut(&self, cut: Cut) {
        *self.shared.cut.lock().unwrap() = Some(cut);
    }

    /// How many connections were cut.
    pub(crate) fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// Has the commit of [`Cut::CommitArrivesLate`] arrive, and waits until the server has done with it.
    pub(crate) async fn deliver_late_commit(&self) {
        let late = self.shared.late_commit.lock().unwrap().take();
        let (mut server, commit) = late.expect("a commit was cut off");
        // What ends the connection's life before the commit is as good as an answer to it.
        drop(server.write_all(&commit).await);
        drop(server.shutdown().await);
        drop(server.read_to_end(&mut Vec::new()).await);
    }

    /// The ports from which the server sees all connections so far.
    pub(crate) fn server_side_ports(&self) -> Vec<i64> {
        self.shared.server_side_ports.lock().unwrap().clone()
    }

    /// Closes every connection and takes no more.
    pub(crate) async fn stop(&self) {
        self.listener.abort();
        let mut connections = std::mem::take(&mut *self.shared.connections.lock().unwrap());
        connections.shutdown().await;
    }
}

impl Shared {
    async fn pass(&self, client: TcpStream, server: TcpStream) {
        let (client_in, mut client_out) = client.into_split();
        let (mut server_in, mut server_out) = server.into_split();
        let hold_back = AtomicBool::new(false);
        // Whichever side ends first ends both.
        let late_commit = tokio::select! {
            late_commit = self.pass_requests(client_in, &mut server_out, &hold_back) => late_commit,
            () = pass_answers(&mut server_in, &mut client_out, &hold_back) => None,
        };
        if let Some(commit) = late_commit {
            let server = server_in.reunite(server_out).unwrap();
            *self.late_commit.lock().unwrap() = Some((server, commit));
        }
    }

    /// Passes on what the client sends. Gives back a COMMIT that is to arrive late.
    async fn pass_requests(
        &self,
        mut from: OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        hold_back: &AtomicBool,
    ) -> Option<Vec<u8>> {
        // The first message has no type.
        let mut head = 0;
        while let Some(message) = read_message(&mut from, head).await {
            let cut = (head == 1).then(|| self.take_cut(&message)).flatten();
            head = 1;
            match cut {
                Some(Cut::BeforeBegin | Cut::BeforeCommit) => return None,
                Some(Cut::CommitArrivesLate) => return Some(message),
                Some(Cut::AfterCommit) => hold_back.store(true, Ordering::SeqCst),
                Some(Cut::AfterBegin) | None => {}
            }
            if to.write_all(&message).await.is_err() || cut == Some(Cut::AfterBegin) {
                return None;
            }
        }
        None
    }

    /// Takes the cut that was asked for when it belongs to this message.
    fn take_cut(&self, message: &[u8]) -> Option<Cut> {
        let query = message.strip_prefix(b"Q").and_then(|message| message.get(4..));
        let begins = query.is_some_and(|query| query.starts_with(b"BEGIN"));
        let commits = query.is_some_and(|query| query.starts_with(b"COMMIT"));
        let mut cut = self.cut.lock().unwrap();
        let here = match *cut {
            Some(Cut::BeforeBegin | Cut::AfterBegin) => begins,
            Some(Cut::BeforeCommit | Cut::AfterCommit | Cut::CommitArrivesLate) => commits,
            None => false,
        };
        if !here {
            return None;
        }
        self.cuts.fetch_add(1, Ordering::SeqCst);
        cut.take()
    }
}

/// Passes on what the server sends, up to an answer that is to be held back.
async fn pass_answers(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, hold_back: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if hold_back.load(Ordering::SeqCst) || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Reads a message with `head` bytes before its length. `None` at the end.
async fn read_message(from: &mut OwnedReadHalf, head: usize) -> Option<Vec<u8>> {
    let mut message = vec![0; head + 4];
    from.read_exact(&mut message).await.ok()?;
    let length = u32::from_be_bytes(message[head..].try_into().unwrap());
    message.resize(head + usize::try_from(length).unwrap(), 0);
    from.read_exact(&mut message[head + 4..]).await.ok()?;
    Some(message)
}
