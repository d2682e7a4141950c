//! Functions with code of their own, in processes of this machine.

mod book;
mod code;
mod confinement;
mod environment;
mod folder;
mod ground;
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

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thingsmith_model::Secret;
use thingsmith_ports::{Call, Clock, Outcome, Random, RunError};
use tokio::sync::{OnceCell, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::book::{Book, Taken};
use self::ground::Ground;
use self::interpreter::Interpreter;
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
    /// Looked at when it is first needed; or why no worker can be started.
    ground: OnceCell<Result<Ground, String>>,
    spawner: Spawner,
    users: Arc<Users>,
    book: Arc<Book>,
    /// Numbers the folders of code and workers.
    folders: AtomicU64,
    api: OnceLock<OwnApi>,
    /// What was found for each runtime of the configuration.
    interpreters: Vec<OnceCell<Interpreter>>,
}

impl Local {
    pub(crate) fn start(
        mut config: LocalConfig,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        for folder in [&config.directory, &config.logs] {
            make_private(folder)?;
        }
        make_absolute(&mut config);
        // What a server that died left behind.
        for folder in [CODE, WORKERS].map(|name| config.directory.join(name)) {
            let _ = std::fs::remove_dir_all(folder);
        }
        let users = Users::new(config.users.clone());
        let book = Book::new(&config);
        let tidying = tokio::spawn(tidy(Arc::clone(&book), config.idle)).abort_handle();
        let spawner = Spawner::start().map_err(StartError::Thread)?;
        Ok(Self {
            shop: Arc::new(Shop {
                interpreters: config.runtimes.iter().map(|_| OnceCell::new()).collect(),
                config,
                clock,
                random,
                ground: OnceCell::new(),
                spawner,
                users,
                book,
                folders: AtomicU64::new(0),
                api: OnceLock::new(),
            }),
            tidying,
        })
    }

    /// Looks at what this machine offers to keep workers apart.
    pub(crate) async fn look(&self) -> Result<(), String> {
        self.shop.ground().await.map(|_| ())
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
        // Whoever would wait for longer than functions may take waits until they end.
        let deadline = Instant::now() + call.patience.min(LONGEST);
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
            let (config, clock) = (&self.shop.config, Arc::clone(&self.shop.clock));
            LogFile::new(&config.logs, &function.arn, &config.log, clock)
        };
        let queue_end = deadline.min(Instant::now() + self.shop.config.queue_wait);
        let good_until = self.shop.clock.now().plus(function.timeout.min(LONGEST) + SPARE);
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

/// Makes paths such as workers see them: they start in another folder, and through links.
fn make_absolute(config: &mut LocalConfig) {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    config.directory = absolute(&config.directory);
    config.logs = absolute(&config.logs);
    for path in &mut config.readable {
        *path = absolute(path);
    }
    let targets: Vec<_> = config
        .hidden
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    for path in &mut config.hidden {
        *path = absolute(path);
    }
    config.hidden.extend(targets);
    config.hidden.sort();
    config.hidden.dedup();
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

const CODE: &str = "code";
const WORKERS: &str = "workers";
/// How much longer than a call its credentials must be good.
const SPARE: Duration = Duration::from_secs(60);
/// Much longer than any function's time-out.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
const STOPPING: Duration = Duration::from_secs(5);
const MOST_UNTOUCHED: usize = 3;
