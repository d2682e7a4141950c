//! The processes of this machine, as a test sees them.

use std::fs;
use std::time::Duration;

/// The ids of the processes with this in an argument, which is the one thing that everybody may read of everybody's.
pub(crate) fn with(marker: &str) -> Vec<u32> {
    ids()
        .filter(|id| {
            let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let mut arguments = arguments.split(|byte| *byte == 0);
            arguments.any(|it| it.ends_with(marker.as_bytes()))
        })
        .collect()
}

/// Children of this process that have ended and that nobody has waited for.
pub(crate) fn zombies() -> usize {
    let ours = std::process::id().to_string();
    ids()
        .filter_map(|id| fs::read_to_string(format!("/proc/{id}/stat")).ok())
        .filter(|stat| {
            // proc(5): number, name in parentheses, state, parent.
            let mut words = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_ascii_whitespace();
            words.next() == Some("Z") && words.next() == Some(&ours)
        })
        .count()
}

/// Waits until something is so, as only the kernel knows when it is.
pub(crate) async fn eventually(what: &str, so: impl Fn() -> bool) {
    for _ in 0..3000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within half a minute: {what}");
}

fn ids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
