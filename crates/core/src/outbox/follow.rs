//! A gateway reads the outbox.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::Timestamp;
use thingsmith_ports::StoreError;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::{KEEP, Mark, rows};
use crate::{Deeds, clients};

/// How often the outbox is read.
const EVERY: Duration = Duration::from_millis(250);
/// How far back every reading looks. Commits appear a little out of order: a change has the time of its deed.
const SHORT: Duration = Duration::from_secs(2);
/// How far back every fourth reading looks: beyond the longest that a statement may take (5 s), and clocks that differ.
const LONG: Duration = Duration::from_secs(10);
/// Changes read at a time.
const PAGE: i64 = 1000;

/// Reads the outbox until it is dropped, and tells the connections of this node what concerns them.
///
/// A node tells its own connections of its own changes at once; this is how it hears of those of others, and of those
/// whose commit was not answered. It also answers what other nodes ask about the clients of this one.
pub async fn follow(deeds: &Arc<Deeds>) -> Infallible {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut follower = Follower::default();
    let mut answering = JoinSet::new();
    loop {
        ticks.tick().await;
        // Before the first reading, after which others count on this node.
        if let Err(fault) = clients::appear(deeds).await
            && !follower.failing
        {
            tracing::warn!(%fault, "this node cannot say that it is there; others do not ask it for its clients");
        }
        if let Err(cause) = follower.read(deeds).await
            && !follower.failing
        {
            follower.failing = true;
            tracing::warn!(%cause, "changes cannot be read; connections ask the store themselves until they can");
        }
        clients::attend(deeds, &mut answering);
    }
}

#[derive(Default)]
struct Follower {
    readings: u64,
    /// When the last reading began that came to its end.
    read_at: Option<Timestamp>,
    failing: bool,
}

impl Follower {
    async fn read(&mut self, deeds: &Deeds) -> Result<(), StoreError> {
        let now = deeds.clock().now();
        let long = self.failing || self.readings.is_multiple_of(4);
        let back = if long { LONG } else { SHORT };
        let mut after = Mark {
            at: self.read_at.map_or(now, |at| at.min(now)).minus(back),
            number: i64::MIN,
        };
        if after.at < now.minus(KEEP) {
            // Some may have been swept away unread.
            deeds.watches().announce_all();
            deeds.rules().all_changed(deeds).await?;
        }
        loop {
            let page = rows::since(deeds.store(), after, PAGE).await?;
            for changed in &page {
                let mark = Mark {
                    at: changed.at,
                    number: changed.number,
                };
                deeds.hear(changed.realm, changed.change, mark);
                after = mark;
            }
            if i64::try_from(page.len()).unwrap_or(i64::MAX) < PAGE {
                break;
            }
        }
        self.readings += 1;
        self.read_at = Some(now);
        self.failing = false;
        deeds.watches().caught_up(now);
        deeds.rules().refresh(deeds).await;
        Ok(())
    }
}
