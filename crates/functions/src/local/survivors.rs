//! Processes that left a worker's group and are of the server's own user: they are known by their environment.
//!
//! This is for machines that offer neither namespaces nor users. Who changes its environment is not found.

use rustix::process::{Pid, Signal};

/// Ends every process whose environment names a Runtime API, until none is found.
pub(super) async fn end(api: &str) {
    let needle = format!("AWS_LAMBDA_RUNTIME_API={api}");
    let _ = tokio::task::spawn_blocking(move || {
        for _ in 0..MOST_ROUNDS {
            let found = processes(&needle);
            if found.is_empty() {
                return;
            }
            for process in found {
                // It may be gone already.
                let _ = rustix::process::kill_process(process, Signal::KILL);
            }
        }
    })
    .await;
}

fn processes(needle: &str) -> Vec<Pid> {
    let Ok(all) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let ours = std::process::id();
    all.filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|id| *id != ours)
        .filter(|id| {
            std::fs::read(format!("/proc/{id}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|it| it == needle.as_bytes())
            })
        })
        .filter_map(|id| Pid::from_raw(i32::try_from(id).ok()?))
        .collect()
}

const MOST_ROUNDS: usize = 50;
