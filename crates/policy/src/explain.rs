//! The slow twin of [`evaluate`](crate::evaluate()): what every document says, and which values the request lacks.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::Test;
use crate::condition::Condition;
use crate::evaluate::{DecidedBy, Decision, Request, evaluate};
use crate::parse::{Document, Effect};
use crate::pattern::Pattern;
use crate::variables::Key;

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
    /// The names that statements on this action ask for and that the request has, sorted, with their values.
    pub found: Vec<(&'d str, Vec<String>)>,
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
    let mut asked = Asked::default();
    for document in documents {
        asked.collect(document, request);
    }
    let alone = documents
        .iter()
        .enumerate()
        .map(|(at, document)| document_match(at, document, request));
    Explanation {
        decision: evaluate(documents.iter().copied(), request),
        documents: alone.collect(),
        missing: asked.missing.into_iter().collect(),
        found: asked.found.into_iter().collect(),
    }
}

fn document_match<'d>(at: usize, document: &'d Document, request: &Request<'_>) -> DocumentMatch<'d> {
    let first = |effect| {
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
    match first(Effect::Deny) {
        Some(statement) => DocumentMatch::Denies(statement),
        None => first(Effect::Allow).map_or(DocumentMatch::Silent, DocumentMatch::Allows),
    }
}

/// What the statements on the request's action ask for.
#[derive(Default)]
struct Asked<'d> {
    missing: BTreeSet<&'d str>,
    found: BTreeMap<&'d str, Vec<String>>,
}

impl<'d> Asked<'d> {
    /// Missing are the variables that stay unresolved, and the keys of conditions but for those whose absence the
    /// condition foresees (`Null`, `...IfExists`).
    fn collect(&mut self, document: &'d Document, request: &Request<'_>) {
        let on_action = document
            .statements
            .iter()
            .filter(|it| it.matches_action(request.action));
        for statement in on_action {
            let tests = statement.conditions.iter().flat_map(Condition::tests);
            let patterns = statement
                .resources
                .patterns
                .iter()
                .chain(tests.flat_map(Test::patterns));
            for variable in patterns.flat_map(Pattern::variables) {
                self.note(
                    &variable.key,
                    variable.resolve(request.variables).is_none(),
                    request,
                );
            }
            for condition in &statement.conditions {
                let is_absent = request.variables.values(&condition.key).is_missing();
                self.note(&condition.key, is_absent && condition.wants_key(), request);
            }
        }
    }

    fn note(&mut self, key: &'d Key, is_missing: bool, request: &Request<'_>) {
        if is_missing {
            self.missing.insert(key.as_str());
        }
        let values = request.variables.values(key);
        if !values.is_missing() {
            self.found
                .insert(key.as_str(), values.iter().map(str::to_owned).collect());
        }
    }
}
