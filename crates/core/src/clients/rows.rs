//! The SQL of what nodes ask each other about clients.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Statement, Store, StoreError, Value};

use super::{Answer, Question};
use crate::messages::Stored;

/// A question as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedQuestion {
    /// The realm of the client.
    pub realm: Realm,
    /// Names it.
    pub number: i64,
    /// The node that asks.
    pub asker: i64,
    /// When it asked.
    pub asked_at: Timestamp,
    /// The client it is about.
    pub client_id: String,
    /// What it asks.
    pub question: Question,
}

/// Says that a node is there.
pub fn see_node(batch: &mut Batch, node: i64, now: Timestamp) {
    batch.execute(Statement::new(
        "INSERT INTO nodes (number, seen_at) VALUES ($1, $2) \
         ON CONFLICT (number) DO UPDATE SET seen_at = excluded.seen_at",
        [node.into(), now.into()],
    ));
}

/// The nodes that were there after a time, but for one, in the order of their numbers.
pub async fn other_nodes(
    store: &dyn Store,
    node: i64,
    seen_after: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number FROM nodes WHERE seen_at > $2 AND number <> $1 ORDER BY number",
            [node.into(), seen_after.into()],
        ))
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Adds a question.
pub fn ask(batch: &mut Batch, asked: &AskedQuestion) -> Result<(), StoreError> {
    let [topic, payload, properties] = match &asked.question {
        Question::Deliver {
            message: Some(message),
            ..
        } => {
            let [topic, payload, properties, _] = Stored::new(message, asked.asked_at).columns()?;
            [topic, payload, properties]
        }
        _ => [Value::Null, Value::Null, Value::Null],
    };
    let question = serde_json::to_string(&asked.question).map_err(StoreError::other)?;
    batch.execute(Statement::new(
        "INSERT INTO node_questions (realm, number, asker, asked_at, client_id, question, topic, payload, properties) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            asked.realm.0.into(),
            asked.number.into(),
            asked.asker.into(),
            asked.asked_at.into(),
            asked.client_id.as_str().into(),
            question.into(),
            topic,
            payload,
            properties,
        ],
    ));
    Ok(())
}

/// A question, if it was not withdrawn.
pub async fn question(
    store: &dyn Store,
    realm: Realm,
    number: i64,
) -> Result<Option<AskedQuestion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT asker, asked_at, client_id, question, topic, payload, properties FROM node_questions \
             WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ))
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let text: String = row.get(3)?;
    let mut question: Question = serde_json::from_str(&text).map_err(StoreError::other)?;
    if let (Question::Deliver { message, .. }, Some(topic)) = (&mut question, row.get::<Option<String>>(4)?) {
        let properties: Option<String> = row.get(6)?;
        let stored = Stored::read(&topic, row.get(5)?, properties.as_deref(), None)?;
        *message = Some(stored.message);
    }
    Ok(Some(AskedQuestion {
        realm,
        number,
        asker: row.get(0)?,
        asked_at: row.get(1)?,
        client_id: row.get(2)?,
        question,
    }))
}

/// Adds a node's answer to a question that was not withdrawn.
pub fn answer(
    batch: &mut Batch,
    realm: Realm,
    question: i64,
    node: i64,
    answer: &Answer,
) -> Result<(), StoreError> {
    let answer = serde_json::to_string(answer).map_err(StoreError::other)?;
    batch.execute(Statement::new(
        "INSERT INTO node_answers (realm, question, node, answer) \
         SELECT realm, number, CAST($3 AS BIGINT), CAST($4 AS TEXT) FROM node_questions \
         WHERE realm = $1 AND number = $2 ON CONFLICT (realm, question, node) DO NOTHING",
        [realm.0.into(), question.into(), node.into(), answer.into()],
    ));
    Ok(())
}

/// The answers to a question so far, by node.
pub async fn answers(
    store: &dyn Store,
    realm: Realm,
    question: i64,
) -> Result<Vec<(i64, Answer)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT node, answer FROM node_answers WHERE realm = $1 AND question = $2 ORDER BY node",
            [realm.0.into(), question.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            let text: String = row.get(1)?;
            let answer = serde_json::from_str(&text).map_err(StoreError::other)?;
            Ok((row.get(0)?, answer))
        })
        .collect()
}

/// Withdraws a question, with its answers; harmless when it is not there.
pub fn withdraw(batch: &mut Batch, realm: Realm, question: i64) {
    for sql in [
        "DELETE FROM node_questions WHERE realm = $1 AND number = $2",
        "DELETE FROM node_answers WHERE realm = $1 AND question = $2",
    ] {
        batch.execute(Statement::new(sql, [realm.0.into(), question.into()]));
    }
}

/// Deletes the questions of all realms that were asked before a time, answers without a question, and nodes that were last
/// there before another time.
pub fn delete_before(batch: &mut Batch, asked: Timestamp, seen: Timestamp) {
    batch.execute(Statement::new(
        "DELETE FROM node_questions WHERE asked_at < $1",
        [asked.into()],
    ));
    batch.execute(Statement::new(
        "DELETE FROM node_answers WHERE NOT EXISTS \
         (SELECT 1 FROM node_questions q WHERE q.number = node_answers.question)",
        [],
    ));
    batch.execute(Statement::new(
        "DELETE FROM nodes WHERE seen_at < $1",
        [seen.into()],
    ));
}
