//! What the engines themselves say about keeping what they acknowledge.

use thingsmith_store_postgres::PostgresStore;
use thingsmith_store_sqlite::{Config, SqliteStore};

use crate::server::Home;

#[test]
fn sqlite_says_that_a_commit_waits_for_the_disk() {
    let home = Home::sqlite();
    assert_eq!(home.start().stop().code(), Some(0));
    let store = SqliteStore::open(&Config::new(home.data())).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // 2 is FULL: the log is synced in each commit.
    assert_eq!(
        runtime.block_on(store.durability()).unwrap(),
        ("wal".to_owned(), 2)
    );
}

#[test]
fn postgresql_says_that_a_commit_waits_for_the_disk() {
    let Some(home) = Home::postgres() else { return };
    assert_eq!(home.start().stop().code(), Some(0));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let durability = runtime.block_on(async {
        let config = thingsmith_store_postgres::Config::parse(home.store()).unwrap();
        PostgresStore::open(config)
            .await
            .unwrap()
            .durability()
            .await
            .unwrap()
    });
    assert_eq!(durability.fsync, "on");
    assert_eq!(durability.synchronous_commit, "on");
    assert_eq!(durability.full_page_writes, "on");
}

#[test]
fn a_database_that_commits_asynchronously_does_not_make_the_server_do_so() {
    let Some(home) = Home::postgres() else { return };
    let (_, database) = home.store().rsplit_once('/').unwrap();
    let statement = format!("ALTER DATABASE {database} SET synchronous_commit = off");
    crate::server::ask_postgres(home.store(), &statement);
    let shown = crate::server::ask_postgres(home.store(), "SHOW synchronous_commit");
    assert_eq!(shown, ["off"], "the database's default is what others get");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let durability = runtime.block_on(async {
        let config = thingsmith_store_postgres::Config::parse(home.store()).unwrap();
        PostgresStore::open(config)
            .await
            .unwrap()
            .durability()
            .await
            .unwrap()
    });
    assert_eq!(durability.synchronous_commit, "on");
}
