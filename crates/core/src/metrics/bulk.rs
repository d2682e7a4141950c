//! What is counted of bulk registration, as this node carries it out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Page;
use crate::thing_registration_tasks::TaskStatus;

/// The statuses in which a task ends.
const ENDS: [TaskStatus; 3] = [TaskStatus::Completed, TaskStatus::Failed, TaskStatus::Cancelled];

/// The counts.
pub struct Bulk {
    carried: Mutex<Carried>,
    ended: [AtomicU64; ENDS.len()],
    registered: AtomicU64,
    failed: AtomicU64,
    /// Times are counted from here.
    epoch: Instant,
}

/// The tasks that this node carries out now, and the seconds of all tasks: those of a task that runs are the present time, which is
/// added for each when it is asked for, less that at which it began.
#[derive(Default)]
struct Carried {
    running: u32,
    seconds: f64,
}

impl Default for Bulk {
    fn default() -> Self {
        Self {
            carried: Mutex::default(),
            ended: Default::default(),
            registered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            epoch: Instant::now(),
        }
    }
}

impl Bulk {
    /// This node begins to carry out a task; it says so with [`Bulk::left`] when it does no more.
    pub fn begun(&self) {
        let now = self.now();
        let mut carried = self.carried();
        carried.running += 1;
        carried.seconds -= now;
    }

    /// This node carries a task out no more, whether it has ended or not.
    pub fn left(&self) {
        let now = self.now();
        let mut carried = self.carried();
        carried.running = carried.running.saturating_sub(1);
        carried.seconds += now;
    }

    /// Counts a line that was registered, or that stands among the errors.
    pub fn line(&self, registered: bool) {
        let counter = if registered {
            &self.registered
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a task that has ended so.
    pub fn ended(&self, status: TaskStatus) {
        if let Some(at) = ENDS.iter().position(|end| *end == status) {
            self.ended[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn write(&self, page: &mut Page) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let now = self.now();
        let (running, seconds) = {
            let carried = self.carried();
            let running = f64::from(carried.running);
            (running, carried.seconds + running * now)
        };
        page.gauge(
            "bulk_tasks_running",
            "Tasks of bulk registration that this node carries out.",
        )
        .value(&[], running);
        let ended = page.counter(
            "bulk_tasks_total",
            "Tasks of bulk registration that this node brought to their end, by their status.",
        );
        for (status, counter) in ENDS.iter().zip(&self.ended) {
            ended.value(&[("status", status.as_str())], count(counter));
        }
        page.counter(
            "bulk_lines_total",
            "Lines of bulk registration by what came of them.",
        )
        .value(&[("outcome", "registered")], count(&self.registered));
        page.value(&[("outcome", "failed")], count(&self.failed));
        page.counter(
            "bulk_seconds_total",
            "Seconds for which this node has carried out tasks of bulk registration, their reports included.",
        )
        .value(&[], seconds.max(0.0));
    }

    fn now(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    fn carried(&self) -> MutexGuard<'_, Carried> {
        self.carried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_counted_while_it_runs_and_when_it_has_ended() {
        let bulk = Bulk::default();
        let value = |name: &str| -> f64 {
            let mut page = Page::default();
            bulk.write(&mut page);
            let text = page.into_text();
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(&format!("thingsmith_bulk_{name} ")));
            line.unwrap_or_else(|| panic!("{name} in\n{text}"))
                .parse()
                .unwrap()
        };
        bulk.begun();
        bulk.begun();
        bulk.line(true);
        bulk.line(true);
        bulk.line(false);
        assert_eq!(value("tasks_running"), 2.0);
        bulk.left();
        bulk.ended(TaskStatus::Cancelled);
        bulk.ended(TaskStatus::InProgress);
        assert_eq!(value("tasks_running"), 1.0);
        let before = value("seconds_total");
        assert!(before > 0.0);
        assert!(value("seconds_total") > before, "one still runs");
        bulk.left();
        assert_eq!(value("seconds_total"), value("seconds_total"));
        assert_eq!(value("tasks_total{status=\"Cancelled\"}"), 1.0);
        assert_eq!(value("tasks_total{status=\"Completed\"}"), 0.0);
        assert_eq!(value("lines_total{outcome=\"registered\"}"), 2.0);
        assert_eq!(value("lines_total{outcome=\"failed\"}"), 1.0);
    }
}
