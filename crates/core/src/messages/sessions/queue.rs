//! Letting messages wait for sessions.

use thingsmith_mqtt::Message;
use thingsmith_ports::{Batch, StoreError};

use super::{QUEUE, rows};
use crate::messages::ToKeep;
use crate::messages::stored::Stored;
use crate::quotas::Quota;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Sessions of one batch: a message for very many does not hold up the others for long.
const BATCH: usize = 128;

/// Lets a message of QoS 1 wait for sessions. When this returns, it is durable; a session whose queue is full goes without,
/// and so does one whose client is away when the account lets messages begin to wait too often.
///
/// # Errors
/// When the store fails: some of the sessions may have got it.
pub async fn enqueue(deeds: &Deeds, mut sessions: Vec<ToKeep>, message: &Message) -> Result<(), Fault> {
    let mut stored = Stored::new(message, deeds.clock().now());
    if deeds.quotas().limits().is_some() {
        sessions
            .retain(|(session, _)| session.is_connected() || deeds.is_within(session.realm, Quota::Queue));
    }
    // One order for all batches, so that no two wait for each other.
    sessions.sort_unstable_by_key(|(session, _)| session.number);
    for sessions in sessions.chunks_mut(BATCH) {
        let first = deeds
            .message_numbers(i64::try_from(sessions.len()).unwrap_or(i64::MAX))
            .await?;
        let mut batch = Batch::new();
        for (number, (session, shared)) in (first..).zip(&mut *sessions) {
            stored.shared = shared.take();
            rows::enqueue(&mut batch, session.realm, session.number, number, &stored, QUEUE)?;
        }
        let tries = Tries::default();
        loop {
            let outcome = match deeds.messages().write(batch.clone()).await {
                // The numbers are nobody else's: an earlier try, whose commit was not answered, has happened.
                Ok(_) | Err(StoreError::Duplicate(_)) => Ok(()),
                Err(cause) => Err(Attempt::from(cause)),
            };
            if tries.settle(outcome).await?.is_some() {
                break;
            }
        }
        for (session, _) in sessions {
            session
                .stored
                .send_modify(|stored| *stored = stored.wrapping_add(1));
        }
    }
    Ok(())
}
