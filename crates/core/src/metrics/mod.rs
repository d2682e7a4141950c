//! What is counted, for whoever watches the server.

mod bulk;
mod fleet;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use bulk::Bulk;
pub use fleet::Fleet;

use crate::decisions::Stage;

/// Numbers that only grow, and a few that say how much there is now.
#[derive(Default)]
pub struct Metrics {
    connections_open: AtomicI64,
    connections_accepted: AtomicU64,
    refused: [AtomicU64; Stage::ALL.len()],
    messages_in: AtomicU64,
    messages_out: AtomicU64,
    dropped: AtomicU64,
    commits: AtomicU64,
    provisioned: [AtomicU64; Provisioned::ALL.len()],
    provisioning_claims: AtomicU64,
    claims_over_limit: AtomicU64,
    fleet: Fleet,
    bulk: Bulk,
    rules_evaluated: AtomicU64,
    rule_actions_done: AtomicU64,
    rule_actions_failed: AtomicU64,
    rule_messages_dropped: AtomicU64,
    rules_not_found: AtomicU64,
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

/// What provisioning a device just in time came to (AWS's metrics `ProvisionThing.*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioned {
    /// Its resources were registered.
    Success,
    /// The template, its role or the device's certificate did not allow it.
    ClientError,
    /// The server failed.
    ServerError,
}

impl Provisioned {
    const ALL: [Self; 3] = [Self::Success, Self::ClientError, Self::ServerError];

    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
        }
    }
}

/// A connection that is counted while this is held.
pub struct OpenConnection<'m>(&'m Metrics);

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.0.connections_open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What an operation does, by the verb that its name begins with; names come from strangers, and a label must not.
fn class(operation: Option<&str>) -> &'static str {
    const VERBS: [&str; 26] = [
        "Accept",
        "Add",
        "Attach",
        "Cancel",
        "Confirm",
        "Create",
        "Delete",
        "Deprecate",
        "Describe",
        "Detach",
        "Disable",
        "Enable",
        "Get",
        "List",
        "Publish",
        "Put",
        "Register",
        "Reject",
        "Remove",
        "Replace",
        "Search",
        "Set",
        "Tag",
        "Transfer",
        "Untag",
        "Update",
    ];
    let Some(operation) = operation else { return "none" };
    VERBS
        .iter()
        .copied()
        .find(|verb| operation.starts_with(verb))
        .unwrap_or("other")
}

impl Metrics {
    /// Counts a connection that was accepted, as open until the answer is dropped.
    pub fn accepted(&self) -> OpenConnection<'_> {
        self.connections_accepted.fetch_add(1, Ordering::Relaxed);
        self.connections_open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self)
    }

    /// Counts a refusal.
    pub fn refused(&self, stage: Stage) {
        if let Some(at) = Stage::ALL.iter().position(|known| *known == stage) {
            self.refused[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a message from a client.
    pub fn message_in(&self) {
        self.messages_in.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a message to a client.
    pub fn message_out(&self) {
        self.messages_out.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a delivery that was dropped because its client is slow, or is sent too much.
    pub fn delivery_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How many deliveries were dropped.
    pub fn deliveries_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts a batch that the store committed.
    pub fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a device that was provisioned just in time, or was not.
    pub fn provisioned(&self, outcome: Provisioned) {
        self.provisioned[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a claim that a trusted user was given.
    pub fn provisioning_claim(&self) {
        self.provisioning_claims.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a registration by a claim that was used more often than there are devices that carry it.
    pub fn claim_over_limit(&self) {
        self.claims_over_limit.fetch_add(1, Ordering::Relaxed);
    }

    /// What is counted of fleet provisioning.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// What is counted of bulk registration.
    pub fn bulk(&self) -> &Bulk {
        &self.bulk
    }

    /// Counts a rule that is evaluated for a message.
    pub fn rule_evaluated(&self) {
        self.rules_evaluated.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an action of a rule that was carried out, or failed.
    pub fn rule_action(&self, done: bool) {
        let counter = match done {
            true => &self.rule_actions_done,
            false => &self.rule_actions_failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a message or an action that found no room in the queues of the rules, and gives back how many there were.
    pub fn rule_message_dropped(&self) -> u64 {
        self.rule_messages_dropped.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts a message of Basic Ingest whose rule is not there or is disabled: AWS's metric `RuleNotFound`.
    pub fn rule_not_found(&self) {
        self.rules_not_found.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request of the AWS API.
    pub fn request(&self, operation: Option<&str>, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((class(operation), status)).or_default() += 1;
    }

    /// Writes the counts in Prometheus's text format, version 0.0.4.
    pub fn write(&self, page: &mut Page) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        page.gauge("connections_open", "Connections of clients that are open now.")
            .value(&[], self.connections_open.load(Ordering::Relaxed) as f64);
        page.counter(
            "connections_accepted_total",
            "Connections accepted for a handshake.",
        )
        .value(&[], count(&self.connections_accepted));
        let refused = page.counter("refused_total", "Refusals by how far the refused came.");
        for (stage, counter) in Stage::ALL.iter().zip(&self.refused) {
            refused.value(&[("stage", stage.as_str())], count(counter));
        }
        page.counter(
            "messages_in_total",
            "Messages that clients published and that were routed.",
        )
        .value(&[], count(&self.messages_in));
        page.counter("messages_out_total", "Messages that were delivered to clients.")
            .value(&[], count(&self.messages_out));
        page.counter(
            "deliveries_dropped_total",
            "Deliveries dropped because the client takes messages too slowly, or is sent more than a quota allows.",
        )
        .value(&[], count(&self.dropped));
        page.counter(
            "store_commits_total",
            "Batches that the store committed for deeds.",
        )
        .value(&[], count(&self.commits));
        let provisioned = page.counter(
            "provision_thing_total",
            "Devices that were to be provisioned on their first connections, by what came of it.",
        );
        for (outcome, counter) in Provisioned::ALL.iter().zip(&self.provisioned) {
            provisioned.value(&[("outcome", outcome.as_str())], count(counter));
        }
        page.counter(
            "provisioning_claims_total",
            "Claims that trusted users were given (CreateProvisioningClaim).",
        )
        .value(&[], count(&self.provisioning_claims));
        page.counter(
            "claims_over_limit_total",
            "Registrations by claims that were used more often than there are devices that carry them.",
        )
        .value(&[], count(&self.claims_over_limit));
        self.fleet.write(page);
        self.bulk.write(page);
        page.counter(
            "rules_evaluated_total",
            "Topic rules evaluated, one for each message.",
        )
        .value(&[], count(&self.rules_evaluated));
        page.counter("rule_actions_total", "Actions of topic rules by how they ended.")
            .value(&[("outcome", "done")], count(&self.rule_actions_done));
        page.value(&[("outcome", "failed")], count(&self.rule_actions_failed));
        page.counter(
            "rule_messages_dropped_total",
            "Messages and actions dropped because the queues of the topic rules are full.",
        )
        .value(&[], count(&self.rule_messages_dropped));
        page.counter(
            "rules_not_found_total",
            "Messages of Basic Ingest that named a rule which is not there or is disabled.",
        )
        .value(&[], count(&self.rules_not_found));
        let requests = self
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let all = page.counter(
            "api_requests_total",
            "Requests of the AWS API by the verb of the operation and the HTTP status.",
        );
        for ((class, status), number) in requests {
            all.value(
                &[("operation", class), ("status", &status.to_string())],
                number as f64,
            );
        }
    }
}

/// A page in Prometheus's text format.
#[derive(Default)]
pub struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    /// Begins a number that goes up and down. Names are without the prefix `thingsmith_`.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin(name, help, "gauge")
    }

    /// Begins a number that only grows.
    pub fn counter(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin(name, help, "counter")
    }

    fn begin(&mut self, name: &'static str, help: &str, kind: &str) -> &mut Self {
        self.name = name;
        // Writing to a text does not fail.
        let _ = writeln!(
            self.text,
            "# HELP thingsmith_{name} {help}\n# TYPE thingsmith_{name} {kind}"
        );
        self
    }

    /// Writes a value of what was begun. Label values are ours and need no escapes.
    pub fn value(&mut self, labels: &[(&str, &str)], value: f64) {
        let name = self.name;
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let _ = if labels.is_empty() {
            writeln!(self.text, "thingsmith_{name} {value}")
        } else {
            writeln!(self.text, "thingsmith_{name}{{{}}} {value}", labels.join(","))
        };
    }

    /// The page.
    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_what_was_counted() {
        let metrics = Metrics::default();
        let open = metrics.accepted();
        drop(metrics.accepted());
        metrics.refused(Stage::Connect);
        metrics.request(Some("CreateThing"), 200);
        metrics.request(Some("CreatePolicy"), 200);
        metrics.request(Some("\"} 1\nforged 2"), 404);
        let mut page = Page::default();
        metrics.write(&mut page);
        let text = page.into_text();
        for line in [
            "# TYPE thingsmith_connections_open gauge",
            "thingsmith_connections_open 1",
            "thingsmith_connections_accepted_total 2",
            "thingsmith_refused_total{stage=\"connect\"} 1",
            "thingsmith_refused_total{stage=\"publish\"} 0",
            "thingsmith_api_requests_total{operation=\"Create\",status=\"200\"} 2",
            "thingsmith_api_requests_total{operation=\"other\",status=\"404\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(!text.contains("forged"));
        drop(open);
    }
}
