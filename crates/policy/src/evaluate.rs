//! The decision: any matching Deny denies, else any matching Allow allows, else nothing does
//! (IAM guide, "Policy evaluation logic").

use crate::condition::Condition;
use crate::parse::{Document, Effect, Patterns, Statement};
use crate::pattern::{Match, Pattern};
use crate::variables::Variables;

/// What somebody wants to do.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The action, as `iot:Publish`.
    pub action: &'a str,
    /// The ARN of what it is done to, or `*` where the action has no resource.
    pub resource: &'a str,
    /// What else the request brings along.
    pub variables: &'a dyn Variables,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement speaks of it.
    ImplicitDeny,
}

/// The answer and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'d> {
    /// The answer.
    pub verdict: Verdict,
    /// The first statement that denied or, when none did, allowed.
    pub decided_by: Option<DecidedBy<'d>>,
}

/// A statement that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidedBy<'d> {
    /// The document, counted from 0 in the order given.
    pub document: usize,
    /// The statement in the document, counted from 0.
    pub statement: usize,
    /// The statement's id, where it has one.
    pub sid: Option<&'d str>,
}

impl Decision<'_> {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allowed
    }
}

/// Decides a request by these documents. The order of documents and statements changes nothing but which of
/// several deciding statements is named.
pub fn evaluate<'d>(
    documents: impl IntoIterator<Item = &'d Document>,
    request: &Request<'_>,
) -> Decision<'d> {
    let mut decision = Decision {
        verdict: Verdict::ImplicitDeny,
        decided_by: None,
    };
    for (document_index, document) in documents.into_iter().enumerate() {
        for (statement_index, statement) in document.statements.iter().enumerate() {
            // A second Allow adds nothing.
            if statement.effect == Effect::Allow && decision.is_allowed() || !statement.matches(request) {
                continue;
            }
            decision.decided_by = Some(DecidedBy {
                document: document_index,
                statement: statement_index,
                sid: statement.sid.as_deref(),
            });
            match statement.effect {
                Effect::Allow => decision.verdict = Verdict::Allowed,
                Effect::Deny => {
                    decision.verdict = Verdict::ExplicitDeny;
                    return decision;
                }
            }
        }
    }
    decision
}

impl Statement {
    pub(crate) fn matches(&self, request: &Request<'_>) -> bool {
        let holds = |condition: &Condition| condition.holds(self.effect, request.variables);
        self.matches_action(request.action)
            && self.matches_resource(request.resource, request.variables)
            && self.conditions.iter().all(holds)
    }

    pub(crate) fn matches_action(&self, action: &str) -> bool {
        let Patterns { negated, patterns } = &self.actions;
        patterns.iter().any(|pattern| pattern.matches_name(action)) != *negated
    }

    fn matches_resource(&self, resource: &str, variables: &dyn Variables) -> bool {
        let Patterns { negated, patterns } = &self.resources;
        let found = best(patterns, resource, variables);
        if *negated {
            self.effect.holds_for_negated(found)
        } else {
            found == Match::Yes
        }
    }
}

/// The best that any of the patterns says.
fn best(patterns: &[Pattern], text: &str, variables: &dyn Variables) -> Match {
    let mut found = Match::No;
    for pattern in patterns {
        match pattern.matches(text, variables) {
            Match::Yes => return Match::Yes,
            Match::No => {}
            Match::Unresolved => found = Match::Unresolved,
        }
    }
    found
}
