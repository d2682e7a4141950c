//! The slow twin of [`evaluate`](crate::evaluate()): what every document says, and which values the request lacks.

use std::collections::BTreeSet;

use crate::compare::Test;
use crate::condition::Condition;
use crate::evaluate::{DecidedBy, Decision, Request, evaluate};
use crate::parse::{Document, Effect};
use crate::pattern::Pattern;

/// A decision with all that bears on it, as TestAuthorization reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'d> {
    /// What [`evaluate`](crate::evaluate()) says.
    pub decision: Decision<'d>,
    /// What each document says alone, in the order given.
    pub documents: Vec<DocumentMatch<'d>>,
    /// The names, spelled as in the policy and sorted, that statements on this action ask for and that have no
    /// value in the request.
    pub missing: Vec<&'d str>,
}

/// What one document says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentMatch<'d> {
    /// This statement denies.
    Denies(DecidedBy<'d>),
    /// This statement allows, and none denies.
    Allows(DecidedBy<'d>),
    /// No statement speaks of the request.
    Silent,
}

/// Decides a request and says why.
pub fn explain<'d>(documents: &[&'d Document], request: &Request<'_>) -> Explanation<'d> {
    let mut missing = BTreeSet::new();
    for document in documents {
        collect_missing(document, request, &mut missing);
    }
    let alone = documents.iter().enumerate().map(|(at, document)| {
        let found = |effect| {
            let mut numbered = document.statements.iter().enumerate();
            let matching =
                numbered.find(|(_, statement)| statement.effect == effect && statement.matches(request));
            let (statement, found) = matching?;
            Some(DecidedBy {
                document: at,
                statement,
                sid: found.sid.as_deref(),
            })
        };
        match found(Effect::Deny) {
            Some(statement) => DocumentMatch::Denies(statement),
            None => found(Effect::Allow).map_or(DocumentMatch::Silent, DocumentMatch::Allows),
        }
    });
    Explanation {
        decision: evaluate(documents.iter().copied(), request),
        documents: alone.collect(),
        missing: missing.into_iter().collect(),
    }
}

/// Adds the variables that stay unresolved and the keys of conditions that are missing, but for those whose
/// absence the condition foresees (`Null`, `...IfExists`).
fn collect_missing<'d>(document: &'d Document, request: &Request<'_>, missing: &mut BTreeSet<&'d str>) {
    for statement in document
        .statements
        .iter()
        .filter(|statement| statement.matches_action(request.action))
    {
        let tests = statement.conditions.iter().flat_map(Condition::tests);
        let patterns = statement
            .resources
            .patterns
            .iter()
            .chain(tests.flat_map(Test::patterns));
        for variable in patterns.flat_map(Pattern::variables) {
            if variable.resolve(request.variables).is_none() {
                missing.insert(variable.key.as_str());
            }
        }
        for condition in &statement.conditions {
            if condition.wants_key() && request.variables.values(&condition.key).is_missing() {
                missing.insert(condition.key.as_str());
            }
        }
    }
}
