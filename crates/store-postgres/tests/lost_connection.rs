//! What a lost connection makes of a batch. PostgreSQL only: the embedded store has no connection to lose.

#![expect(clippy::unwrap_used, reason = "test code")]

mod proxy;
mod server;

use std::time::Duration;

use thingsmith_ports::{Batch, Migration, Row, Statement, Store, StoreError};
use thingsmith_store_postgres::{Config, PostgresStore};

use crate::proxy::{Cut, Proxy};

static TABLE: [Migration; 1] = [Migration {
    version: 1,
    sqlite: "",
    postgres: "CREATE TABLE lost (id BIGINT PRIMARY KEY)",
}];

/// A store that is reached through a proxy, and the same store without it.
struct Setting {
    proxy: Proxy,
    store: PostgresStore,
    direct: PostgresStore,
}

async fn setting() -> Option<Setting> {
    let (config, address) = server::config()?;
    PostgresStore::create_schema(&config).await.unwrap();
    let direct = PostgresStore::open(config.clone()).await.unwrap();
    direct.migrate(&TABLE).await.unwrap();
    let proxy = Proxy::start(&address).await;
    let mut through = Config::parse(&proxy.address).unwrap();
    through.schema = config.schema;
    through.writers = 2;
    let store = PostgresStore::open(through).await.unwrap();
    Some(Setting { proxy, store, direct })
}

/// Adds the rows `first` and `first + 1`.
fn two_rows(first: i64) -> Batch {
    let mut batch = Batch::new();
    for id in [first, first + 1] {
        batch.guard(
            Statement::new("INSERT INTO lost (id) VALUES ($1)", [id.into()]),
            1,
        );
    }
    batch
}

async fn ids(store: &PostgresStore) -> Vec<i64> {
    let rows = store
        .read(Statement::new("SELECT id FROM lost ORDER BY id", []))
        .await;
    rows.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

#[tokio::test]
async fn a_connection_lost_before_the_commit_arrives_is_unknown_and_did_not_happen() {
    let Some(Setting { proxy, store, direct }) = setting().await else {
        return;
    };
    proxy.cut(Cut::BeforeCommit);
    let answer = store.write(two_rows(1)).await;
    assert!(matches!(answer, Err(StoreError::Unknown(_))), "{answer:?}");
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(ids(&direct).await, [0; 0]);
    store.write(two_rows(1)).await.unwrap();
    assert_eq!(ids(&direct).await, [1, 2]);
}

#[tokio::test]
async fn a_connection_lost_after_the_commit_is_unknown_and_did_happen() {
    let Some(Setting { proxy, store, direct }) = setting().await else {
        return;
    };
    proxy.cut(Cut::AfterCommit);
    let answer = store.write(two_rows(1)).await;
    assert!(matches!(answer, Err(StoreError::Unknown(_))), "{answer:?}");
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(ids(&direct).await, [1, 2]);
    let again = store.write(two_rows(1)).await;
    assert!(matches!(again, Err(StoreError::Duplicate(0))), "{again:?}");
}

/// The commit is on its way when the caller's side is cut off: what the caller reads once it has its answer stays so.
#[tokio::test]
async fn when_unknown_is_answered_the_batch_has_happened_or_never_will() {
    let Some(Setting { proxy, store, direct }) = setting().await else {
        return;
    };
    proxy.cut(Cut::CommitArrivesLate);
    let answer = store.write(two_rows(1)).await;
    assert!(matches!(answer, Err(StoreError::Unknown(_))), "{answer:?}");
    let found = ids(&direct).await;
    proxy.deliver_late_commit().await;
    assert_eq!(ids(&direct).await, found);
    assert_eq!(
        found, [0; 0],
        "the server's process was ended before the commit arrived"
    );
}

#[tokio::test]
async fn a_connection_lost_before_the_commit_is_sent_asks_to_try_again() {
    let Some(Setting { proxy, store, direct }) = setting().await else {
        return;
    };
    for (cut, first) in [(Cut::BeforeBegin, 1), (Cut::AfterBegin, 3)] {
        proxy.cut(cut);
        let answer = store.write(two_rows(first)).await;
        assert!(matches!(answer, Err(StoreError::Retry(_))), "{answer:?}");
        store.write(two_rows(first)).await.unwrap();
    }
    assert_eq!(proxy.cuts(), 2);
    assert_eq!(ids(&direct).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn lost_connections_are_replaced() {
    let Some(Setting { proxy, store, direct }) = setting().await else {
        return;
    };
    store.write(two_rows(1)).await.unwrap();
    assert_eq!(ids(&store).await, [1, 2]);
    let end = "
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'thingsmith' AND client_port IN (SELECT CAST($1 AS BIGINT) UNION ALL SELECT $2)";
    for port in proxy.server_side_ports() {
        let ended = direct.read(Statement::new(end, [port.into(), port.into()])).await;
        assert_eq!(ended.unwrap(), [Row(vec![1.into()])]);
    }
    // Whoever meets the loss may be told to try again, once for each connection.
    let mut refused = 0;
    while let Err(cause) = store.write(two_rows(3)).await {
        assert!(matches!(cause, StoreError::Retry(_)), "{cause:?}");
        refused += 1;
    }
    while let Err(cause) = store.read(Statement::new("SELECT 1", [])).await {
        assert!(matches!(cause, StoreError::Retry(_)), "{cause:?}");
        refused += 1;
    }
    assert!(refused <= 6, "{refused}");
    assert_eq!(ids(&store).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_server_that_goes_away_is_waited_for_and_then_reported() {
    let Some(Setting { proxy, store, .. }) = setting().await else {
        return;
    };
    proxy.stop().await;
    let read = store.read(Statement::new("SELECT 1", []));
    let refused = tokio::time::timeout(Duration::from_secs(15), read).await.unwrap();
    assert!(matches!(refused, Err(StoreError::Retry(_))), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_at_the_start_is_named() {
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let config = Config::parse(&format!("postgres://me:hunter2@127.0.0.1:{port}/things")).unwrap();
    let refused = PostgresStore::open(config).await.err().unwrap();
    let cause = std::error::Error::source(&refused)
        .expect("it says why")
        .to_string();
    let refused = format!("{refused}: {cause}");
    assert!(
        refused.starts_with(&format!(
            "the PostgreSQL server at 127.0.0.1:{port}/things cannot be used: "
        )),
        "{refused}"
    );
    assert!(!refused.contains("hunter2"), "{refused}");
}

/// The settings on which durability rests, read back from the server.
#[tokio::test]
async fn the_server_tells_that_it_keeps_what_it_acknowledged() {
    let Some((config, _)) = server::config() else {
        return;
    };
    let store = PostgresStore::open(config).await.unwrap();
    let durability = store.durability().await.unwrap();
    assert_eq!(durability.fsync, "on");
    assert_eq!(durability.synchronous_commit, "on");
    assert_eq!(durability.full_page_writes, "on");
}
