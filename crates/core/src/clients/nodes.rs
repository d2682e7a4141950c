//! Asking the other nodes about a client that is not connected to this one.
//!
//! Which client is connected where stands in no store: a connection would cost a write. A question is a row that the outbox
//! announces, and every node that was there lately answers it with a row. A node alone asks nobody.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Engine, StoreError};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::rows::{self, AskedQuestion};
use super::{Answer, Question};
use crate::outbox::Change;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// How often a node says that it is there.
const SEEN_EVERY: Duration = Duration::from_secs(5);
/// How long a node that says nothing counts as there.
const SEEN_FOR: Duration = Duration::from_secs(20);
/// How long a question is worth an answer. It is well beyond the time in which a node reads of it.
const ASKED_FOR: Duration = Duration::from_secs(10);
/// How long a node that is there may take until it has read the question and its answer is read, beside the answer's own time.
const WAY: Duration = Duration::from_secs(3);
/// How often answers are looked for.
const EVERY: Duration = Duration::from_millis(40);
/// Questions of others that are answered at once.
const AT_ONCE: usize = 256;
/// Questions of others that may wait for that.
const WAITING: usize = 4096;
/// How long rows are kept that nobody has deleted.
const KEEP: Duration = Duration::from_secs(60);
/// How long a node that is gone is remembered.
const KEEP_NODES: Duration = Duration::from_secs(3600);

/// This node among the others.
#[derive(Default)]
pub(crate) struct Nodes {
    number: OnceCell<i64>,
    /// Milliseconds at which it last said that it is there; 0 before the first time.
    seen_at: AtomicI64,
    /// Questions that were announced and not answered yet.
    heard: Mutex<Vec<(Realm, i64)>>,
}

impl Nodes {
    async fn number(&self, deeds: &Deeds) -> Result<i64, Fault> {
        self.number.get_or_try_init(|| deeds.number()).await.copied()
    }

    /// A question was announced. It is answered by [`attend`].
    pub(crate) fn hear(&self, realm: Realm, question: i64) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever asks more than a node can answer gets no answer.
        if heard.len() < WAITING {
            heard.push((realm, question));
        }
    }

    fn take(&self, count: usize) -> Vec<(Realm, i64)> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let count = count.min(heard.len());
        heard.drain(..count).collect()
    }
}

/// Whether other nodes can have the store.
fn is_shared(deeds: &Deeds) -> bool {
    deeds.store().engine() == Engine::Postgres
}

/// Says that this node is there, if it is time.
pub(crate) async fn appear(deeds: &Deeds) -> Result<(), Fault> {
    if !is_shared(deeds) {
        return Ok(());
    }
    let nodes = deeds.nodes();
    let now = deeds.clock().now();
    let seen_at = Timestamp::from_millis(nodes.seen_at.load(Ordering::Relaxed));
    if now >= seen_at.plus(SEEN_EVERY) || now < seen_at {
        let mut batch = Batch::new();
        rows::see_node(&mut batch, nodes.number(deeds).await?, now);
        deeds.store().write(batch).await?;
        nodes.seen_at.store(now.as_millis(), Ordering::Relaxed);
    }
    Ok(())
}

/// Begins to answer what others asked.
pub(crate) fn attend(deeds: &Arc<Deeds>, answering: &mut JoinSet<()>) {
    while answering.try_join_next().is_some() {}
    for (realm, question) in deeds.nodes().take(AT_ONCE.saturating_sub(answering.len())) {
        let deeds = Arc::clone(deeds);
        answering.spawn(async move {
            if let Err(cause) = answer(&deeds, realm, question).await {
                tracing::warn!(%cause, "another node's question about a client was not answered");
            }
        });
    }
}

async fn answer(deeds: &Deeds, realm: Realm, number: i64) -> Result<(), Fault> {
    let node = deeds.nodes().number(deeds).await?;
    let Some(asked) = rows::question(deeds.store(), realm, number).await? else {
        return Ok(());
    };
    let is_over = deeds.clock().now() >= asked.asked_at.plus(ASKED_FOR);
    if asked.asker == node || is_over {
        return Ok(());
    }
    let answer = asked.question.ask_here(deeds, realm, &asked.client_id).await;
    let mut batch = Batch::new();
    rows::answer(&mut batch, realm, number, node, &answer)?;
    let tries = Tries::default();
    loop {
        // Answering twice is harmless.
        let outcome = deeds.store().write(batch.clone()).await;
        if tries.settle(outcome.map_err(Attempt::from)).await?.is_some() {
            return Ok(());
        }
    }
}

/// What other nodes answer: at once where one of them knows a client that is connected, else when all have answered that are
/// there. The time for those that do not answer is bounded.
pub(super) async fn ask(
    deeds: &Deeds,
    realm: Realm,
    client_id: &str,
    question: &Question,
) -> Result<Vec<Answer>, Fault> {
    if !is_shared(deeds) {
        return Ok(Vec::new());
    }
    let node = deeds.nodes().number(deeds).await?;
    let asked_at = deeds.clock().now();
    let others = rows::other_nodes(deeds.store(), node, asked_at.minus(SEEN_FOR)).await?;
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let asked = AskedQuestion {
        realm,
        number: deeds.number().await?,
        asker: node,
        asked_at,
        client_id: client_id.to_owned(),
        question: question.clone(),
    };
    let tries = Tries::default();
    loop {
        let mut batch = Batch::new();
        rows::ask(&mut batch, &asked)?;
        let change = Change::Question(asked.number);
        let outcome = deeds.commit_change(batch, realm, change, &tries).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            break;
        }
    }
    let answers = wait(deeds, &asked, &others).await;
    let mut batch = Batch::new();
    rows::withdraw(&mut batch, realm, asked.number);
    if let Err(cause) = deeds.store().write(batch).await {
        tracing::debug!(%cause, "a question to other nodes stays until it is swept away");
    }
    Ok(answers?)
}

async fn wait(deeds: &Deeds, asked: &AskedQuestion, others: &[i64]) -> Result<Vec<Answer>, StoreError> {
    let until = Instant::now() + asked.question.patience() + WAY;
    loop {
        let answers = rows::answers(deeds.store(), asked.realm, asked.number).await?;
        let is_known = |answer: &Answer| !matches!(answer, Answer::Absent | Answer::Departed(_));
        let all = others
            .iter()
            .all(|node| answers.iter().any(|(answered, _)| answered == node));
        let enough = all || answers.iter().any(|(_, answer)| is_known(answer));
        if enough || Instant::now() >= until {
            return Ok(answers.into_iter().map(|(_, answer)| answer).collect());
        }
        sleep(EVERY).await;
    }
}

/// Deletes what nobody waits for any more, and nodes that are gone.
pub(crate) fn sweep(batch: &mut Batch, now: Timestamp) {
    rows::delete_before(batch, now.minus(KEEP), now.minus(KEEP_NODES));
}
