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
/// Where there is no terminal, a line is printed for each so many hundredths of the file, ...
const STEP: u64 = 5;
/// ... and after this time, if anything was done meanwhile.
const PLAIN: Duration = Duration::from_secs(60);

/// A bar on a terminal; elsewhere a line at the beginning, for each step on the way, and at the end.
pub(super) struct Progress {
    lines: u64,
    terminal: bool,
    answers: VecDeque<(Instant, u64)>,
    /// When the last line was printed, and what was done then.
    printed: Option<(Instant, u64)>,
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

    /// Shows what the server said of the task; `ended` when that was the last word.
    pub(super) fn show(&mut self, described: &Value, ended: bool) {
        let count = |member: &str| described[member].as_u64().unwrap_or_default();
        let (successes, failures) = (count("successCount"), count("failureCount"));
        let now = Instant::now();
        self.answers.push_back((now, successes + failures));
        if self.answers.len() > ANSWERS {
            self.answers.pop_front();
        }
        let done = successes + failures;
        let text = self.text(done, failures);
        if self.terminal {
            drop(write!(std::io::stderr(), "\r\x1b[K{text}"));
            drop(std::io::stderr().flush());
        } else if self.is_worth_a_line(now, done, ended) {
            self.printed = Some((now, done));
            say::line(text);
        }
    }

    fn is_worth_a_line(&self, now: Instant, done: u64, ended: bool) -> bool {
        let step = |done: u64| done.saturating_mul(100 / STEP) / self.lines.max(1);
        self.printed.is_none_or(|(at, before)| {
            let late = now.duration_since(at) >= PLAIN;
            done != before && (ended || late || step(done) > step(before))
        })
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
    fn without_a_terminal_each_twentieth_is_worth_a_line_and_so_are_both_ends() {
        let mut progress = Progress::new(1_000, false);
        let begin = Instant::now();
        let mut lines = |done, seconds, ended| {
            let now = begin + Duration::from_secs(seconds);
            let worth = progress.is_worth_a_line(now, done, ended);
            if worth {
                progress.printed = Some((now, done));
            }
            worth
        };
        assert!(lines(0, 0, false));
        assert!(!lines(0, 1, false) && !lines(49, 2, false));
        assert!(lines(50, 3, false));
        assert!(!lines(51, 4, false) && !lines(99, 5, false));
        assert!(lines(700, 6, false), "many steps are one line");
        assert!(!lines(701, 65, false));
        assert!(lines(702, 66, false), "a minute is worth one");
        assert!(!lines(702, 600, false), "unless nothing was done");
        assert!(lines(703, 601, true), "the end is worth one");
        assert!(!lines(703, 602, true), "unless it was said");
        assert!(Progress::new(0, false).is_worth_a_line(begin, 0, true));
    }

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
