//! The few things that a server remembers about itself.

pub mod rows;

use thingsmith_model::Account;
use thingsmith_ports::{Batch, Store, StoreError};

use crate::Deeds;

/// The account that a server was first started with.
///
/// # Errors
/// When the store fails or holds something else.
pub async fn account(store: &dyn Store) -> Result<Option<Account>, StoreError> {
    let text = rows::find(store, "account").await?;
    text.map(|text| text.parse().map_err(StoreError::other))
        .transpose()
}

/// Remembers the account of a server's first start, and gives back the one that is remembered: another node may have
/// been first.
///
/// # Errors
/// When the store fails.
pub async fn remember_account(store: &dyn Store, first: &Account) -> Result<Account, StoreError> {
    let mut batch = Batch::new();
    rows::insert_if_absent(&mut batch, "account", first.as_str());
    store.write(batch).await?;
    account(store)
        .await?
        .ok_or_else(|| StoreError::other("the account vanished"))
}

/// Commits a write that changes nothing of the registry: whoever may do this may do more.
///
/// # Errors
/// When the store takes no writes.
pub async fn prove_writable(deeds: &Deeds) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    rows::put(
        &mut batch,
        "last_proof_of_writing",
        &deeds.clock().now().as_millis().to_string(),
    );
    deeds.store().write(batch).await.map(drop)
}
