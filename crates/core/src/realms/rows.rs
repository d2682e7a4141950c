//! The SQL of realms.

use thingsmith_model::{Account, Realm, Region};
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::RealmRecord;

/// The realm of an account in a region, if it was ever used.
pub async fn find(
    store: &dyn Store,
    account: &Account,
    region: &Region,
) -> Result<Option<RealmRecord>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT realm, account, region, endpoint_prefix FROM realms WHERE account = $1 AND region = $2",
            [account.as_str().into(), region.as_str().into()],
        ))
        .await?;
    rows.first().map(record).transpose()
}

/// The realm of this number.
pub async fn by_number(store: &dyn Store, realm: Realm) -> Result<Option<RealmRecord>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT realm, account, region, endpoint_prefix FROM realms WHERE realm = $1",
            [realm.0.into()],
        ))
        .await?;
    rows.first().map(record).transpose()
}

/// The realm whose endpoint names begin so.
pub async fn by_endpoint_prefix(store: &dyn Store, prefix: &str) -> Result<Option<RealmRecord>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT realm, account, region, endpoint_prefix FROM realms WHERE endpoint_prefix = $1",
            [prefix.into()],
        ))
        .await?;
    rows.first().map(record).transpose()
}

/// Adds a realm, unless the account has one in the region by now.
pub fn insert(batch: &mut Batch, record: &RealmRecord) {
    batch.execute(Statement::new(
        "INSERT INTO realms (realm, account, region, endpoint_prefix) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account, region) DO NOTHING",
        [
            record.realm.0.into(),
            record.account.as_str().into(),
            record.region.as_str().into(),
            record.endpoint_prefix.as_str().into(),
        ],
    ));
}

fn record(row: &Row) -> Result<RealmRecord, StoreError> {
    let (account, region): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(RealmRecord {
        realm: Realm(row.get(0)?),
        account: account.parse().map_err(StoreError::other)?,
        region: region.parse().map_err(StoreError::other)?,
        endpoint_prefix: row.get(3)?,
    })
}
