//! Two servers with one PostgreSQL store: what is done at one is felt at the other.

use std::time::{Duration, Instant};

use serde_json::json;
use thingsmith_agent::AgentError;

use super::{Device, none};
use crate::server::Home;

#[tokio::test]
async fn a_certificate_that_is_revoked_at_one_node_loses_its_connection_to_the_other() {
    // It asks PostgreSQL with a runtime of its own.
    let Some(home) = tokio::task::spawn_blocking(Home::postgres).await.unwrap() else {
        return;
    };
    let here = home.start();
    let beside = home.beside();
    let there = beside.start();
    let mut caller = here.administrator();
    for (what, times) in [("REVOKED", 3), ("INACTIVE", 3), ("detach", 3)] {
        for time in 0..times {
            let device = Device::new(&mut caller);
            let name = format!("{what}-{time}");
            device.allow(&mut caller, &name, &["iot:*"]);
            let mut idle = device.connect(&there, "pump").await.unwrap();
            match what {
                "detach" => {
                    let target = json!({"target": device.arn});
                    caller.must("POST", &format!("/target-policies/{name}"), target);
                }
                status => {
                    let id = &device.id;
                    caller.must("PUT", &format!("/certificates/{id}?newStatus={status}"), none());
                }
            }
            let done = Instant::now();
            assert!(matches!(idle.next_message().await, Err(AgentError::Closed)));
            let after = done.elapsed();
            println!("{what} at one node ended an idle connection to the other after {after:?}");
            assert!(after < Duration::from_secs(5), "{after:?}");
        }
    }
}
