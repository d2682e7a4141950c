//! How far a task is, for the person who waits for it.

use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::say;

/// The width of the bar.
const WIDTH: usize = 30;
/// The rate is that of so many answers.
const ANSWERS: usize = 20;
/// How often a line is printed where there is no terminal.
const PLAIN: Duration = Duration::from_secs(10);

/// A bar on a terminal, a line now and then elsewhere.
pub(super) struct Progress {
    lines: u64,
    terminal: bool,
    answers: VecDeque<(Instant, u64)>,
    printed: Option<Instant>,
}

impl Progress {
    /// Of a file of so many lines.
    pub(super) fn new(lines: u64, terminal: bool) -> Self {
        Self {
            lines,
            terminal,
            answers: VecDeque::new(),
            printed: None,
        }
    }

    /// Shows what the server said of the task.
    pub(super) fn show(&mut self, described: &Value) {
        let count = |member: &str| described[member].as_u64().unwrap_or_default();
        let (successes, failures) = (count("successCount"), count("failureCount"));
        let now = Instant::now();
        self.answers.push_back((now, successes + failures));
        if self.answers.len() > ANSWERS {
            self.answers.pop_front();
        }
        let text = self.text(successes + failures, failures);
        if self.terminal {
            drop(write!(std::io::stderr(), "\r\x1b[K{text}"));
            drop(std::io::stderr().flush());
        } else if self.printed.is_none_or(|at| now.duration_since(at) >= PLAIN) {
            self.printed = Some(now);
            say::line(text);
        }
    }

    /// Leaves the bar's line.
    pub(super) fn end(&self) {
        if self.terminal {
            say::complain("");
        }
    }

    fn rate(&self) -> Option<f64> {
        let (first, last) = (self.answers.front()?, self.answers.back()?);
        let seconds = last.0.duration_since(first.0).as_secs_f64();
        (seconds > 0.0).then(|| approximate(last.1.saturating_sub(first.1)) / seconds)
    }

    fn text(&self, done: u64, failures: u64) -> String {
        let share = (approximate(done) / approximate(self.lines.max(1))).min(1.0);
        let mut text = String::new();
        if self.terminal {
            let full =
                (1..=WIDTH).filter(|place| approximate(*place as u64) <= share * approximate(WIDTH as u64));
            let full = full.count();
            text = format!("[{}{}] ", "#".repeat(full), "-".repeat(WIDTH - full));
        }
        text.push_str(&format!(
            "{:3.0} %  {done} of {} lines, {failures} failed",
            (share * 100.0).floor(),
            self.lines
        ));
        if let Some(rate) = self.rate() {
            text.push_str(&format!(", {rate:.0} a second"));
            let left = approximate(self.lines.saturating_sub(done));
            if rate > 0.0 && left > 0.0 {
                let left = Duration::from_secs_f64((left / rate).ceil().min(1e9));
                text.push_str(&format!(", {} left", humantime::format_duration(left)));
            }
        }
        text
    }
}

#[expect(clippy::cast_precision_loss, reason = "these are estimates")]
fn approximate(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_tells_rate_failures_and_what_is_left() {
        let mut progress = Progress::new(100, true);
        assert_eq!(
            progress.text(0, 0),
            format!("[{}]   0 %  0 of 100 lines, 0 failed", "-".repeat(30))
        );
        let begin = Instant::now();
        progress
            .answers
            .extend([(begin, 10), (begin + Duration::from_secs(2), 50)]);
        assert_eq!(
            progress.text(50, 3),
            format!(
                "[{}{}]  50 %  50 of 100 lines, 3 failed, 20 a second, 3s left",
                "#".repeat(15),
                "-".repeat(15)
            )
        );
        progress.terminal = false;
        assert_eq!(
            progress.text(200, 3),
            "100 %  200 of 100 lines, 3 failed, 20 a second"
        );
    }
}
