//! The data directory. SQLite only: PostgreSQL has none of ours.

use std::os::unix::fs::PermissionsExt;

use thingsmith_ports::{Batch, Migration, Statement, Store};
use thingsmith_store_sqlite::{Config, OpenError, SqliteStore};

static TABLE: [Migration; 1] = [Migration {
    version: 1,
    sqlite: "CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT",
    postgres: "",
}];

/// The lock belongs to the open file, so a second opener in this process stands for a second process.
#[test]
fn a_directory_belongs_to_one_opener_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::new(directory.path());
    let first = SqliteStore::open(&config).unwrap();
    let refused = SqliteStore::open(&config).err().unwrap();
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    assert_eq!(
        refused.to_string(),
        format!(
            "the data directory {} is in use by another process",
            directory.path().display()
        )
    );
    drop(first);
    SqliteStore::open(&config).unwrap();
}

/// What flock(1) holds in another process keeps us out.
#[test]
fn a_directory_that_another_process_holds_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let lock = directory.path().join("lock");
    let mut holder = std::process::Command::new("flock")
        .arg(&lock)
        .args(["sh", "-c", "echo held; read line"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    let refused = SqliteStore::open(&Config::new(directory.path())).err().unwrap();
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    SqliteStore::open(&Config::new(directory.path())).unwrap();
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let refused = SqliteStore::open(&Config::new(&missing)).err().unwrap();
    assert!(
        refused.to_string().contains(missing.to_str().unwrap()),
        "{refused}"
    );
    assert!(matches!(refused, OpenError::Directory { .. }), "{refused}");
}

/// The registry holds secrets: other users of the machine read none of its files.
#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&Config::new(directory.path())).unwrap();
    store.migrate(&TABLE).await.unwrap();
    let mut batch = Batch::new();
    batch.execute(Statement::new("INSERT INTO notes (id) VALUES ($1)", [1.into()]));
    store.write(batch).await.unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if name.starts_with("registry.sqlite") {
            seen += 1;
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
        }
    }
    assert_eq!(seen, 3, "the database, its log and the log's index");
}

/// The settings on which durability rests, read back from the engine.
#[tokio::test]
async fn the_engine_tells_that_it_keeps_what_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&Config::new(directory.path())).unwrap();
    assert_eq!(store.durability().await.unwrap(), ("wal".to_owned(), 2));
}
