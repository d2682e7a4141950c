//! Every function of every `rows.rs`: the same script of calls on both engines, with equal answers, and every
//! statement by an index.

mod access_keys;
mod authorities;
mod billing_groups;
mod ca_certificates;
mod certificate_providers;
mod certificates;
mod claims;
mod clients;
mod connections;
mod domain_configurations;
mod events;
mod fleet_provisioning;
mod functions;
mod identity_policies;
mod layers;
mod logging;
mod managed_policies;
mod numbers;
mod outbox;
mod policies;
mod provisioning_claims;
mod provisioning_templates;
mod query_plans;
mod realms;
mod registration_codes;
mod reset;
mod retained;
mod role_aliases;
mod roles;
mod script;
mod sessions;
mod settings;
mod tags;
mod thing_groups;
mod thing_registration_tasks;
mod thing_types;
mod things;
mod topic_rule_destinations;
mod topic_rules;
mod transfers;
mod user_keys;
mod users;

use std::collections::BTreeSet;
use std::path::Path;

use script::{Played, play};
use thingsmith_core::messages::MIGRATIONS as MESSAGES;
use thingsmith_core::schema::MIGRATIONS as REGISTRY;

use crate::stores::Place;

/// A test of each resource's script, and one that no function was forgotten.
macro_rules! scripts {
    ($($schema:ident: $($resource:ident)*;)*) => {
        $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $resource() {
            let on_sqlite = play(Place::sqlite(), $schema, |script| Box::pin($resource::play(script))).await;
            if let Some(place) = Place::postgres().await {
                same(on_sqlite, play(place, $schema, |script| Box::pin($resource::play(script))).await);
            }
        })*)*

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_script_calls_every_function_of_a_rows_file_and_an_index_leads_to_its_rows() {
            let mut called = BTreeSet::new();
            let mut whole_reads = BTreeSet::new();
            $($(
                let played = play(Place::sqlite(), $schema, |script| Box::pin($resource::play(script))).await;
                called.extend(played.called);
                let resource = stringify!($resource);
                whole_reads.extend(played.whole_reads.iter().map(|read| format!("{resource}: {read}")));
            )*)*
            assert_eq!(called, public_functions());
            query_plans::assert_expected(&whole_reads);
        }
    };
}

scripts! {
    REGISTRY:
    access_keys
    authorities
    billing_groups
    ca_certificates
    certificate_providers
    certificates
    claims
    clients
    connections
    domain_configurations
    events
    fleet_provisioning
    functions
    identity_policies
    layers
    logging
    managed_policies
    numbers
    outbox
    policies
    provisioning_claims
    provisioning_templates
    realms
    registration_codes
    reset
    role_aliases
    roles
    settings
    tags
    thing_groups
    thing_registration_tasks
    thing_types
    things
    topic_rule_destinations
    topic_rules
    transfers
    user_keys
    users;
    MESSAGES: retained sessions;
}

fn same(sqlite: Played, postgres: Played) {
    assert_eq!(sqlite.notes.len(), postgres.notes.len());
    for (sqlite, postgres) in sqlite.notes.iter().zip(&postgres.notes) {
        assert_eq!(sqlite, postgres, "left: SQLite, right: PostgreSQL");
    }
}

/// `RESOURCE::FUNCTION` of each public function in a `rows.rs` of the core; the resource is its folder's name.
fn public_functions() -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
        let Ok(text) = std::fs::read_to_string(folder.join("rows.rs")) else {
            continue;
        };
        let resource = folder.file_name().unwrap().to_str().unwrap();
        functions.extend(text.lines().filter_map(|line| {
            let rest = line
                .strip_prefix("pub async fn ")
                .or_else(|| line.strip_prefix("pub fn "))?;
            Some(format!("{resource}::{}", rest.split(['(', '<']).next()?))
        }));
    }
    functions
}
