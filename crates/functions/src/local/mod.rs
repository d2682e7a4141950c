//! Functions with code of their own, in processes of this machine.

mod book;
mod code;
mod confinement;
mod environment;
mod interpreter;
mod launch;
mod log;
mod peer;
mod runtime_api;
mod spawner;
mod start;
mod survivors;
mod unpack;
mod users;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thingsmith_model::Secret;
use thingsmith_ports::{Call, Clock, Outcome, Random, RunError};
use tokio::sync::{OnceCell, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::book::{Book, Taken};
use self::confinement::Confinement;
use self::interpreter::Interpreter;
use self::launch::Level;
use self::log::LogFile;
use self::spawner::Spawner;
use self::start::NotStarted;
use self::users::Users;
use self::worker::{Finish, Worker};
use crate::runner::{OwnApi, StartError};
use crate::{LocalConfig, failure};

/// Runs functions in processes of this machine.
pub(crate) struct Local {
    shop: Arc<Shop>,
    tidying: AbortHandle,
}

/// How a function is run.
pub(crate) struct Program<'a> {
    pub(crate) runtime: &'a str,
    pub(crate) handler: &'a str,
    pub(crate) memory_mib: u32,
    pub(crate) environment: &'a [(String, Secret<String>)],
}

/// What workers are made with.
struct Shop {
    config: LocalConfig,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Or why none can be started.
    confinement: Result<Arc<Confinement>, String>,
    spawner: Spawner,
    users: Arc<Users>,
    book: Arc<Book>,
    /// Where code and workers have their folders.
    folder: PathBuf,
    /// Numbers them.
    folders: AtomicU64,
    api: OnceLock<OwnApi>,
    /// What was found for each runtime of the configuration.
    interpreters: Vec<OnceCell<Interpreter>>,
}

impl Local {
    pub(crate) async fn start(
        config: LocalConfig,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        for folder in [&config.directory, &config.logs] {
            make_private(folder)?;
        }
        // What a server that died left behind.
        for folder in [CODE, WORKERS].map(|name| config.directory.join(name)) {
            let _ = std::fs::remove_dir_all(folder);
        }
        let users = Users::new(config.users.clone());
        let confinement = Confinement::find(&config, &users, &config.directory)
            .await
            .map(Arc::new);
        let folder = match &confinement {
            Ok(it) if it.level == Level::User => reachable_folder(random.as_ref())?,
            _ => config.directory.clone(),
        };
        match &confinement {
            Ok(it) => tracing::info!(level = ?it.level, "functions with code of their own can be run"),
            Err(reason) => tracing::warn!(%reason, "functions with code of their own cannot be run"),
        }
        let book = Book::new(&config);
        let tidying = tokio::spawn(tidy(Arc::clone(&book), config.idle)).abort_handle();
        let spawner = Spawner::start().map_err(StartError::Thread)?;
        Ok(Self {
            shop: Arc::new(Shop {
                interpreters: config.runtimes.iter().map(|_| OnceCell::new()).collect(),
                config,
                clock,
                random,
                confinement,
                spawner,
                users,
                book,
                folder,
                folders: AtomicU64::new(0),
                api: OnceLock::new(),
            }),
            tidying,
        })
    }

    pub(crate) fn set_api(&self, api: OwnApi) {
        // Only the first call counts.
        let _ = self.shop.api.set(api);
    }

    pub(crate) fn retire(&self, arn: &str) {
        self.shop.book.retire(arn);
    }

    pub(crate) async fn stop(&self) {
        self.shop.book.close();
        if tokio::time::timeout(STOPPING, self.shop.book.emptied())
            .await
            .is_err()
        {
            tracing::warn!("processes of functions are still there");
        }
    }

    pub(crate) async fn run(&self, call: &Call, program: &Program<'_>) -> Result<Outcome, RunError> {
        let deadline = Instant::now() + call.patience;
        // A worker that waited may end before it hears of the call, which is no failure of the function.
        for _ in 0..MOST_UNTOUCHED {
            let mut worker = match self.worker(call, program, deadline).await {
                Ok(worker) => worker,
                Err(NotStarted::Refused(error)) => return Err(error),
                Err(NotStarted::Failed(outcome)) => return Ok(outcome),
            };
            let waits = deadline.saturating_duration_since(Instant::now());
            let limit = call.function.timeout.min(waits);
            let event = self.shop.event(call, limit);
            let id = &call.request_id;
            worker
                .log
                .begin(&format!("START RequestId: {id} Version: $LATEST\n"));
            let began = Instant::now();
            let finish = worker.work(id, event, limit).await;
            worker.log.catch_up();
            if matches!(finish, Finish::Untouched) {
                continue;
            }
            return Ok(self.outcome(call, program, worker, finish, limit, began.elapsed()));
        }
        Err(RunError::Unavailable(format!(
            "the processes of the function {} end before they take an event",
            call.function.name
        )))
    }

    /// A worker that waited, or a new one. What goes wrong while it starts is the function's failure.
    async fn worker(
        &self,
        call: &Call,
        program: &Program<'_>,
        deadline: Instant,
    ) -> Result<Worker, NotStarted> {
        let function = &call.function;
        let log = || {
            LogFile::new(
                &self.shop.config.logs,
                &function.name,
                &self.shop.config.log,
                Arc::clone(&self.shop.clock),
            )
        };
        let queue_end = deadline.min(Instant::now() + self.shop.config.queue_wait);
        let good_until = self.shop.clock.now().plus(function.timeout + SPARE);
        let taken = self.shop.book.take(function, good_until, queue_end, log).await;
        let slot = match taken.map_err(NotStarted::Refused)? {
            Taken::Worker(worker) => return Ok(worker),
            Taken::Slot(slot) => slot,
        };
        let job = start::Job::new(call, program, slot);
        let shop = Arc::clone(&self.shop);
        let (done, started) = oneshot::channel();
        // In a task, so that a worker whose caller stops waiting is there for the next call.
        tokio::spawn(async move {
            let arn = job.arn().to_owned();
            let result = shop.start(job).await;
            if let Err(Ok(worker)) = done.send(result) {
                shop.book.give_back(&arn, worker);
            }
        });
        match tokio::time::timeout_at(deadline, started).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(NotStarted::Refused(RunError::Unavailable(
                "the server is stopping".into(),
            ))),
            Err(_) => Err(NotStarted::Failed(failure::timed_out(
                self.shop.clock.now(),
                &call.request_id,
                call.patience,
            ))),
        }
    }

    fn outcome(
        &self,
        call: &Call,
        program: &Program<'_>,
        worker: Worker,
        finish: Finish,
        limit: Duration,
        took: Duration,
    ) -> Outcome {
        let id = &call.request_id;
        let again = matches!(finish, Finish::Response(_) | Finish::Error(_) | Finish::TooLarge);
        let mut outcome = match finish {
            Finish::Response(payload) => Outcome {
                payload,
                failed: None,
                log_tail: Default::default(),
            },
            Finish::Error(error) => failure::described(error),
            Finish::TooLarge => failure::of_type(
                "Function.ResponseSizeTooLarge",
                &format!(
                    "Response payload size exceeded maximum allowed payload size ({} bytes).",
                    crate::MOST_BYTES
                ),
            ),
            Finish::Exited(exit) => {
                let message = format!("RequestId: {id} Error: {exit}");
                worker.log.add(&format!("{message}\n"));
                failure::of_type("Runtime.ExitError", &message)
            }
            Finish::TimedOut | Finish::Untouched => {
                let now = self.shop.clock.now();
                let at = failure::written(now);
                worker.log.add(&format!(
                    "{at} {id} Task timed out after {:.2} seconds\n\n",
                    limit.as_secs_f64()
                ));
                failure::timed_out(now, id, limit)
            }
        };
        worker.log.add(&format!(
            "END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {:.2} ms\tMemory Size: {} MB\n",
            took.as_secs_f64() * 1000.0,
            program.memory_mib
        ));
        outcome.log_tail = worker.log.tail();
        if again {
            self.shop.book.give_back(&call.function.arn, worker);
        }
        outcome
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.tidying.abort();
        self.shop.book.close();
    }
}

async fn tidy(book: Arc<Book>, idle: Duration) {
    let mut interval = tokio::time::interval((idle / 4).max(Duration::from_millis(50)));
    loop {
        interval.tick().await;
        book.tidy();
    }
}

fn make_private(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)))
        .map_err(|cause| StartError::Folder {
            path: folder.display().to_string(),
            cause,
        })
}

/// A folder that workers with users of their own can get through, but not list.
fn reachable_folder(random: &dyn Random) -> Result<PathBuf, StartError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let mut number = [0; 8];
    random.fill(&mut number);
    let name = format!("thingsmith-functions-{:016x}", u64::from_ne_bytes(number));
    let folder = std::env::temp_dir().join(name);
    // It must be new: in a folder that everybody may write to, somebody else's may be there.
    std::fs::DirBuilder::new()
        .mode(0o711)
        .create(&folder)
        .and_then(|()| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o711)))
        .map_err(|cause| StartError::Folder {
            path: folder.display().to_string(),
            cause,
        })?;
    Ok(folder)
}

impl Shop {
    /// A new folder of a kind.
    fn new_folder(&self, kind: &str) -> PathBuf {
        let number = self.folders.fetch_add(1, Ordering::Relaxed);
        self.folder.join(kind).join(number.to_string())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have been a temporary one, and in the other case it is made anew at the next start.
        for kind in [CODE, WORKERS] {
            let _ = std::fs::remove_dir_all(self.folder.join(kind));
        }
        if self.folder != self.config.directory {
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
}

const CODE: &str = "code";
const WORKERS: &str = "workers";
/// How much longer than a call its credentials must be good.
const SPARE: Duration = Duration::from_secs(60);
const STOPPING: Duration = Duration::from_secs(5);
const MOST_UNTOUCHED: usize = 3;
