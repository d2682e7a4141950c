//! Bulk registration, with every trouble at every place: a line, what became of it and the task's progress are one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use thingsmith_core::thing_registration_tasks::run;
use thingsmith_ports::{Clock, Store};
use thingsmith_testkit::TestClock;

use super::Trouble;
use super::store::Troubled;
use crate::bulk::{assert_done_once, buckets, has_ended, start};
use crate::stores::{Place, node_with_objects, realm};

/// Things of a file.
const THINGS: usize = 3;
/// Batches of a task, one of which is spoiled: taking it, its lines, ending it, and deleting its lines.
const BATCHES: usize = 9;

#[tokio::test]
async fn whichever_batch_of_a_task_is_lost_each_line_is_done_once() {
    use Trouble::{Busy, LostAfter, LostBefore, Overtaken};
    for troubles in [
        &[LostAfter] as &[Trouble],
        &[Overtaken],
        &[Busy, LostBefore, LostAfter],
    ] {
        join_all((0..BATCHES).map(|spared| carry_out(spared, troubles))).await;
    }
}

async fn carry_out(spared: usize, troubles: &[Trouble]) {
    let place = Place::sqlite();
    let store = place.open().await;
    let turned = Arc::new(TestClock::default());
    let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&turned);
    let (_folder, objects) = buckets(Arc::clone(&clock));
    let troubled = Arc::new(Troubled::new(Arc::clone(&store)));
    let spoiled = Arc::clone(&troubled) as Arc<dyn Store>;
    let node = Arc::new(node_with_objects(spoiled, Arc::clone(&objects), Arc::clone(&clock), 1).await);
    let other = node_with_objects(store, Arc::clone(&objects), clock, 2).await;
    let realm = realm(&other).await;
    let task = start(&other, &*objects, &realm, THINGS).await;
    // Its numbers are reserved before, so that what is spoiled is of the task.
    thingsmith_core::things::create_thing(&node, &realm, crate::objects::new_thing("other", []))
        .await
        .unwrap();

    troubled.spare(spared);
    troubled.spoil(troubles);
    let ended = async {
        while !has_ended(&other, &realm, &task).await {
            // A lease ends by the clock alone, and no other node is there that would take the task.
            tokio::time::sleep(Duration::from_millis(20)).await;
            turned.advance(Duration::from_secs(11));
        }
    };
    run(Arc::clone(&node), false, ended).await;
    let case = format!("{troubles:?} after {spared}");
    assert_done_once(&other, &*objects, &realm, (&task, THINGS), &case).await;
}
