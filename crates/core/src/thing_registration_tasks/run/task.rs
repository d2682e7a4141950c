//! One task, from the first line that is not done to its reports.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, ObjectError, StoreError};
use thingsmith_template::Template;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::flight::{Flight, Landing};
use super::window::Window;
use super::{EVERY, LEASE};
use crate::acting::ActingRole;
use crate::realms::{self, RealmRecord};
use crate::thing_registration_tasks::input::{Line, Lines};
use crate::thing_registration_tasks::start::{may_read, unreadable};
use crate::thing_registration_tasks::sweep::delete_lines;
use crate::thing_registration_tasks::{Floor, KEEP, Progress, Task, TaskStatus, report, rows};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault, objects};

/// Lines that are registered at the same time: enough that the store can make many durable at once.
const LANES: i64 = 64;
/// Lines from the first that is not done to the last that was begun. As many must be looked at again after a restart.
const WINDOW: usize = 1024;
/// Bytes of lines that are under way.
const BYTES: i64 = 16 << 20;
/// How long a task rests when the store or the keeper of objects fails.
const REST: Duration = Duration::from_secs(1);

/// What an account is told whose task has done all its lines but cannot say so for a while.
const REPORTS_REST: &str =
    "The reports cannot be written at the moment. The task goes on by itself when they can.";

/// Why the work on a task's lines is over.
enum End {
    /// Every line is done.
    Over,
    /// It was stopped.
    Cancelled,
    /// It cannot go on.
    Failed(String),
    /// Somebody else has the task.
    Lost,
    /// This node ends.
    Stopped,
    /// The store or the keeper of objects fails.
    Trouble(Fault),
}

/// A task that this node carries out.
struct Carried<'a> {
    deeds: &'a Arc<Deeds>,
    realm: Arc<RealmRecord>,
    task: Task,
    template: Arc<Template>,
    stopped: watch::Receiver<bool>,
    changed: watch::Receiver<u64>,
    ticks: Interval,
}

/// Takes a task, if nobody else does, and carries it out.
pub(super) async fn carry_out(deeds: &Arc<Deeds>, realm: Realm, task: Task, stopped: watch::Receiver<bool>) {
    let id = task.id.clone();
    let begun = match Carried::take(deeds, realm, task, stopped).await {
        Ok(Some(carried)) => carried.run().await,
        Ok(None) => return,
        Err(fault) => Err(fault),
    };
    if let Err(fault) = begun {
        tracing::warn!(
            task = id,
            problem = %fault,
            cause = fault.cause.as_ref().map(tracing::field::display),
            "a task of bulk registration rests; it goes on in a moment"
        );
        tokio::time::sleep(REST).await;
    }
}

impl<'a> Carried<'a> {
    async fn take(
        deeds: &'a Arc<Deeds>,
        realm: Realm,
        mut task: Task,
        stopped: watch::Receiver<bool>,
    ) -> Result<Option<Self>, Fault> {
        let Some(realm) = realms::rows::by_number(deeds.store(), realm).await? else {
            return Ok(None);
        };
        let template = Template::parse(&task.template_body).map_err(Fault::internal)?;
        let epoch = deeds.number().await?;
        let lease_until = deeds.clock().now().plus(LEASE);
        let mut batch = Batch::new();
        rows::take(&mut batch, realm.realm, &task, epoch, lease_until);
        for lane in 0..LANES {
            rows::take_lane(&mut batch, realm.realm, task.number, lane, epoch);
        }
        match deeds.commit(batch).await {
            Ok(_) => {}
            Err(StoreError::Guard(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        (task.epoch, task.lease_until) = (epoch, lease_until);
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Some(Self {
            deeds,
            realm: Arc::new(realm),
            template: Arc::new(template),
            task,
            stopped,
            changed: deeds.runners().changed.subscribe(),
            ticks,
        }))
    }

    async fn run(mut self) -> Result<(), Fault> {
        let end = match self.task.status {
            TaskStatus::Cancelling => End::Cancelled,
            _ => self.register().await.unwrap_or_else(End::Trouble),
        };
        let (status, message) = match end {
            End::Over => match self.progress().await? {
                Progress {
                    successes: 0,
                    failures: 0,
                    ..
                } => (TaskStatus::Failed, Some(self.no_lines())),
                _ => (TaskStatus::Completed, None),
            },
            End::Cancelled => (TaskStatus::Cancelled, None),
            End::Failed(message) => (TaskStatus::Failed, Some(message)),
            End::Lost => return Ok(()),
            End::Stopped => {
                self.give_back(None).await;
                return Ok(());
            }
            End::Trouble(fault) => {
                self.give_back(Some(&self.rests())).await;
                return Err(fault);
            }
        };
        self.finish(status, message).await
    }

    /// Registers lines until there are no more or something is in the way. None is under way when it returns.
    async fn register(&mut self) -> Result<End, Fault> {
        let mut role = match self.role().await? {
            Ok(role) => role,
            Err(end) => return Ok(end),
        };
        let floor = rows::floor(self.deeds.store(), self.realm.realm, self.task.number).await?;
        let mut lines = match self.open(floor).await? {
            Ok(lines) => lines,
            Err(end) => return Ok(end),
        };
        // Whatever is done behind the floor is within the window that there was.
        let most = i64::try_from(WINDOW).unwrap_or(i64::MAX);
        let (store, number) = (self.deeds.store(), self.task.number);
        let done = rows::done_after(store, self.realm.realm, number, floor.line, most).await?;
        let mut done: HashSet<i64> = done.into_iter().collect();
        let mut lanes: Vec<i64> = (0..LANES).collect();
        let mut window = Window::new(floor);
        let mut flights = JoinSet::new();
        let (mut under_way, mut before) = (0, floor.offset);
        let mut end = None;
        loop {
            let begins = end.is_none() && !lanes.is_empty() && window.len() < WINDOW && under_way < BYTES;
            if end.is_some() && flights.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                () = self.moment(), if end.is_none() => match self.check().await {
                    Ok(None) => match self.role().await {
                        Ok(Ok(renewed)) => role = renewed,
                        Ok(Err(failed)) => end = Some(failed),
                        Err(fault) => end = Some(End::Trouble(fault)),
                    },
                    Ok(Some(ends)) => end = Some(ends),
                    Err(fault) => end = Some(End::Trouble(fault)),
                },
                Some(landed) = flights.join_next(), if !flights.is_empty() => {
                    match landed {
                        Ok((lane, line, bytes, landing)) => {
                            lanes.push(lane);
                            under_way -= bytes;
                            match landing {
                                Landing::Done => window.done(line),
                                Landing::Lost => end = Some(End::Lost),
                                Landing::Trouble(fault) => end = end.or(Some(End::Trouble(fault))),
                            }
                        }
                        Err(panic) => end = end.or(Some(End::Trouble(Fault::internal(panic)))),
                    }
                }
                read = lines.next(), if begins => match read {
                    Ok(Some(line)) => {
                        let bytes = line.end - before;
                        before = line.end;
                        window.begin(line.number, line.end);
                        if done.remove(&line.number) {
                            window.done(line.number);
                        } else if let Some(lane) = lanes.pop() {
                            under_way += bytes;
                            let flight = self.flight(&role, lane, line, bytes, window.floor());
                            flights.spawn(async move {
                                let landing = flight.fly().await;
                                (flight.lane, flight.line.number, flight.bytes, landing)
                            });
                        }
                    }
                    Ok(None) if i128::from(lines.at()) == i128::from(self.task.size) => end = Some(End::Over),
                    Ok(None) => end = Some(End::Trouble(Fault::internal("the file ended too early"))),
                    Err(cause) => end = Some(End::Trouble(Fault::internal(cause))),
                },
            }
        }
        Ok(end.unwrap_or(End::Over))
    }

    fn flight(&self, role: &Arc<ActingRole>, lane: i64, line: Line, bytes: i64, floor: Floor) -> Flight {
        Flight {
            deeds: Arc::clone(self.deeds),
            realm: Arc::clone(&self.realm),
            template: Arc::clone(&self.template),
            role: Arc::clone(role),
            task: self.task.number,
            epoch: self.task.epoch,
            lane,
            line,
            bytes,
            floor,
        }
    }

    /// The role as it is now, or why the task cannot go on.
    async fn role(&self) -> Result<Result<Arc<ActingRole>, End>, Fault> {
        let Task {
            id,
            role_arn,
            bucket,
            key,
            ..
        } = &self.task;
        match may_read(self.deeds, &self.realm, id, (role_arn, bucket, key)).await {
            Ok(role) => Ok(Ok(Arc::new(role))),
            Err(fault) if fault.code == Code::InvalidRequest => Ok(Err(End::Failed(fault.message))),
            Err(fault) => Err(fault),
        }
    }

    /// The lines of the file behind a place, or why the task cannot go on.
    async fn open(&self, floor: Floor) -> Result<Result<Lines, End>, Fault> {
        let Task {
            bucket,
            key,
            etag,
            size,
            ..
        } = &self.task;
        let begin = u64::try_from(floor.offset).unwrap_or_default();
        if begin >= *size {
            let nothing = Box::pin(futures_util::stream::empty());
            return Ok(Ok(Lines::new(nothing, floor)));
        }
        let got = self
            .deeds
            .objects()
            .get(&objects::owner(&self.realm), bucket, key, begin..*size)
            .await;
        match got {
            Ok((object, bytes)) if object.etag == *etag && object.size == *size => {
                Ok(Ok(Lines::new(bytes, floor)))
            }
            Ok(_) => Ok(Err(End::Failed(format!(
                "The file {key} in the bucket {bucket} was replaced before the task had read it all; {} lines were done.",
                floor.line
            )))),
            Err(cause @ (ObjectError::NoSuchBucket | ObjectError::NoSuchKey | ObjectError::Refused(_))) => {
                Ok(Err(End::Failed(unreadable(bucket, key, cause).message)))
            }
            Err(cause) => Err(Fault::internal(cause)),
        }
    }

    /// Waits until it is time to look again whether the work is to go on. It may be dropped while it waits.
    async fn moment(&mut self) {
        tokio::select! {
            _ = self.ticks.tick() => {}
            _ = self.changed.changed() => {}
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    /// Renews the lease and says whether the work is to end.
    async fn check(&self) -> Result<Option<End>, Fault> {
        if *self.stopped.borrow() {
            return Ok(Some(End::Stopped));
        }
        let (store, realm) = (self.deeds.store(), self.realm.realm);
        let found = rows::find(store, realm, &self.task.id).await?;
        let found = found.filter(|found| found.epoch == self.task.epoch && found.ended_at.is_none());
        let Some(found) = found else {
            return Ok(Some(End::Lost));
        };
        let now = self.deeds.clock().now();
        let mut batch = Batch::new();
        let (number, epoch) = (self.task.number, self.task.epoch);
        rows::renew(&mut batch, realm, (number, epoch), (now, now.plus(LEASE)), None);
        match self.deeds.commit(batch).await {
            Ok(_) => {}
            Err(StoreError::Guard(_)) => return Ok(Some(End::Lost)),
            Err(error) => return Err(error.into()),
        }
        if found.status == TaskStatus::Cancelling {
            return Ok(Some(End::Cancelled));
        }
        if now >= self.task.created_at.plus(KEEP) {
            return Ok(Some(End::Failed("The task was not done within 30 days.".into())));
        }
        Ok(None)
    }

    /// Lets another node, or this one when it begins again, go on at once. The task says until then why it rests.
    async fn give_back(&self, why: Option<&str>) {
        let now = self.deeds.clock().now();
        let mut batch = Batch::new();
        let which = (self.task.number, self.task.epoch);
        rows::renew(&mut batch, self.realm.realm, which, (now, now), why);
        if let Err(cause) = self.deeds.commit(batch).await {
            tracing::info!(%cause, "a task of bulk registration could not be given back; its lease ends by itself");
        }
    }

    async fn progress(&self) -> Result<Progress, StoreError> {
        rows::progress(self.deeds.store(), self.realm.realm, self.task.number).await
    }

    /// What an account is told whose task cannot go on for a while. What is behind it is for the log.
    fn rests(&self) -> String {
        format!(
            "The file {} in the bucket {} cannot be read, or its lines cannot be registered, at the moment. The task goes on \
             by itself when they can.",
            self.task.key, self.task.bucket
        )
    }

    fn no_lines(&self) -> String {
        format!(
            "The file {} in the bucket {} has no lines.",
            self.task.key, self.task.bucket
        )
    }

    /// Writes the reports and ends the task.
    async fn finish(mut self, status: TaskStatus, message: Option<String>) -> Result<(), Fault> {
        let (deeds, realm, task) = (self.deeds, Arc::clone(&self.realm), self.task.clone());
        let writing = report::write(deeds, &realm, &task);
        let Some(written) = self.meanwhile(writing).await? else {
            return Ok(());
        };
        let parts = match written {
            Ok(parts) => parts,
            Err(cause) => {
                if let Some(End::Lost) = self.check().await? {
                    return Ok(());
                }
                self.give_back(Some(REPORTS_REST)).await;
                return Err(Fault::internal(cause));
            }
        };
        let tries = Tries::default();
        let ended: Option<TaskStatus> = loop {
            let outcome = self.end_once(status, message.as_deref(), parts).await;
            if let Some(ended) = tries.settle(outcome).await? {
                break ended;
            }
        };
        let Some(status) = ended else {
            return Ok(());
        };
        deeds.metrics().bulk().ended(status);
        deeds.runners().wake();
        delete_lines(deeds, realm.realm, task.number).await
    }

    /// Keeps the lease while something is done; nothing when the task is lost or the node ends.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<Option<T>, Fault> {
        let mut work = std::pin::pin!(work);
        loop {
            let checked = tokio::select! {
                done = &mut work => return Ok(Some(done)),
                () = self.moment() => self.check(),
            };
            match checked.await {
                Ok(Some(End::Lost)) => return Ok(None),
                Ok(Some(End::Stopped)) => {
                    self.give_back(None).await;
                    return Ok(None);
                }
                // Whatever else: the lines are done, and their reports are wanted.
                Ok(_) => {}
                Err(fault) => tracing::debug!(problem = %fault, "the lease of a task could not be renewed"),
            }
        }
    }

    /// Ends the task, and says whether it has ended: if not, somebody else has it, who needs what is kept of its lines.
    async fn end_once(
        &self,
        status: TaskStatus,
        message: Option<&str>,
        (result_parts, error_parts): (i64, i64),
    ) -> Result<Option<TaskStatus>, Attempt> {
        let found = rows::find(self.deeds.store(), self.realm.realm, &self.task.id).await?;
        // Ended already: by this very deed, whose commit was not answered, or by somebody else.
        let Some(found) = found.filter(|found| found.ended_at.is_none()) else {
            return Ok(Some(status));
        };
        if found.epoch != self.task.epoch {
            return Ok(None);
        }
        let status = match (found.status, status) {
            (TaskStatus::Cancelling, TaskStatus::Completed) => TaskStatus::Cancelled,
            (_, status) => status,
        };
        let now = self.deeds.clock().now();
        let ended = Task {
            status,
            message: message.map(str::to_owned),
            modified_at: now,
            ended_at: Some(now),
            result_parts,
            error_parts,
            ..found.clone()
        };
        let mut batch = Batch::new();
        rows::end(&mut batch, self.realm.realm, &ended, found.status);
        self.deeds.commit(batch).await?;
        Ok(Some(status))
    }
}
