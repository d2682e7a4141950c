//! What is counted of fleet provisioning by template and by claim (AWS's metrics `RegisterThingFailed` and
//! `ApproximateNumberOfThingsRegistered`, with the dimensions `TemplateName` and `ClaimCertificateId`).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thingsmith_model::{CertificateId, TemplateName};

use super::Page;
use crate::fleet_provisioning::Operation;

/// Labels of a kind that are told apart; what comes beyond them is counted together, so that nobody makes the page long.
const LABELS: usize = 500;
/// What that is called. No template and no claim has the name: a name of a template has no dot.
const OTHERS: &str = "...";

/// The counts.
#[derive(Default)]
pub struct Fleet {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    answered: BTreeMap<(&'static str, bool), u64>,
    registrations: BTreeMap<(String, bool), u64>,
    by_claim: BTreeMap<String, u64>,
}

impl Fleet {
    /// Counts a request that was accepted or rejected.
    pub fn answered(&self, operation: &Operation, accepted: bool) {
        *self
            .counts()
            .answered
            .entry((operation.name(), accepted))
            .or_default() += 1;
    }

    /// Counts a registration with a template by a claim that was accepted or rejected. The template must be there: strangers
    /// choose the names of others.
    pub fn registration(&self, template: &TemplateName, claim: &CertificateId, accepted: bool) {
        let mut counts = self.counts();
        let name = (template.to_string(), accepted);
        add(&mut counts.registrations, name, (OTHERS.to_owned(), accepted));
        if accepted {
            add(&mut counts.by_claim, claim.to_string(), OTHERS.to_owned());
        }
    }

    pub(super) fn write(&self, page: &mut Page) {
        let counts = self.counts();
        let outcome = |accepted| if accepted { "accepted" } else { "rejected" };
        page.counter(
            "fleet_provisioning_requests_total",
            "Requests of fleet provisioning over MQTT by how they were answered.",
        );
        for ((operation, accepted), number) in &counts.answered {
            let labels = [("operation", *operation), ("outcome", outcome(*accepted))];
            page.value(&labels, *number as f64);
        }
        page.counter(
            "fleet_registrations_total",
            "Registrations of things over MQTT by provisioning template and by how they were answered.",
        );
        for ((template, accepted), number) in &counts.registrations {
            let labels = [("template", template.as_str()), ("outcome", outcome(*accepted))];
            page.value(&labels, *number as f64);
        }
        page.counter(
            "fleet_registrations_by_claim_total",
            "Registrations of things over MQTT by claim certificate, as this node has seen them.",
        );
        for (claim, number) in &counts.by_claim {
            page.value(&[("claim", claim)], *number as f64);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, label: K, others: K) {
    let known = counts.len() < LABELS || counts.contains_key(&label);
    *counts.entry(if known { label } else { others }).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_labels_is_counted_together() {
        let fleet = Fleet::default();
        let claim = CertificateId::from_sha256([7; 32]);
        for number in 0..LABELS + 20 {
            fleet.registration(&format!("t{number}").parse().unwrap(), &claim, true);
        }
        fleet.registration(&"t3".parse().unwrap(), &claim, false);
        fleet.answered(&Operation::CreateKeysAndCertificate, false);
        let mut page = Page::default();
        fleet.write(&mut page);
        let text = page.into_text();
        for line in [
            "thingsmith_fleet_registrations_total{template=\"t3\",outcome=\"accepted\"} 1".to_owned(),
            "thingsmith_fleet_registrations_total{template=\"...\",outcome=\"accepted\"} 20".to_owned(),
            "thingsmith_fleet_registrations_total{template=\"...\",outcome=\"rejected\"} 1".to_owned(),
            format!("thingsmith_fleet_registrations_by_claim_total{{claim=\"{claim}\"}} {}", LABELS + 20),
            "thingsmith_fleet_provisioning_requests_total{operation=\"CreateKeysAndCertificate\",outcome=\"rejected\"} 1".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
