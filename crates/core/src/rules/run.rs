//! Taking messages out of the queues and carrying rules out.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thingsmith_sql::{Outcome, Step};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::delivery::Delivery;
use super::external;
use super::failure::Acting;
use super::index::Rule;
use super::offer::Offered;
use super::queue::{Queue, Running};
use crate::Deeds;

/// How long what waits when the node ends may still take.
const DRAIN: Duration = Duration::from_secs(5);

/// Carries rules out until `stop`, and then for a moment what waits. One task of a node calls it.
pub async fn run(deeds: Arc<Deeds>, stop: impl Future<Output = ()>) {
    let offered = Arc::clone(&deeds.rules().offered);
    let deliveries = Arc::clone(&deeds.rules().deliveries);
    let evaluating = work(&deeds, &offered, |deeds, offered: Offered| async move {
        evaluate(&deeds, Arc::new(offered)).await;
    });
    let delivering = work(&deeds, &deliveries, |deeds, delivery: Delivery| async move {
        delivery.run(&deeds).await;
    });
    let mut working = std::pin::pin!(async { tokio::join!(evaluating, delivering) });
    tokio::select! {
        _ = &mut working => {}
        () = stop => {
            let idle = async {
                while !(offered.is_idle() && deliveries.is_idle()) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            let drained = timeout(DRAIN, async {
                tokio::select! { _ = &mut working => {}, () = idle => {} }
            });
            if drained.await.is_err() {
                tracing::warn!("the node ends before all that rules had to do was done");
            }
        }
    }
}

/// Takes items out and carries each out in a task of its own. It never ends.
async fn work<T, F, Work>(deeds: &Arc<Deeds>, queue: &Arc<Queue<T>>, carry_out: F)
where
    T: Send + 'static,
    F: Fn(Arc<Deeds>, T) -> Work,
    Work: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            (item, running) = queue.next() => {
                let work = carry_out(Arc::clone(deeds), item);
                tasks.spawn(until_done(work, running));
            }
            Some(ended) = tasks.join_next() => {
                if let Err(cause) = ended {
                    tracing::error!(%cause, "carrying a rule out ended in a panic");
                }
            }
        }
    }
}

async fn until_done<T>(work: impl Future<Output = ()>, running: Running<T>) {
    work.await;
    drop(running);
}

/// Evaluates the rules that listen to a message, each for itself.
async fn evaluate(deeds: &Deeds, offered: Arc<Offered>) {
    for rule in &offered.rules {
        deeds.metrics().rule_evaluated();
        if rule.program.statement.externals().is_empty() {
            run_statement(deeds, &offered, rule).await;
        } else {
            let (offered, rule) = (Arc::clone(&offered), Arc::clone(rule));
            let realm = offered.realm.realm;
            let statement = Delivery::Statement { offered, rule };
            deeds.rules().deliver(deeds, realm, statement);
        }
    }
}

/// Evaluates a rule's statement and, where its condition holds, sees to its actions.
pub(super) async fn run_statement(deeds: &Deeds, offered: &Arc<Offered>, rule: &Arc<Rule>) {
    let mut seed = [0; 32];
    deeds.random().fill(&mut seed);
    let mut answers = Vec::new();
    let outcome = loop {
        match rule.program.statement.evaluate(&offered.view(seed), &answers) {
            Ok(Step::Done(outcome)) => break outcome,
            Ok(Step::Call(call)) => answers.push(external::answer(deeds, offered, rule, &call).await),
            Err(problem) => {
                tracing::warn!(
                    account = %offered.realm.account,
                    rule = rule.name,
                    %problem,
                    "the statement of a rule cannot be evaluated"
                );
                return;
            }
        }
    };
    let Outcome::Matched(output) = outcome else { return };
    let acting = Acting::new(Arc::clone(offered), Arc::clone(rule), output.to_bytes());
    for (place, action) in rule.program.actions.iter().enumerate() {
        if action.waits() {
            let delivery = Delivery::Action {
                acting: Arc::clone(&acting),
                action: place,
            };
            deeds.rules().deliver(deeds, offered.realm.realm, delivery);
        } else {
            acting.run(deeds, place).await;
        }
    }
}
