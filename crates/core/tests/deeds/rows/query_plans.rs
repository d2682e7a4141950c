//! How SQLite finds the rows of each statement that the scripts sent.
//!
//! Nothing else notices a statement that reads a whole realm for one row: it answers the same, and is slow only where
//! there are many.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use thingsmith_ports::{
    Batch, Engine, Migration, MigrationError, Row, Statement, Step, Store, StoreError, Value,
};

/// Reads of all of a table, or of all that a realm has of it: the resource, the beginning of the plan's line, and
/// why that is well.
const WHOLE: &[(&str, &str, &str)] = &[
    (
        "certificate_providers",
        "SEARCH certificate_providers",
        "few: a person made each",
    ),
    (
        "clients",
        "SCAN node_answers",
        "what nodes have answered in the last seconds",
    ),
    ("clients", "SCAN nodes", "as many as there are nodes"),
    (
        "domain_configurations",
        "SEARCH domain_configurations",
        "few: a person made each",
    ),
    (
        "events",
        "SEARCH event_configurations",
        "as many as there are kinds of events",
    ),
    (
        "fleet_provisioning",
        "SCAN waiting",
        "the subquery, whose rows an index gave and which ends at its limit",
    ),
    ("layers", "SEARCH layer_code", "few: a person made each"),
    ("layers", "SEARCH layer_versions", "few: a person made each"),
    (
        "managed_policies",
        "SEARCH managed_policies",
        "few: a person made each",
    ),
    (
        "policies",
        "SCAN t ",
        "the targets that the statement itself gathered",
    ),
    (
        "policies",
        "SCAN x ",
        "the targets that the statement itself gathered",
    ),
    ("reset", "", "all goes"),
    ("role_aliases", "SEARCH role_aliases", "few: a person made each"),
    (
        "thing_registration_tasks",
        "SCAN t ",
        "tasks of the last weeks, looked at by the sweep alone",
    ),
    (
        "thing_registration_tasks",
        "SEARCH t USING INDEX thing_registration_tasks_under_way",
        "its index has none but those under way: one",
    ),
    (
        "topic_rule_destinations",
        "SEARCH topic_rule_destinations",
        "few: a person made each",
    ),
    ("topic_rules", "SCAN topic_rules", "read once, when a node starts"),
    (
        "topic_rules",
        "SEARCH topic_rules",
        "few: a person made each, and all are wanted",
    ),
];

/// A store that remembers what it was asked.
pub(crate) struct Watched {
    store: Arc<dyn Store>,
    seen: Mutex<Vec<Statement>>,
}

impl Watched {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            seen: Mutex::default(),
        }
    }

    /// The lines of the plans in which a whole table or realm is read, as `LINE in STATEMENT`.
    pub(crate) async fn whole_reads(&self) -> BTreeSet<String> {
        if self.store.engine() != Engine::Sqlite {
            return BTreeSet::new();
        }
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let mut texts = BTreeSet::new();
        let mut whole = BTreeSet::new();
        for statement in seen {
            if !texts.insert(statement.sql) {
                continue;
            }
            let explained = Statement {
                sql: format!("EXPLAIN QUERY PLAN {}", statement.sql).leak(),
                args: statement.args,
            };
            for row in self.store.read(explained).await.unwrap() {
                // The columns are id, parent, an unused one and the line.
                let Some(Value::Text(line)) = row.0.get(3) else {
                    panic!("{row:?}");
                };
                if reads_whole(line) {
                    whole.insert(format!("{line} in {}", statement.sql));
                }
            }
        }
        whole
    }

    fn remember(&self, statement: &Statement) {
        self.seen.lock().unwrap().push(statement.clone());
    }
}

/// Whether a line of a plan reads all rows of a table or of a realm. The lines are described on
/// <https://www.sqlite.org/eqp.html>.
fn reads_whole(line: &str) -> bool {
    (line.starts_with("SCAN ") && !line.starts_with("SCAN CONSTANT ROW") && !line.contains("SUBQUERY"))
        || line.ends_with("(realm=?)")
}

/// Asserts that each of these `RESOURCE: LINE in STATEMENT` is in [`WHOLE`], and that nothing in it is out of date.
pub(crate) fn assert_expected(whole: &BTreeSet<String>) {
    let begins = |read: &str, (resource, line, _): &(&str, &str, &str)| {
        read.strip_prefix(resource)
            .and_then(|rest| rest.strip_prefix(": "))
            .is_some_and(|rest| rest.starts_with(line))
    };
    let unexpected: Vec<_> = whole
        .iter()
        .filter(|read| !WHOLE.iter().any(|expected| begins(read, expected)))
        .collect();
    assert!(
        unexpected.is_empty(),
        "no index leads to the rows of these statements: {unexpected:#?}"
    );
    for expected in WHOLE {
        assert!(
            whole.iter().any(|read| begins(read, expected)),
            "no statement reads so any more: {expected:?}"
        );
    }
}

#[async_trait]
impl Store for Watched {
    fn engine(&self) -> Engine {
        self.store.engine()
    }

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.remember(&statement);
        self.store.read(statement).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError> {
        for step in batch.steps() {
            match step {
                Step::Execute { statement, .. } | Step::Hold { row: statement, .. } => {
                    self.remember(statement);
                }
            }
        }
        self.store.write(batch).await
    }

    async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError> {
        self.store.migrate(migrations).await
    }
}
