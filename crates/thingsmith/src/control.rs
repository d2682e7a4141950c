//! The socket in the data directory by which commands look inside a running server and tell it what no API of AWS's tells:
//! one question, the answer as lines of JSON, the end. Who may open the socket owns the data directory.

mod claims;

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thingsmith_core::Deeds;
use thingsmith_model::{Account, Region};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;

pub(crate) use claims::{About, ClaimQuestion, Expires};

const FILE: &str = "control.sock";
/// Most bytes of a question: an allow list comes in parts.
const QUESTION: u64 = 1 << 20;
/// The member of a line that says why there is no answer.
const REFUSED: &str = "error";
/// The last line of every answer: one that was cut off is none.
const END: &str = "{\"end\":true}";
/// Time for a question to come.
const ASKING: Duration = Duration::from_secs(5);
/// Time for a question and its answer: a store that is busy takes a while for a part of an allow list.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a command asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    /// Which refusals concern this client id, certificate id, thing or address?
    Why(String),
    /// About claims, in an account and region.
    Claim(About, ClaimQuestion),
}

/// The socket, which is removed when dropped.
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Opens the socket, for the owner alone.
    ///
    /// # Errors
    /// When it cannot be opened, for one because its path is longer than the system takes.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let open = || {
            match std::fs::remove_file(&path) {
                Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        let listener = open().with_context(|| format!("{} cannot be opened", path.display()))?;
        Ok(Self { listener, path })
    }

    /// Answers questions, one after the other, until the server stops.
    pub(crate) async fn serve(
        self,
        deeds: Arc<Deeds>,
        (account, region): (Account, Region),
        mut stopped: watch::Receiver<bool>,
    ) {
        let mut stop = pin!(async move { drop(stopped.wait_for(|stop| *stop).await) });
        loop {
            let stream = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => return,
            };
            match stream {
                Ok((stream, _)) => match timeout(PATIENCE, answer(&deeds, (&account, &region), stream)).await
                {
                    Ok(Ok(())) => {}
                    Ok(Err(cause)) => tracing::debug!(%cause, "a question was not answered"),
                    Err(_) => tracing::debug!("a question took too long"),
                },
                Err(cause) => {
                    tracing::warn!(%cause, "the control socket does not accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

async fn answer(deeds: &Deeds, home: (&Account, &Region), mut stream: UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let mut question = AsyncBufReader::new(read.take(QUESTION));
    timeout(ASKING, question.read_line(&mut line)).await??;
    let mut text = String::new();
    match serde_json::from_str(&line)? {
        Question::Why(whom) => {
            for decision in deeds.decisions().about(&whom) {
                text.push_str(&serde_json::to_string(&*decision)?);
                text.push('\n');
            }
        }
        Question::Claim(about, question) => {
            let lines = claims::answer(deeds, home, about, question).await;
            for line in lines.unwrap_or_else(|refused| vec![json!({REFUSED: refused})]) {
                text.push_str(&line.to_string());
                text.push('\n');
            }
        }
    }
    text.push_str(END);
    text.push('\n');
    write.write_all(text.as_bytes()).await?;
    write.shutdown().await
}

/// Asks the server of a data directory which refusals concern somebody.
///
/// # Errors
/// When no server runs there or it does not answer.
pub(crate) fn why(directory: &Path, whom: &str) -> Result<Vec<Value>> {
    ask(directory, &Question::Why(whom.to_owned()))
}

/// Asks the server of a data directory about claims, or tells it.
///
/// # Errors
/// When no server runs there or it does not answer, and what it answers when it refuses.
pub(crate) fn claim(directory: &Path, about: &About, question: ClaimQuestion) -> Result<Vec<Value>> {
    let lines = ask(directory, &Question::Claim(about.clone(), question))?;
    match lines.iter().find_map(|line| line[REFUSED].as_str()) {
        Some(refused) => Err(anyhow!("{refused}")),
        None => Ok(lines),
    }
}

fn ask(directory: &Path, question: &Question) -> Result<Vec<Value>> {
    let path = directory.join(FILE);
    let stream = StdUnixStream::connect(&path).map_err(|cause| match cause.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            anyhow!("no server runs in {}", directory.display())
        }
        _ => anyhow!(cause).context(format!("{} cannot be reached", path.display())),
    })?;
    let unanswered = || format!("the server of {} does not answer", directory.display());
    let ask = || -> io::Result<Vec<Value>> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut question = serde_json::to_vec(question)?;
        question.push(b'\n');
        (&stream).write_all(&question)?;
        let mut answer = Vec::new();
        for line in BufReader::new(&stream).lines() {
            match line? {
                end if end == END => return Ok(answer),
                line => answer.push(serde_json::from_str(&line)?),
            }
        }
        Err(ErrorKind::UnexpectedEof.into())
    };
    ask().with_context(unanswered)
}
