//! Starting a worker, from its code to its first question.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::Secret;
use thingsmith_ports::{Call, FunctionCredentials, Outcome, RunError, Runnable, SupplyError};
use tokio::net::TcpListener;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::book::Slot;
use super::code::Code;
use super::confinement::Confinement;
use super::environment::{self, Environment};
use super::folder::Folder;
use super::ground::Ground;
use super::interpreter::Interpreter;
use super::launch::{Launch, Level, NEW_ROOT, Places, ROOTS, TEMPORARY};
use super::log::WorkerLog;
use super::runtime_api::{self, Desk};
use super::users::User;
use super::worker::{End, Exit, Keeper, Worker, exited};
use super::{CODE, Program, Shop, WORKERS};
use crate::failure;
use crate::outbound::system_roots;

/// What a worker is started for.
pub(super) struct Job {
    function: Arc<Runnable>,
    request_id: String,
    runtime: String,
    handler: String,
    memory_mib: u32,
    variables: Vec<(String, Secret<String>)>,
    slot: Slot,
}

/// Why there is no worker.
pub(super) enum NotStarted {
    /// It could not be made.
    Refused(RunError),
    /// Its code failed before it asked for an event, which is the outcome of the call.
    Failed(Outcome),
}

/// The folders and the user of a worker to be.
struct Room {
    confinement: Arc<Confinement>,
    code: Arc<Code>,
    scratch: Folder,
    user: Option<User>,
    places: Places,
    has_roots: bool,
    number: u64,
}

impl Job {
    pub(super) fn new(call: &Call, program: &Program<'_>, slot: Slot) -> Self {
        Self {
            function: Arc::clone(&call.function),
            request_id: call.request_id.clone(),
            runtime: program.runtime.to_owned(),
            handler: program.handler.to_owned(),
            memory_mib: program.memory_mib,
            variables: environment::customers(program.environment),
            slot,
        }
    }

    pub(super) fn arn(&self) -> &str {
        &self.function.arn
    }
}

impl Shop {
    /// Starts a worker and waits until it asks for its first event.
    pub(super) async fn start(&self, job: Job) -> Result<Worker, NotStarted> {
        let name = job.function.name.clone();
        let request_id = job.request_id.clone();
        let refused = |cause: String| {
            NotStarted::Refused(RunError::Unavailable(format!(
                "the function {name} cannot be started: {cause}"
            )))
        };
        let ground = self
            .ground()
            .await
            .map_err(|reason| NotStarted::Refused(RunError::NotEnabled(reason)))?;
        let interpreter = self.interpreter(&job.runtime).await.map_err(refused)?;
        let code = self.code(&job, ground).await.map_err(refused)?;
        let credentials = job.function.supplies.credentials();
        let credentials = tokio::time::timeout(SUPPLYING, credentials)
            .await
            .map_err(|_| refused("its role gives no session in time".into()))?
            .map_err(|cause| refused(format!("its role gives no session: {cause}")))?;
        let room = self.room(ground, code).map_err(refused)?;
        let mut worker = self
            .spawn(job, room, &interpreter, credentials)
            .await
            .map_err(refused)?;
        self.ready(&mut worker, &name, &request_id).await?;
        Ok(worker)
    }

    async fn interpreter(&self, runtime: &str) -> Result<Interpreter, String> {
        let fitting = self
            .config
            .runtimes
            .iter()
            .zip(&self.interpreters)
            .find(|(it, _)| it.fits(runtime));
        let Some((configured, found)) = fitting else {
            return Err(format!("nothing is configured that runs the runtime {runtime}"));
        };
        let interpreter = found
            .get_or_try_init(|| async {
                let found = Interpreter::find(configured).await?;
                Ok::<_, String>(found.with(&self.config.readable))
            })
            .await?;
        Ok(interpreter.clone())
    }

    async fn code(&self, job: &Job, ground: &Ground) -> Result<Arc<Code>, String> {
        let unpacked = job.slot.shelf.code.get_or_try_init(|| async {
            // Within namespaces nobody else's folders can be seen.
            let level = ground.confinement.level;
            let group = match level.has_user() && !level.has_namespaces() {
                true => Some(self.users.take().ok_or("no number of a group is free")?),
                false => None,
            };
            let (folder, _) = self.new_folder(ground, CODE);
            if let Some(parent) = folder.parent() {
                make(parent, 0o711).map_err(|cause| cause.to_string())?;
            }
            let supplies = &job.function.supplies;
            let limits = &self.config.code;
            let mut code = Code::at(folder, group);
            let mut room = limits.unpacked_bytes;
            for place in 0.. {
                let Some(zip) = supplied("a layer", supplies.layer(place)).await? else {
                    break;
                };
                (code, room) = code
                    .add_layer(zip, room, limits.clone())
                    .await
                    .map_err(|cause| format!("a layer cannot be unpacked: {cause}"))?;
            }
            let zip = supplied("its code", supplies.code()).await?;
            let code = code.add_code(zip, room, limits.clone()).await;
            code.map(Arc::new)
                .map_err(|cause| format!("its code cannot be unpacked: {cause}"))
        });
        unpacked.await.cloned()
    }

    /// Makes a worker's folder and takes a user for it.
    fn room(&self, ground: &Ground, code: Arc<Code>) -> Result<Room, String> {
        let level = ground.confinement.level;
        let user = match level.has_user() {
            true => Some(self.users.take().ok_or("no number of a user is free")?),
            false => None,
        };
        let (scratch, number) = self.new_folder(ground, WORKERS);
        let scratch = Folder::at(scratch);
        let roots = self.api.get().and_then(|api| api.roots_pem.as_deref());
        let owner = user.as_ref().map(User::number);
        furnish(scratch.path(), owner, roots)
            .map_err(|cause| format!("its folder cannot be made: {cause}"))?;
        Ok(Room {
            places: level.places(code.folder(), code.layers(), scratch.path()),
            confinement: Arc::clone(&ground.confinement),
            code,
            scratch,
            user,
            has_roots: roots.is_some(),
            number,
        })
    }

    async fn spawn(
        &self,
        job: Job,
        room: Room,
        interpreter: &Interpreter,
        credentials: Option<FunctionCredentials>,
    ) -> Result<Worker, String> {
        let failed = |cause: std::io::Error| cause.to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let runtime_api = listener.local_addr().map_err(failed)?.to_string();
        let environment = Environment {
            arn: &job.function.arn,
            name: &job.function.name,
            runtime: &job.runtime,
            handler: &job.handler,
            memory_mib: job.memory_mib,
            places: &room.places,
            runtime_api: &runtime_api,
            worker: room.number,
            credentials: credentials.as_ref(),
            own_api: self.api.get(),
        };
        let roots = room.scratch.path().join(ROOTS);
        let user = room.user.as_ref().map(User::number);
        let launch = Launch {
            command: &interpreter.command(&job.handler, &room.places.task_root),
            environment: &environment.variables(),
            variables: &environment::with_layers(job.variables, &room.code, &room.places),
            code: room.code.folder(),
            layers: room.code.layers(),
            scratch: room.scratch.path(),
            roots: room.has_roots.then_some(roots.as_path()),
            readable: &interpreter.readable,
            hidden: &self.config.hidden,
            user: user.map(|user| (user, room.code.group().unwrap_or(user))),
            memory_mib: job.memory_mib,
            limits: &self.config.process,
        };
        let mut command = room
            .confinement
            .tools
            .command(room.confinement.level, &launch)
            .ok_or("the program unshare is not installed")?;
        let log = WorkerLog::new(output_of(&mut command).map_err(failed)?);
        if room.confinement.level == Level::User
            && let Some(user) = user
        {
            // Of a worker of a server that died.
            let _ = room.confinement.tools.end_all_of(user).status().await;
        }
        let child = self.spawner.spawn(command).await.map_err(failed)?;

        let desk = Desk::new();
        let api = tokio::spawn(runtime_api::serve(Arc::clone(&desk), listener, user)).abort_handle();
        let (kept, file) = (Arc::clone(&log), Arc::clone(&job.slot.shelf.log));
        let label = format!("[{}]", room.number);
        tokio::spawn(async move { kept.keep(&file, &label).await });
        let (signal, end) = oneshot::channel();
        let exit = watch::Sender::new(None);
        let worker = Worker {
            desk,
            log: Arc::clone(&log),
            exit: exit.subscribe(),
            _end: End { _signal: signal, api },
            generation: job.slot.shelf.generation,
            good_until: credentials.and_then(|it| it.expires_at),
            born: Instant::now(),
            idle_since: Instant::now(),
        };
        let keeper = Keeper {
            child,
            confinement: room.confinement,
            api: runtime_api,
            scratch: room.scratch,
            log,
            exit,
            user: room.user,
            code: room.code,
            slot: job.slot,
        };
        tokio::spawn(keeper.keep(end));
        Ok(worker)
    }

    /// Waits until a worker asks for its first event.
    async fn ready(&self, worker: &mut Worker, name: &str, request_id: &str) -> Result<(), NotStarted> {
        let desk = Arc::clone(&worker.desk);
        let exit = tokio::select! {
            biased;
            () = desk.asked() => None,
            exit = exited(&mut worker.exit) => Some(exit),
            () = tokio::time::sleep(self.config.init_timeout) => {
                let now = self.clock.now();
                let mut outcome = failure::timed_out(now, request_id, self.config.init_timeout);
                worker.log.catch_up();
                outcome.log_tail = worker.log.tail();
                return Err(NotStarted::Failed(outcome));
            }
        };
        let mut outcome = match (desk.init_error(), exit) {
            (Some(error), _) => failure::described(error),
            (None, None) => return Ok(()),
            // What shells say of a program that cannot be run, or is not there.
            (None, Some(Exit::Status(126 | 127))) => {
                worker.log.catch_up();
                let said = worker.log.tail();
                let said = String::from_utf8_lossy(&said);
                return Err(NotStarted::Refused(RunError::Unavailable(format!(
                    "the function {name} cannot be started: {}",
                    said.trim()
                ))));
            }
            (None, Some(exit)) => failure::of_type(
                "Runtime.ExitError",
                &format!("RequestId: {request_id} Error: {exit}"),
            ),
        };
        worker.log.catch_up();
        outcome.log_tail = worker.log.tail();
        Err(NotStarted::Failed(outcome))
    }
}

/// Waits for a supply, which may not take long.
async fn supplied<T>(what: &str, supply: impl Future<Output = Result<T, SupplyError>>) -> Result<T, String> {
    tokio::time::timeout(SUPPLYING, supply)
        .await
        .map_err(|_| format!("{what} cannot be read in time"))?
        .map_err(|cause| format!("{what} cannot be read: {cause}"))
}

/// Sends what a process writes, to whichever output, into one pipe.
fn output_of(command: &mut Command) -> std::io::Result<pipe::Receiver> {
    let (reader, writer) = std::io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    pipe::Receiver::from_owned_fd(reader.into())
}

/// Makes a worker's folder.
fn furnish(scratch: &Path, owner: Option<u32>, roots: Option<&str>) -> std::io::Result<()> {
    if let Some(parent) = scratch.parent() {
        make(parent, 0o711)?;
    }
    make(scratch, 0o711)?;
    make(&scratch.join(NEW_ROOT), 0o755)?;
    let temporary = scratch.join(TEMPORARY);
    make(&temporary, 0o700)?;
    if owner.is_some() {
        std::os::unix::fs::chown(&temporary, owner, owner)?;
    }
    if let Some(roots) = roots {
        let file = scratch.join(ROOTS);
        // Clients of AWS take this file in place of the system's roots, so that it has both.
        let system = system_roots().unwrap_or_default();
        std::fs::write(&file, [system.as_slice(), b"\n", roots.as_bytes()].concat())?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn make(folder: &Path, mode: u32) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))
}

const SUPPLYING: Duration = Duration::from_secs(10);
