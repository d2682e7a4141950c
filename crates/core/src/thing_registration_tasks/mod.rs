//! Bulk registration: a file of lines, a template, and a role by which every line becomes a registered device.
//!
//! A task reads one version of a file in a bucket, line after line, and registers what each says with many under way at a
//! time (`run`). A line's registration, its result and the task's progress are one batch, so that a node that is killed
//! leaves each line done once or not at all, and whoever goes on with the task knows which. Nothing of a task is held in
//! memory but the lines that are under way. When the last line is done, the results become objects in the realm's bucket of
//! reports, and their rows go.

mod input;
mod list;
mod report;
pub mod rows;
mod run;
mod start;
mod stop;
mod sweep;

use std::fmt;

use thingsmith_model::Timestamp;

pub use list::{describe_task, list_reports, list_tasks};
pub use report::ReportType;
pub use run::{Runners, run};
pub use start::{NewTask, start_task};
pub use stop::stop_task;
pub use sweep::sweep;

use crate::Fault;

/// The service as which a task's role is assumed.
pub const SERVICE: &str = "iot.amazonaws.com";

/// Most characters of a line (AWS General Reference, "AWS IoT Core endpoints and quotas", bulk registration).
pub const LINE_CHARACTERS: usize = 256_000;

/// How long a task may take before it is ended, and how long what is known of one that has ended is kept (AWS General
/// Reference, as above).
const KEEP: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its number.
    pub number: i64,
    /// Its id, a UUID.
    pub id: String,
    /// The template of every line.
    pub template_body: String,
    /// The bucket of the file.
    pub bucket: String,
    /// The key of the file.
    pub key: String,
    /// Which version of the file it is.
    pub etag: String,
    /// The file's length in bytes.
    pub size: u64,
    /// The role as which the task acts.
    pub role_arn: String,
    /// How far it is.
    pub status: TaskStatus,
    /// Why it failed, or why it rests for a while.
    pub message: Option<String>,
    /// When it was started.
    pub created_at: Timestamp,
    /// When something of it changed last.
    pub modified_at: Timestamp,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
    /// Who runs it: 0 until somebody does.
    pub epoch: i64,
    /// Until when nobody else may run it.
    pub lease_until: Timestamp,
    /// The objects that its results stand in.
    pub result_parts: i64,
    /// The objects that its errors stand in.
    pub error_parts: i64,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    /// Lines are being registered, or reports written.
    InProgress,
    /// Every line was registered or is in the report of errors.
    Completed,
    /// It ended before its last line; its message says why.
    Failed,
    /// It was stopped.
    Cancelled,
    /// It is being stopped.
    Cancelling,
}

impl TaskStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::InProgress,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Cancelling,
    ];

    /// AWS's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Cancelling => "Cancelling",
        }
    }

    /// The status of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether somebody has still to do something for it.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::InProgress | Self::Cancelling)
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is counted of a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines that were registered.
    pub successes: i64,
    /// Lines that are in the report of errors.
    pub failures: i64,
    /// Bytes of the file up to and with those lines.
    pub bytes: i64,
}

/// The place up to which every line is done: the number of the last of them, counted from 1, and where it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Floor {
    /// The line's number; 0 before the first.
    pub line: i64,
    /// The offset of the byte behind the line.
    pub offset: i64,
}

fn not_found(id: &str) -> Fault {
    Fault::not_found(format!("Thing registration task {id} does not exist."))
}
