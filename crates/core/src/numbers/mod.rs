//! Numbers of objects, reserved from the store in blocks.
//!
//! Attachments refer to objects by number. There is no clock in a number, since a number that were used twice would
//! hand one device another's policy.

pub mod rows;

use std::sync::Arc;

use thingsmith_ports::{Store, StoreError};
use tokio::sync::Mutex;

/// Numbers reserved at a time: the price of one write is shared by so many objects.
const BLOCK: i64 = 4096;

/// A node's supply of numbers.
pub(crate) struct Numbers {
    store: Arc<dyn Store>,
    // Held across the reservation, so that callers who find the block empty wait for one reservation together.
    block: Mutex<std::ops::Range<i64>>,
}

impl Numbers {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            block: Mutex::new(0..0),
        }
    }

    /// Takes `count` numbers in a row and gives back the first.
    pub(crate) async fn take(&self, count: i64) -> Result<i64, StoreError> {
        let mut block = self.block.lock().await;
        if block.end - block.start < count {
            let size = BLOCK.max(count);
            let reserved = rows::reserve(self.store.as_ref(), "objects", size).await;
            let first = reserved.map_err(|error| match error {
                // A reservation that may have happened costs some numbers and changes nothing.
                StoreError::Unknown(reason) => StoreError::Retry(reason),
                error => error,
            })?;
            *block = first..first + size;
        }
        let first = block.start;
        block.start += count;
        Ok(first)
    }
}
