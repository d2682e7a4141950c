//! Carrying tasks out.
//!
//! Every node looks for tasks that nobody runs. One that takes a task gets a lease for a few seconds, which it renews, and an
//! epoch, which stands in the task's lanes: a line is only registered in a lane of its epoch, so that a node that lost its
//! lease without noticing cannot register another line.

mod flight;
mod task;
mod window;

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thingsmith_model::Timestamp;
use thingsmith_ports::StoreError;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::rows;
use crate::Deeds;

/// How often a node looks for tasks, and a task for whether it is to be stopped.
const EVERY: Duration = Duration::from_secs(1);
/// How long a node has a task without renewing its lease.
const LEASE: Duration = Duration::from_secs(10);
/// Tasks that a node carries out at once.
const TASKS: usize = 4;

/// The tasks that this node carries out.
pub struct Runners {
    changed: watch::Sender<u64>,
    running: Mutex<HashSet<i64>>,
}

impl Default for Runners {
    fn default() -> Self {
        Self {
            changed: watch::Sender::new(0),
            running: Mutex::default(),
        }
    }
}

impl Runners {
    /// Says that a task was started, stopped or has ended.
    pub(crate) fn wake(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn running(&self) -> HashSet<i64> {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A task that this node carries out, until this is dropped.
struct Here {
    deeds: Arc<Deeds>,
    task: i64,
}

impl Here {
    fn begin(deeds: &Arc<Deeds>, task: i64) -> Self {
        let mut running = deeds
            .runners()
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        running.insert(task);
        deeds.metrics().bulk().begun();
        Self {
            deeds: Arc::clone(deeds),
            task,
        }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let runners = self.deeds.runners();
        runners
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.task);
        self.deeds.metrics().bulk().left();
    }
}

/// Carries tasks out until `stop`; then the lines that are under way end, and whoever is next goes on. One task of a node calls
/// it. `alone` says that no other node can have the store, so that whoever had a lease when this node began is no more.
pub async fn run(deeds: Arc<Deeds>, alone: bool, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = watch::channel(false);
    let mut changed = deeds.runners().changed.subscribe();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tasks = JoinSet::new();
    let mut stop = pin!(stop);
    let mut alone = alone;
    let mut failing = false;
    loop {
        match look(&deeds, &mut tasks, &stopped, alone).await {
            Ok(()) => (alone, failing) = (false, false),
            Err(cause) => {
                if !failing {
                    tracing::warn!(%cause, "tasks of bulk registration cannot be read; they go on when they can");
                }
                failing = true;
            }
        }
        tokio::select! {
            () = &mut stop => break,
            _ = ticks.tick() => {}
            _ = changed.changed() => {}
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
    stopping.send_replace(true);
    while tasks.join_next().await.is_some() {}
}

/// Begins with tasks that nobody runs.
async fn look(
    deeds: &Arc<Deeds>,
    tasks: &mut JoinSet<()>,
    stopped: &watch::Receiver<bool>,
    alone: bool,
) -> Result<(), StoreError> {
    let running = deeds.runners().running();
    let free = TASKS.saturating_sub(running.len());
    if free == 0 {
        return Ok(());
    }
    let now = if alone {
        Timestamp::from_millis(i64::MAX)
    } else {
        deeds.clock().now()
    };
    let most = i64::try_from(free + running.len()).unwrap_or(i64::MAX);
    let waiting = rows::waiting(deeds.store(), now, most).await?;
    let others = waiting
        .into_iter()
        .filter(|(_, task)| !running.contains(&task.number));
    for (realm, task) in others.take(free) {
        let here = Here::begin(deeds, task.number);
        let (deeds, stopped) = (Arc::clone(deeds), stopped.clone());
        tasks.spawn(async move {
            task::carry_out(&deeds, realm, task, stopped).await;
            drop(here);
        });
    }
    Ok(())
}
