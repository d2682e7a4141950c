//! What is done when actions fail: one message for the rule's errorAction, as AWS writes it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::actions::Failure;
use super::delivery::Delivery;
use super::index::Rule;
use super::offer::Offered;
use crate::Deeds;

/// The actions of one rule for one message, until the last of them has ended.
pub(super) struct Acting {
    pub(super) offered: Arc<Offered>,
    pub(super) rule: Arc<Rule>,
    /// What the statement selected.
    pub(super) payload: Vec<u8>,
    left: AtomicUsize,
    failures: Mutex<Vec<(String, Failure)>>,
}

impl Acting {
    pub(super) fn new(offered: Arc<Offered>, rule: Arc<Rule>, payload: Vec<u8>) -> Arc<Self> {
        let left = AtomicUsize::new(rule.program.actions.len());
        Arc::new(Self {
            offered,
            rule,
            payload,
            left,
            failures: Mutex::default(),
        })
    }

    /// Carries out an action of the rule.
    pub(super) async fn run(self: &Arc<Self>, deeds: &Deeds, action: usize) {
        let outcome = self.rule.program.actions[action]
            .run(deeds, &self.offered, &self.rule, &self.payload)
            .await;
        self.ended(deeds, action, outcome);
    }

    /// Notes how an action ended. After the last one the errorAction gets what failed, if anything did.
    pub(super) fn ended(self: &Arc<Self>, deeds: &Deeds, action: usize, outcome: Result<(), Failure>) {
        match outcome {
            Ok(()) => deeds.metrics().rule_action(true),
            Err(failure) => {
                deeds.metrics().rule_action(false);
                let kind = self.rule.program.actions[action].kind();
                tracing::warn!(
                    account = %self.offered.realm.account,
                    rule = self.rule.name,
                    action = kind,
                    resource = failure.resource,
                    problem = failure.message,
                    "an action of a rule failed"
                );
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push((kind, failure));
            }
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 || self.rule.program.error_action.is_none() {
            return;
        }
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if !failures.is_empty() {
            let report = self.report(&failures).to_string().into_bytes();
            let acting = Arc::clone(self);
            deeds.rules().deliver(
                deeds,
                self.offered.realm.realm,
                Delivery::Error { acting, report },
            );
        }
    }

    /// The document that the guide shows ("Error handling (error action)", "Error action message format").
    fn report(&self, failures: &[(String, Failure)]) -> Value {
        let failures = failures.iter().map(|(kind, failure)| {
            json!({
                "failedAction": kind,
                "failedResource": failure.resource,
                "errorMessage": failure.message,
            })
        });
        let mut report = json!({
            "ruleName": self.rule.name,
            "topic": self.offered.topic(),
            "cloudwatchTraceId": self.offered.trace_id,
        });
        if let Some(client_id) = &self.offered.client_id {
            report["clientId"] = client_id.as_str().into();
        }
        report["base64OriginalPayload"] = STANDARD.encode(&self.offered.message.payload).into();
        report["failures"] = failures.collect();
        report
    }

    /// Carries the errorAction out. When that fails too, only the log hears of it.
    pub(super) async fn run_error_action(&self, deeds: &Deeds, report: &[u8]) {
        let Some(action) = &self.rule.program.error_action else {
            return;
        };
        if let Err(failure) = action.run(deeds, &self.offered, &self.rule, report).await {
            deeds.metrics().rule_action(false);
            tracing::warn!(
                account = %self.offered.realm.account,
                rule = self.rule.name,
                resource = failure.resource,
                problem = failure.message,
                "the errorAction of a rule failed"
            );
        } else {
            deeds.metrics().rule_action(true);
        }
    }
}
