//! The SQL of transfers. Both sides of one stand in one batch, each under its own realm.

use thingsmith_model::{CertificateId, Realm, Timestamp};
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::{Direction, State, Transfer};
use crate::things::rows::certificate_id;

/// The newest transfer of a certificate as a realm sees it.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    id: &CertificateId,
) -> Result<Option<Transfer>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT id, number, created_at, direction, state, peer, peer_account, message, sent_at, settled_at, \
             reject_reason FROM certificate_transfers WHERE realm = $1 AND id = $2",
            [realm.0.into(), id.as_bytes().as_slice().into()],
        ))
        .await?;
    rows.first().map(transfer).transpose()
}

/// Writes down a transfer that begins, in place of what is known of an earlier one of the same certificate that has
/// ended.
pub fn insert(batch: &mut Batch, realm: Realm, transfer: &Transfer) {
    batch.execute(Statement::new(
        "DELETE FROM certificate_transfers WHERE realm = $1 AND id = $2 AND state <> 'PENDING'",
        [realm.0.into(), transfer.id.as_bytes().as_slice().into()],
    ));
    batch.execute(Statement::new(
        "INSERT INTO certificate_transfers (realm, id, direction, state, number, created_at, peer, peer_account, \
         message, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            realm.0.into(),
            transfer.id.as_bytes().as_slice().into(),
            transfer.direction.as_str().into(),
            transfer.state.as_str().into(),
            transfer.number.into(),
            transfer.created_at.into(),
            transfer.peer.0.into(),
            transfer.peer_account.as_str().into(),
            transfer.message.as_deref().into(),
            transfer.sent_at.into(),
        ],
    ));
}

/// Ends a transfer that is pending between these two, as one side sees it.
pub fn settle(
    batch: &mut Batch,
    realm: Realm,
    peer: Realm,
    id: &CertificateId,
    state: State,
    at: Timestamp,
    reject_reason: Option<&str>,
) {
    batch.guard(
        Statement::new(
            "UPDATE certificate_transfers SET state = $4, settled_at = $5, reject_reason = $6 \
             WHERE realm = $1 AND id = $3 AND peer = $2 AND state = 'PENDING'",
            [
                realm.0.into(),
                peer.0.into(),
                id.as_bytes().as_slice().into(),
                state.as_str().into(),
                at.into(),
                reject_reason.into(),
            ],
        ),
        1,
    );
}

/// Forgets a transfer that is pending between these two, as one side sees it.
pub fn cancel(batch: &mut Batch, realm: Realm, peer: Realm, id: &CertificateId) {
    batch.guard(
        Statement::new(
            "DELETE FROM certificate_transfers WHERE realm = $1 AND id = $3 AND peer = $2 AND state = 'PENDING'",
            [realm.0.into(), peer.0.into(), id.as_bytes().as_slice().into()],
        ),
        1,
    );
}

/// A page of the transfers that wait for their receivers, the oldest certificate first, after `after`.
pub async fn page_of_outgoing_ascending(
    store: &dyn Store,
    realm: Realm,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Transfer>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MIN, i64::MIN));
    let rows = store
        .read(Statement::new(
            "SELECT id, number, created_at, direction, state, peer, peer_account, message, sent_at, settled_at, \
             reject_reason FROM certificate_transfers WHERE realm = $1 AND direction = 'OUT' AND state = 'PENDING' \
             AND (created_at, number) > ($2, $3) ORDER BY created_at, number LIMIT $4",
            [realm.0.into(), created_at.into(), number.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(transfer).collect()
}

/// A page of the transfers that wait for their receivers, the newest certificate first, after `after`.
pub async fn page_of_outgoing_descending(
    store: &dyn Store,
    realm: Realm,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Transfer>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MAX, i64::MAX));
    let rows = store
        .read(Statement::new(
            "SELECT id, number, created_at, direction, state, peer, peer_account, message, sent_at, settled_at, \
             reject_reason FROM certificate_transfers WHERE realm = $1 AND direction = 'OUT' AND state = 'PENDING' \
             AND (created_at, number) < ($2, $3) ORDER BY created_at DESC, number DESC LIMIT $4",
            [realm.0.into(), created_at.into(), number.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(transfer).collect()
}

fn transfer(row: &Row) -> Result<Transfer, StoreError> {
    let unknown = |what: &str| StoreError::other(format!("a transfer has the unknown word {what:?}"));
    let (direction, state, account): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(6)?);
    Ok(Transfer {
        id: certificate_id(row.get(0)?)?,
        number: row.get(1)?,
        created_at: row.get(2)?,
        direction: [Direction::Outgoing, Direction::Incoming]
            .into_iter()
            .find(|known| known.as_str() == direction)
            .ok_or_else(|| unknown(&direction))?,
        state: [State::Pending, State::Accepted, State::Rejected]
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| unknown(&state))?,
        peer: Realm(row.get(5)?),
        peer_account: account.parse().map_err(StoreError::other)?,
        message: row.get(7)?,
        sent_at: row.get(8)?,
        settled_at: row.get(9)?,
        reject_reason: row.get(10)?,
    })
}
