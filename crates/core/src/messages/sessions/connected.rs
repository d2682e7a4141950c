//! A session while its client is connected.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use thingsmith_mqtt::{Message, TopicFilter};
use thingsmith_ports::{Batch, StoreError};
use tokio::sync::watch;

use super::resume::Resume;
use super::{KeptSession, LONGEST_EXPIRY_SECONDS, SessionRecord, SessionSubscription, life, rows};
use crate::messages::Shared;
use crate::{Deeds, Fault};

/// Messages of a session that may be on their way to its client at once, of those that are stored.
const ON_THEIR_WAY: usize = 64;

/// A session that a connection has. Its end is told with [`Self::close`]; dropping it only takes it from the connection.
pub struct Connected {
    deeds: Arc<Deeds>,
    kept: Arc<KeptSession>,
    connection: u64,
    expiry_seconds: i64,
    changed: watch::Receiver<u64>,
    /// Whether the store may have what was not read yet.
    more: bool,
    /// How fast it is read until all that waited is, where that is bounded.
    resume: Option<Resume>,
    /// Read and not deleted: on their way to the client, or in `done`.
    taken: HashSet<i64>,
    /// The numbers of what was sent, by the connection's own.
    sent: HashMap<u64, i64>,
    /// To be deleted.
    done: Vec<i64>,
}

impl Connected {
    pub(super) fn new(
        deeds: Arc<Deeds>,
        kept: Arc<KeptSession>,
        connection: u64,
        expiry_seconds: i64,
    ) -> Self {
        let changed = kept.stored.subscribe();
        let resume = Resume::of(&deeds, *changed.borrow());
        Self {
            deeds,
            changed,
            resume,
            kept,
            connection,
            expiry_seconds,
            more: true,
            taken: HashSet::new(),
            sent: HashMap::new(),
            done: Vec::new(),
        }
    }

    /// How long it will outlive its connection, in seconds.
    pub fn expiry_seconds(&self) -> u32 {
        u32::try_from(self.expiry_seconds).unwrap_or(u32::MAX)
    }

    /// Waits until [`Self::next`] may have something.
    pub async fn ready(&mut self) {
        if self.taken.len() - self.done.len() >= ON_THEIR_WAY {
            // The client has enough to acknowledge first.
            std::future::pending::<()>().await;
        }
        if let Some(resume) = &mut self.resume {
            resume.ready(&self.deeds, &self.changed).await;
        }
        if !self.more && self.changed.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.more = true;
    }

    /// The next messages to deliver, in their order, each to be told back with [`Self::sent`] or [`Self::done`]; with the group
    /// that it is for, if it came by a shared subscription.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Vec<(i64, Message, Option<Box<Shared>>)>, Fault> {
        self.settle().await?;
        let mut room = ON_THEIR_WAY.saturating_sub(self.taken.len());
        if let Some(resume) = &mut self.resume {
            room = room.min(resume.allows(&self.deeds, &self.changed));
        }
        if room == 0 {
            return Ok(Vec::new());
        }
        // What is stored from here on is a change again.
        self.changed.mark_unchanged();
        let limit = self.taken.len() + room;
        let found = rows::queued(
            self.deeds.messages(),
            self.kept.realm,
            self.kept.number,
            i64::try_from(limit).unwrap_or(i64::MAX),
        )
        .await?;
        self.more = found.len() >= limit;
        match &mut self.resume {
            // What comes from here on did not wait.
            Some(_) if !self.more => self.resume = None,
            Some(resume) => resume.took(&self.deeds, found.len().saturating_sub(self.taken.len())),
            None => {}
        }
        let now = self.deeds.clock().now();
        let mut next = Vec::new();
        for queued in found {
            if !self.taken.insert(queued.number) {
                continue;
            }
            match queued.stored.at(now) {
                Some(message) => next.push((queued.number, message, queued.stored.shared)),
                None => self.done.push(queued.number),
            }
        }
        Ok(next)
    }

    /// A message was sent under the connection's number `delivery`.
    pub fn sent(&mut self, number: i64, delivery: u64) {
        self.sent.insert(delivery, number);
    }

    /// A message is not to be delivered: the client may not receive it.
    pub fn done(&mut self, number: i64) {
        self.done.push(number);
    }

    /// The client has acknowledged what was sent under the connection's number `delivery`.
    pub fn acknowledged(&mut self, delivery: u64) {
        self.done.extend(self.sent.remove(&delivery));
    }

    /// Whether something waits to be deleted by [`Self::settle`].
    pub fn is_unsettled(&self) -> bool {
        !self.done.is_empty()
    }

    /// Deletes what is done.
    ///
    /// # Errors
    /// When the store fails: the client may get it again.
    pub async fn settle(&mut self) -> Result<(), StoreError> {
        if self.done.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for number in &self.done {
            rows::acknowledge(&mut batch, self.kept.realm, self.kept.number, *number);
        }
        match self.deeds.messages().write(batch).await {
            Ok(_) => {}
            // Late or lost: it is tried again, which is harmless.
            Err(StoreError::Retry(_) | StoreError::Unknown(_)) => return Ok(()),
            Err(cause) => return Err(cause),
        }
        for number in self.done.drain(..) {
            self.taken.remove(&number);
        }
        Ok(())
    }

    /// Keeps subscriptions that were granted.
    ///
    /// # Errors
    /// When the store fails, or the session was ended by another connection.
    pub async fn subscribe(&self, subscriptions: &[SessionSubscription]) -> Result<(), StoreError> {
        if subscriptions.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        rows::hold(&mut batch, self.kept.realm, self.kept.number);
        for subscription in subscriptions {
            rows::subscribe(&mut batch, self.kept.realm, self.kept.number, subscription);
        }
        self.write_again(batch).await
    }

    /// Takes subscriptions back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unsubscribe(&self, filters: &[TopicFilter]) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for filter in filters {
            rows::unsubscribe(&mut batch, self.kept.realm, self.kept.number, filter.as_str());
        }
        self.write_again(batch).await
    }

    /// Sends a batch that may happen twice, once more if it must.
    async fn write_again(&self, batch: Batch) -> Result<(), StoreError> {
        match self.deeds.messages().write(batch.clone()).await {
            Err(StoreError::Retry(_) | StoreError::Unknown(_)) => {
                self.deeds.messages().write(batch).await.map(drop)
            }
            answer => answer.map(drop),
        }
    }

    /// The connection is over. `expiry_seconds` is what the client said at last about how long its session lives on, if
    /// it said anything (MQTT 5, 3.14.2.2.2); it cannot give life to one that was to end.
    ///
    /// # Errors
    /// When the store fails; the session then ends a little later than it should.
    pub async fn close(mut self, expiry_seconds: Option<u32>) -> Result<(), StoreError> {
        let settled = self.settle().await;
        if !self.kept.disconnect(self.connection) {
            // Another connection has it.
            return settled;
        }
        let expiry = match expiry_seconds {
            Some(seconds) if self.expiry_seconds > 0 => i64::from(seconds.min(LONGEST_EXPIRY_SECONDS)),
            _ => self.expiry_seconds,
        };
        let (realm, number) = (self.kept.realm, self.kept.number);
        let expires_at = self.deeds.clock().now().plus(life::lifetime(expiry));
        if expiry == 0 {
            let record = SessionRecord {
                realm,
                number,
                client_id: self.kept.client_id.to_string(),
                expiry_seconds: expiry,
                expires_at,
            };
            return life::end(&self.deeds, &record).await;
        }
        let mut batch = Batch::new();
        rows::renew(&mut batch, realm, number, expiry, expires_at);
        match self.write_again(batch).await {
            // It was ended meanwhile.
            Err(StoreError::Guard(_)) => Ok(()),
            answer => answer,
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.kept.disconnect(self.connection);
    }
}
