//! Tasks of bulk registration that go from node to node while their lines are under way.

use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::Deeds;
use thingsmith_core::thing_registration_tasks::run;
use thingsmith_ports::Clock;
use thingsmith_testkit::TestClock;

use super::dawdling;
use crate::bulk::{assert_done_once, buckets, has_ended, start};
use crate::stores::{node_with_objects, places, realm};

const THINGS: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_take_a_task_from_each_other_do_each_line_once() {
    for place in places().await {
        let turned = Arc::new(TestClock::default());
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&turned);
        let (_folder, objects) = buckets(Arc::clone(&clock));
        let (here, there) = dawdling(&place).await;
        let here = Arc::new(node_with_objects(here, Arc::clone(&objects), Arc::clone(&clock), 1).await);
        let there = Arc::new(node_with_objects(there, Arc::clone(&objects), clock, 2).await);
        let realm = realm(&here).await;
        let task = start(&here, &*objects, &realm, THINGS).await;
        let takes_it_again_and_again = async |node: &Arc<Deeds>, first: u64| {
            let mut pause = first;
            while !has_ended(node, &realm, &task).await {
                // It believes that no other node is there, so that no lease keeps it from taking the task; and it waits
                // longer each time, so that there is an end on the slowest machine.
                let stop = tokio::time::sleep(Duration::from_millis(pause));
                run(Arc::clone(node), true, stop).await;
                pause += pause / 4 + 1;
            }
        };
        tokio::join!(
            takes_it_again_and_again(&here, 3),
            takes_it_again_and_again(&there, 5)
        );
        let engine = here.store().engine();
        assert_done_once(&here, &*objects, &realm, (&task, THINGS), &format!("{engine:?}")).await;
    }
}
