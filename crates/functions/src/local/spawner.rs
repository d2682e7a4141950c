//! The thread that starts processes.
//!
//! A worker asks the kernel to end it when its parent is gone (`PR_SET_PDEATHSIG`), and to the kernel the parent is the
//! thread that made it. So that is one that lives as long as functions are run: when the server dies, however it dies, its
//! workers die as well.

use std::io;
use std::sync::mpsc;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Starts processes on a thread of its own, which ends with this.
pub(super) struct Spawner {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    command: Command,
    done: oneshot::Sender<io::Result<Child>>,
}

impl Spawner {
    /// Starts the thread. Must be called within a Tokio runtime.
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, received) = mpsc::channel::<Job>();
        let runtime = Handle::current();
        std::thread::Builder::new()
            .name("function-starter".into())
            .spawn(move || {
                let _within = runtime.enter();
                for Job { mut command, done } in received {
                    // A child that nobody waits for any more ends when it is dropped.
                    let _ = done.send(command.spawn());
                }
            })?;
        Ok(Self { jobs })
    }

    /// Starts a process.
    pub(super) async fn spawn(&self, mut command: Command) -> io::Result<Child> {
        command.kill_on_drop(true);
        let (done, started) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts functions has ended");
        self.jobs.send(Job { command, done }).map_err(|_| gone())?;
        started.await.map_err(|_| gone())?
    }
}
