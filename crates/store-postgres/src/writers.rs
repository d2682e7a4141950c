//! Batches, each on a connection of its own.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{MaybeDone, maybe_done};
use thingsmith_ports::{Batch, Hold, Row, Statement, Step, StoreError};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::{Error, Statement as Prepared};

use crate::config::Config;
use crate::errors;
use crate::session::{Answer, Role, STATEMENT, Session};

/// Batches that may wait before callers are told to try again: a bound on memory.
const QUEUE: usize = 8192;
/// How long a batch waits for a connection.
const WAIT: Duration = Duration::from_secs(10);
/// From BEGIN to COMMIT: a little longer than one statement may take, so that the server speaks first. It bounds how
/// much later than its own clock a batch appears to readers.
const TRANSACTION: Duration = STATEMENT.saturating_add(Duration::from_secs(1));
/// How long the answer to COMMIT, or to ROLLBACK, may take.
const COMMIT: Duration = Duration::from_secs(10);
/// How long it may take to learn that a lost connection can commit no more.
const SETTLE: Duration = Duration::from_secs(5);

type Answers = Vec<Vec<Row>>;
type Sent<'a> = Pin<Box<MaybeDone<Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + 'a>>>>>;

/// The connections for batches.
pub(crate) struct Writers {
    config: Arc<Config>,
    idle: Mutex<Vec<Session>>,
    connections: Semaphore,
    queue: Semaphore,
}

/// Why a batch did not happen, and whether its connection can take another.
struct Failure {
    error: StoreError,
    usable: bool,
}

impl Writers {
    pub(crate) fn new(config: Arc<Config>, first: Session) -> Self {
        let count = config.writers.max(1);
        Self {
            config,
            idle: Mutex::new(vec![first]),
            connections: Semaphore::new(count),
            queue: Semaphore::new(QUEUE),
        }
    }

    pub(crate) async fn write(&self, batch: &Batch) -> Result<Answers, StoreError> {
        if batch.steps().is_empty() {
            return Ok(Vec::new());
        }
        let Ok(_waiting) = self.queue.try_acquire() else {
            return Err(StoreError::Retry(format!("{QUEUE} batches wait to be written")));
        };
        let deadline = Instant::now() + WAIT;
        let _permit = timeout_at(deadline, self.connections.acquire())
            .await
            .map_err(|_| StoreError::Retry("no connection was free in time".into()))?
            .map_err(StoreError::other)?;
        let session = match self.take_idle() {
            Some(session) => session,
            None => Session::connect_by(&self.config, Role::Writer, deadline).await?,
        };
        match carry_out(&session, batch).await {
            Ok(answers) => {
                self.put_back(session);
                Ok(answers)
            }
            Err(Failure {
                error: StoreError::Unknown(reason),
                ..
            }) => Err(self.settle(&session, reason).await),
            Err(failure) => {
                if failure.usable {
                    self.put_back(session);
                }
                Err(failure.error)
            }
        }
    }

    /// Waits until reading back tells the truth, as far as that can be had.
    async fn settle(&self, lost: &Session, reason: String) -> StoreError {
        match Session::settle(&self.config, lost, Instant::now() + SETTLE).await {
            Ok(()) => StoreError::Unknown(reason),
            Err(cause) => StoreError::Unknown(format!("{reason}; it may still commit: {cause}")),
        }
    }

    fn take_idle(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|session| !session.client.is_closed());
        idle.pop()
    }

    fn put_back(&self, session: Session) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(session);
    }
}

async fn carry_out(session: &Session, batch: &Batch) -> Result<Answers, Failure> {
    let deadline = Instant::now() + TRANSACTION;
    let prepared = match timeout_at(deadline, prepare(session, batch)).await {
        Ok(prepared) => prepared?,
        Err(_) => return Err(late()),
    };
    let answers = match timeout_at(deadline, run(session, batch, &prepared)).await {
        Ok(answers) => answers,
        Err(_) => return Err(late()),
    };
    match answers {
        Ok(answers) => commit(session).await.map(|()| answers),
        Err(failure) if failure.usable => Err(Failure {
            usable: roll_back(session).await,
            ..failure
        }),
        Err(failure) => Err(failure),
    }
}

/// The server is gone or far behind. It rolls back when it finds that the connection is closed.
fn late() -> Failure {
    Failure {
        error: StoreError::Retry("the batch did not end in time".into()),
        usable: false,
    }
}

async fn prepare<'a>(session: &Session, batch: &'a Batch) -> Result<Vec<(&'a Statement, Prepared)>, Failure> {
    let mut prepared = Vec::with_capacity(batch.steps().len());
    for (number, step) in batch.steps().iter().enumerate() {
        let (statement, lock) = match step {
            Step::Execute { statement, .. } => (statement, ""),
            Step::Hold { row, hold } => (row, locking_clause(*hold)),
        };
        let made = session.prepare(statement.sql, lock).await;
        prepared.push((statement, made.map_err(|cause| failure(&cause, number))?));
    }
    Ok(prepared)
}

/// FOR KEY SHARE lets others change the row but not delete it; FOR UPDATE waits for both to end.
fn locking_clause(hold: Hold) -> &'static str {
    match hold {
        Hold::Shared => " FOR KEY SHARE",
        Hold::Exclusive => " FOR UPDATE",
    }
}

/// Sends BEGIN and all steps at once, and then reads the answers in order until one is not as it must be.
async fn run(
    session: &Session,
    batch: &Batch,
    prepared: &[(&Statement, Prepared)],
) -> Result<Answers, Failure> {
    let begin = session.client.batch_execute("BEGIN");
    let mut begin = Box::pin(maybe_done(begin));
    let mut sent: Vec<Sent<'_>> = prepared
        .iter()
        .map(|(statement, prepared)| {
            let run: Pin<Box<dyn Future<Output = _> + Send + '_>> =
                Box::pin(session.run(prepared, &statement.args));
            Box::pin(maybe_done(run))
        })
        .collect();
    // INVARIANT: the first poll of each sends its message, so their order here is their order on the wire.
    poll_fn(|context| {
        let _ = begin.as_mut().poll(context);
        for step in &mut sent {
            let _ = step.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    begin.as_mut().await;
    if let Some(Err(cause)) = begin.as_mut().take_output() {
        return Err(failure(&cause, 0));
    }
    let mut answers = Vec::with_capacity(sent.len());
    for (number, (mut answer, step)) in sent.into_iter().zip(batch.steps()).enumerate() {
        answer.as_mut().await;
        let answer = answer
            .as_mut()
            .take_output()
            .expect("an awaited step has its output until it is taken")
            .map_err(|cause| failure(&cause, number))?;
        let (holds, rows) = match step {
            Step::Execute { guard, .. } => (
                guard.is_none_or(|expected| expected == answer.affected),
                answer.rows,
            ),
            Step::Hold { .. } => (answer.rows.len() == 1, Vec::new()),
        };
        if !holds {
            return Err(Failure {
                error: StoreError::Guard(number),
                usable: true,
            });
        }
        answers.push(rows);
    }
    Ok(answers)
}

async fn commit(session: &Session) -> Result<(), Failure> {
    if session.client.is_closed() {
        return Err(Failure {
            error: StoreError::Retry("the connection was lost before the commit".into()),
            usable: false,
        });
    }
    let unknown = |reason| Failure {
        error: StoreError::Unknown(reason),
        usable: false,
    };
    match timeout(COMMIT, session.client.batch_execute("COMMIT")).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(cause)) if errors::lost(&cause) => Err(unknown(errors::describe(&cause))),
        // The server's own no: it has rolled back.
        Ok(Err(cause)) => Err(failure(&cause, 0)),
        Err(_) => Err(unknown("no answer to the commit".into())),
    }
}

/// Ends the transaction after a failure. Whether the connection can be used again.
async fn roll_back(session: &Session) -> bool {
    matches!(
        timeout(COMMIT, session.client.batch_execute("ROLLBACK")).await,
        Ok(Ok(()))
    )
}

fn failure(cause: &Error, step: usize) -> Failure {
    Failure {
        error: errors::error(cause, step),
        usable: !errors::lost(cause),
    }
}
