//! The SQL of tags. A resource is the number of any object.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Statement, Store, StoreError};

use super::Tags;

/// Adds the tags of a resource that the same batch makes.
pub fn insert(batch: &mut Batch, realm: Realm, resource: i64, tags: &Tags) {
    for (key, value) in tags {
        batch.execute(Statement::new(
            "INSERT INTO tags (realm, resource, key, value) VALUES ($1, $2, $3, $4)",
            [
                realm.0.into(),
                resource.into(),
                key.as_str().into(),
                value.as_str().into(),
            ],
        ));
    }
}

/// Gives a resource a tag, in the place of one with the same key, provided that it has fewer than `limit` others. The
/// resource must be held exclusively in an earlier step, since its tags are counted.
pub fn set(batch: &mut Batch, realm: Realm, resource: i64, (key, value): (&str, &str), limit: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO tags (realm, resource, key, value) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), \
             CAST($3 AS TEXT), CAST($4 AS TEXT) \
             WHERE (SELECT count(*) FROM tags WHERE realm = $1 AND resource = $2 AND key <> $3) < $5 \
             ON CONFLICT (realm, resource, key) DO UPDATE SET value = excluded.value",
            [
                realm.0.into(),
                resource.into(),
                key.into(),
                value.into(),
                limit.into(),
            ],
        ),
        1,
    );
}

/// Takes a tag from a resource; harmless when it has none of this key.
pub fn delete(batch: &mut Batch, realm: Realm, resource: i64, key: &str) {
    batch.execute(Statement::new(
        "DELETE FROM tags WHERE realm = $1 AND resource = $2 AND key = $3",
        [realm.0.into(), resource.into(), key.into()],
    ));
}

/// Takes all tags from a resource, in the batch that deletes it.
pub fn delete_all(batch: &mut Batch, realm: Realm, resource: i64) {
    batch.execute(Statement::new(
        "DELETE FROM tags WHERE realm = $1 AND resource = $2",
        [realm.0.into(), resource.into()],
    ));
}

/// A page of a resource's tags in order of their keys, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    resource: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT key, value FROM tags WHERE realm = $1 AND resource = $2 AND key > $3 ORDER BY key LIMIT $4",
            [realm.0.into(), resource.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
