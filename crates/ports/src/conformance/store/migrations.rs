//! Migrations.

use std::sync::Arc;

use super::{AMPLE, Place, execute, number};
use crate::{Migration, MigrationError, Store, StoreError};

const FIRST: Migration = Migration {
    version: 1,
    sqlite: "CREATE TABLE steps (version INTEGER NOT NULL) STRICT; INSERT INTO steps (version) VALUES (1)",
    postgres: "CREATE TABLE steps (version BIGINT NOT NULL); INSERT INTO steps (version) VALUES (1);",
};
const SECOND: Migration = Migration {
    version: 2,
    sqlite: "CREATE TABLE second (id INTEGER PRIMARY KEY) STRICT; INSERT INTO steps (version) VALUES (2);",
    postgres: "CREATE TABLE second (id BIGINT PRIMARY KEY); INSERT INTO steps (version) VALUES (2)",
};
const THIRD: Migration = Migration {
    version: 3,
    sqlite: "INSERT INTO steps (version) VALUES (3)",
    postgres: "INSERT INTO steps (version) VALUES (3)",
};
/// Version 2 with a fault after what it has to do.
const BROKEN: Migration = Migration {
    version: 2,
    sqlite: "CREATE TABLE second (id INTEGER PRIMARY KEY) STRICT; INSERT INTO steps (version) VALUES (2);
        INSERT INTO nowhere (id) VALUES (1)",
    postgres: "CREATE TABLE second (id BIGINT PRIMARY KEY); INSERT INTO steps (version) VALUES (2);
        INSERT INTO nowhere (id) VALUES (1)",
};

static ONE: [Migration; 1] = [FIRST];
static TWO: [Migration; 2] = [FIRST, SECOND];
static THREE: [Migration; 3] = [FIRST, SECOND, THIRD];
static FAULTY: [Migration; 3] = [FIRST, BROKEN, THIRD];

/// How many migrations left their mark, and the newest.
async fn steps(store: &Arc<dyn Store>) -> (i64, i64) {
    let count = number(store, "SELECT count(*) FROM steps", []).await;
    (count, number(store, "SELECT max(version) FROM steps", []).await)
}

/// Each version is applied once, in order, however often and with however many versions the program asks.
pub async fn migrations_are_applied_once(place: &dyn Place) {
    let store = place.open(AMPLE).await;
    store.migrate(&[]).await.unwrap();
    store.migrate(&ONE).await.unwrap();
    assert_eq!(steps(&store).await, (1, 1));
    store.migrate(&THREE).await.unwrap();
    store.migrate(&THREE).await.unwrap();
    assert_eq!(steps(&store).await, (3, 3));
    drop(store);
    let store = place.open(AMPLE).await;
    store.migrate(&THREE).await.unwrap();
    assert_eq!(steps(&store).await, (3, 3));
}

/// Several nodes that start at once on one empty store do not get in each other's way.
pub async fn migrations_from_two_openers_are_applied_once(place: &dyn Place) {
    let first = place.open(AMPLE).await;
    let second = place.open_beside(&first).await;
    let (one, two, three, four) = tokio::join!(
        first.migrate(&THREE),
        second.migrate(&THREE),
        first.migrate(&THREE),
        second.migrate(&THREE)
    );
    for answer in [one, two, three, four] {
        answer.unwrap();
    }
    assert_eq!(steps(&second).await, (3, 3));
}

/// A program does not touch a store that a newer one has written.
pub async fn a_newer_schema_is_refused(place: &dyn Place) {
    let store = place.open(AMPLE).await;
    store.migrate(&THREE).await.unwrap();
    let refused = store.migrate(&TWO).await;
    assert!(
        matches!(refused, Err(MigrationError::Unknown { found: 3, known: 2 })),
        "{refused:?}"
    );
    let refused = store.migrate(&[]).await;
    assert!(
        matches!(refused, Err(MigrationError::Unknown { found: 3, known: 0 })),
        "{refused:?}"
    );
    assert_eq!(steps(&store).await, (3, 3));
}

/// A migration happens wholly or not at all; the ones before it stay, the ones after it wait.
pub async fn a_failing_migration_leaves_the_version_before_it(place: &dyn Place) {
    let store = place.open(AMPLE).await;
    let failed = store.migrate(&FAULTY).await;
    assert!(
        matches!(failed, Err(MigrationError::Store(StoreError::Other(_)))),
        "{failed:?}"
    );
    assert_eq!(steps(&store).await, (1, 1));
    execute(&store, "INSERT INTO steps (version) VALUES ($1)", [0.into()])
        .await
        .unwrap();
    execute(&store, "DELETE FROM steps WHERE version = $1", [0.into()])
        .await
        .unwrap();
    store.migrate(&THREE).await.unwrap();
    assert_eq!(steps(&store).await, (3, 3));
}
