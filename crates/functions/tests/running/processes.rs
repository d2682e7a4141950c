//! The processes of this machine, as a test sees them.

use std::fs;
use std::time::Duration;

/// The ids of the processes with this in their environment.
pub(crate) fn with(marker: &str) -> Vec<u32> {
    ids()
        .filter(|id| {
            fs::read(format!("/proc/{id}/environ")).is_ok_and(|environment| {
                environment
                    .windows(marker.len())
                    .any(|window| window == marker.as_bytes())
            })
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
