//! How results look: a table for people, JSON for machines.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::machine::Machine;
use crate::statistics::Spread;

/// A result that can be read.
pub(crate) trait Report: Serialize {
    /// As text, with a line feed at the end.
    fn text(&self) -> String;
}

/// Prints a result.
#[expect(clippy::print_stdout, reason = "results are what this program is for")]
pub(crate) fn print(report: &impl Report, json: bool) -> Result<()> {
    if json {
        println!(
            "{}",
            serde_json::to_string(report).context("the result cannot be written as JSON")?
        );
    } else {
        print!("{}", report.text());
    }
    Ok(())
}

/// A table whose first column stands left and whose others stand right.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let written = match column {
                    0 => write!(line, "  {cell:<width$}"),
                    _ => write!(line, "  {cell:>width$}"),
                };
                written.expect("a string takes what is written to it");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// The machine in one line, and the disk in a second.
pub(crate) fn machine(machine: &Machine) -> String {
    let mut text = format!(
        "  machine: {} cores, load {} when the run began\n",
        machine.cores, machine.load
    );
    if let Some(fsync) = &machine.fsync {
        let (p50, p99) = (fsync.latency.p50_us, fsync.latency.p99_us);
        let rate = fsync.per_second;
        text += &format!(
            "  disk:    {rate:.0} fsyncs a second one after the other, p50 {p50:.0} us, p99 {p99:.0} us\n"
        );
    }
    text
}

/// A median with its range.
pub(crate) fn spread(spread: &Spread, decimals: usize) -> String {
    let Spread {
        median,
        minimum,
        maximum,
    } = spread;
    format!("{median:.decimals$} ({minimum:.decimals$} to {maximum:.decimals$})")
}

/// A figure beside its bar.
pub(crate) fn bar(holds: bool) -> &'static str {
    if holds { "holds" } else { "MISSED" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["server", "us"]);
        table.row(["bare".into(), "150.0".into()]);
        assert_eq!(table.text(), "  server     us\n  bare    150.0\n");
    }
}
