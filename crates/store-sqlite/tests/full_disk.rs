//! A disk that is full. SQLite only: a PostgreSQL server has its own disk, and tells of it like of any other refusal.
//!
//! The test runs itself again in a mount namespace of its own, on a file system in memory of a few megabytes.
//! Where that is forbidden (some containers) it says so; the writer's own tests then still have a database that is full.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use thingsmith_ports::{Batch, Migration, Statement, Store, StoreError};
use thingsmith_store_sqlite::{Config, SqliteStore};
use tokio::task::JoinSet;

static TABLE: [Migration; 1] = [Migration {
    version: 1,
    sqlite: "CREATE TABLE blocks (id INTEGER PRIMARY KEY, half INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT",
    postgres: "",
}];

/// Names the small file system's mount point to the test that runs inside.
const INSIDE: &str = "THINGSMITH_TEST_SMALL_DISK";

#[test]
fn a_full_disk_loses_nothing_and_the_store_recovers() {
    if let Some(disk) = std::env::var_os(INSIDE) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        return runtime.block_on(fill_and_recover(&PathBuf::from(disk)));
    }
    let disk = tempfile::tempdir().unwrap();
    // As root, or as root of a user namespace.
    for namespaces in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let unshare = |script: &str| {
            Command::new("unshare")
                .args(namespaces)
                .args(["sh", "-ec", script, "sh"])
                .arg(disk.path())
                .arg(std::env::current_exe().unwrap())
                .arg("a_full_disk_loses_nothing_and_the_store_recovers")
                .env(INSIDE, disk.path())
                .output()
        };
        let mount = "mount -t tmpfs -o size=6m none \"$1\"";
        if unshare(mount).is_ok_and(|output| output.status.success()) {
            let output = unshare(&format!("{mount}; exec \"$2\" --exact \"$3\" --nocapture")).unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success(),
                "{said}\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(said.contains("1 passed"), "{said}");
            return;
        }
    }
    eprintln!("skipped: unshare(1) can mount no file system here, neither as root nor in a user namespace");
}

async fn fill_and_recover(disk: &Path) {
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let config = Config::new(disk);
    let store = Arc::new(SqliteStore::open(&config).unwrap());
    store.migrate(&TABLE).await.unwrap();

    let mut acknowledged = BTreeSet::new();
    let mut failed = 0;
    let mut next = 0;
    // Until a whole round fails: then not even one block has a place.
    loop {
        let (done, refused) = round(&store, next).await;
        next += 32;
        failed += refused;
        let full = done.is_empty();
        acknowledged.extend(done);
        // Whatever happened to its neighbours, a block is there if and only if its caller was told so.
        assert_eq!(ids(&store).await, acknowledged);
        if full {
            break;
        }
    }
    assert!(
        failed >= 32 && acknowledged.len() > 32,
        "{failed} {}",
        acknowledged.len()
    );

    std::fs::remove_file(&ballast).unwrap();
    let (done, refused) = round(&store, next).await;
    assert_eq!((done.len(), refused), (32, 0), "there is space again");
    acknowledged.extend(done);
    assert_eq!(ids(&store).await, acknowledged);

    drop(store);
    let store = Arc::new(SqliteStore::open(&config).unwrap());
    assert_eq!(ids(&store).await, acknowledged);
}

/// Has 32 callers write a block each, at once, so that they share commits. Gives back what was acknowledged.
async fn round(store: &Arc<SqliteStore>, first: i64) -> (BTreeSet<i64>, usize) {
    let mut tasks = JoinSet::new();
    for id in first..first + 32 {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut batch = Batch::new();
            for half in 0..2 {
                let sql = "INSERT INTO blocks (id, half, bytes) VALUES ($1, $2, $3)";
                let args = [(2 * id + half).into(), half.into(), vec![7; 5_000].into()];
                batch.guard(Statement::new(sql, args), 1);
            }
            (id, store.write(batch).await)
        });
    }
    let mut done = BTreeSet::new();
    let mut refused = 0;
    for (id, answer) in tasks.join_all().await {
        match answer {
            Ok(_) => drop(done.insert(id)),
            // Never Retry, which would have the caller hammer a full disk, and never Unknown: it is known.
            Err(StoreError::Other(cause)) => {
                assert!(cause.to_string().contains("full"), "{cause}");
                refused += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    (done, refused)
}

/// The blocks that are there, each with both its halves.
async fn ids(store: &SqliteStore) -> BTreeSet<i64> {
    let sql = "SELECT id, half, length(bytes) FROM blocks ORDER BY id";
    let rows = store.read(Statement::new(sql, [])).await.unwrap();
    let mut ids = BTreeSet::new();
    for pair in rows.chunks(2) {
        let [first, second] = pair else {
            panic!("half a block")
        };
        let id = first.get::<i64>(0).unwrap() / 2;
        assert_eq!(second.get::<i64>(0).unwrap(), 2 * id + 1);
        assert_eq!(second.get::<i64>(2).unwrap(), 5_000);
        ids.insert(id);
    }
    ids
}
