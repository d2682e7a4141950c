//! One worker: a process, its Runtime API and its log.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use thingsmith_model::Timestamp;
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::book::Slot;
use super::code::Code;
use super::confinement::Confinement;
use super::folder::Folder;
use super::launch::Level;
use super::log::WorkerLog;
use super::runtime_api::{Answer, Desk, Event};
use super::survivors;
use super::users::User;

/// A worker that is alive, or was a moment ago. Dropping it ends all its processes.
pub(super) struct Worker {
    pub(super) desk: Arc<Desk>,
    pub(super) log: Arc<WorkerLog>,
    pub(super) exit: watch::Receiver<Option<Exit>>,
    pub(super) _end: End,
    pub(super) generation: u64,
    pub(super) good_until: Option<Timestamp>,
    pub(super) born: Instant,
    pub(super) idle_since: Instant,
}

/// Ends a worker when it is dropped.
pub(super) struct End {
    pub(super) _signal: oneshot::Sender<()>,
    pub(super) api: AbortHandle,
}

/// How a worker's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Status(i32),
    Signal(i32),
    Unknown,
}

/// What a worker did with an event.
pub(super) enum Finish {
    Response(bytes::Bytes),
    Error(bytes::Bytes),
    TooLarge,
    /// Its process ended.
    Exited(Exit),
    /// Its process had ended before it fetched the event.
    Untouched,
    TimedOut,
}

impl Worker {
    /// Gives the worker an event and waits for what it makes of it. After [`Finish::TimedOut`] it must not be used again.
    pub(super) async fn work(&mut self, request_id: &str, event: Event, limit: Duration) -> Finish {
        let mut answered = self.desk.put(request_id, event);
        let end = tokio::time::sleep(limit);
        let exit = tokio::select! {
            biased;
            answer = &mut answered => return finish(answer),
            exit = exited(&mut self.exit) => exit,
            () = end => return Finish::TimedOut,
        };
        // An answer that it sent just before may still be on its way.
        if let Ok(answer) = tokio::time::timeout(LAST_WORDS, answered).await
            && answer.is_ok()
        {
            return finish(answer);
        }
        if self.desk.was_taken() {
            Finish::Exited(exit)
        } else {
            Finish::Untouched
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Whether its credentials are good until a time.
    pub(super) fn is_good_until(&self, time: Timestamp) -> bool {
        self.good_until.is_none_or(|end| time < end)
    }

    pub(super) fn age(&self) -> Duration {
        self.born.elapsed()
    }
}

/// Returns when a worker's process has ended.
pub(super) async fn exited(exit: &mut watch::Receiver<Option<Exit>>) -> Exit {
    match exit.wait_for(Option::is_some).await {
        Ok(exit) => exit.unwrap_or(Exit::Unknown),
        Err(_) => Exit::Unknown,
    }
}

fn finish(answer: Result<Answer, oneshot::error::RecvError>) -> Finish {
    match answer {
        Ok(Answer::Response(bytes)) => Finish::Response(bytes),
        Ok(Answer::Error(bytes)) => Finish::Error(bytes),
        Ok(Answer::TooLarge) => Finish::TooLarge,
        Err(_) => Finish::Exited(Exit::Unknown),
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.api.abort();
    }
}

/// What lasts as long as a worker's processes, and what cleans up after them.
pub(super) struct Keeper {
    pub(super) child: Child,
    pub(super) confinement: Arc<Confinement>,
    /// The address of its Runtime API, which its environment names.
    pub(super) api: String,
    pub(super) scratch: Folder,
    pub(super) log: Arc<WorkerLog>,
    pub(super) exit: watch::Sender<Option<Exit>>,
    pub(super) user: Option<User>,
    pub(super) code: Arc<Code>,
    pub(super) slot: Slot,
}

impl Keeper {
    /// Waits until the process ends or is to end, and sees to it that nothing of the worker is left.
    pub(super) async fn keep(mut self, mut end: oneshot::Receiver<()>) {
        let mut closing = self.slot.closing();
        let group = self
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        // The leader is not waited for yet: as long as its body is there, nobody else's group can have its number.
        tokio::select! {
            () = over(group, &mut self.child) => {}
            _ = &mut end => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
        if let Some(group) = group {
            // All of it may be gone already.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        // Until its first program has run, it is still in our group.
        let _ = self.child.start_kill();
        let exit = self
            .child
            .wait()
            .await
            .map_or(Exit::Unknown, |status| Exit::of(status, self.confinement.level));
        self.exit.send_replace(Some(exit));
        match (self.confinement.level, &self.user) {
            (Level::NamespacesAndUser | Level::Namespaces, _) => {}
            (_, Some(user)) => {
                // It reports that nobody was there, too.
                let _ = self.confinement.tools.end_all_of(user.number()).status().await;
            }
            (_, None) => survivors::end(&self.api).await,
        }
        self.log.end();
        self.scratch.remove().await;
        // In this order: a number is free, and then the slot that may want it.
        drop((self.user, self.code, self.slot));
    }
}

/// Returns when a process has ended, without taking its body: only looks, each time that a child of ours has ended.
async fn over(process: Option<Pid>, child: &mut Child) {
    let (Some(process), Ok(mut ended)) = (process, signal(SignalKind::child())) else {
        let _ = child.wait().await;
        return;
    };
    let looking = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while let Ok(None) = waitid(WaitId::Pid(process), looking) {
        if ended.recv().await.is_none() {
            let _ = child.wait().await;
            return;
        }
    }
}

impl Exit {
    fn of(status: ExitStatus, level: Level) -> Self {
        match (status.code(), status.signal()) {
            // The shell that waits for the worker within its namespace says so.
            (Some(code), _) if level.has_namespaces() && code > 128 => Self::Signal(code - 128),
            (Some(code), _) => Self::Status(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

impl std::fmt::Display for Exit {
    /// In the words of Lambda's own messages.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(0) => f.write_str("Runtime exited without providing a reason"),
            Self::Status(code) => write!(f, "Runtime exited with error: exit status {code}"),
            Self::Signal(signal) => match Signal::from_named_raw(*signal) {
                Some(Signal::KILL) => f.write_str("Runtime exited with error: signal: killed"),
                Some(Signal::SEGV) => f.write_str("Runtime exited with error: signal: segmentation fault"),
                Some(Signal::ABORT) => f.write_str("Runtime exited with error: signal: aborted"),
                Some(Signal::TERM) => f.write_str("Runtime exited with error: signal: terminated"),
                _ => write!(f, "Runtime exited with error: signal: {signal}"),
            },
            Self::Unknown => f.write_str("Runtime exited with error: unknown"),
        }
    }
}

const LAST_WORDS: Duration = Duration::from_millis(100);
