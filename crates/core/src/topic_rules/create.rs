//! Making a topic rule.

use thingsmith_ports::{Batch, StoreError};

use super::{Settings, TopicRule, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault, topic_rule_destinations};

/// A new topic rule.
#[derive(Debug, Clone)]
pub struct NewTopicRule {
    /// Its name.
    pub name: String,
    /// What it does. Whether the caller may hand its roles over was decided before.
    pub settings: Settings,
    /// It is to do nothing yet.
    pub disabled: bool,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a topic rule, and the destinations that its HTTP actions need. On this node it holds for what is published after
/// the answer, on others within a second.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name is taken; `SqlParseException` and `InvalidRequestException` for settings
/// that cannot be carried out.
pub async fn create_topic_rule(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewTopicRule,
) -> Result<TopicRule, Fault> {
    let program = new.settings.compile()?;
    new.settings.to_text()?;
    let number = deeds.number().await?;
    let rule = TopicRule {
        number,
        name: new.name,
        filter: program.filter().map(str::to_owned),
        settings: new.settings,
        disabled: new.disabled,
        revision: number,
        created_at: deeds.clock().now(),
    };
    if rows::find(deeds.store(), realm.realm, &rule.name)
        .await?
        .is_some()
    {
        return Err(taken(realm, &rule));
    }
    topic_rule_destinations::provide(deeds, realm, program.confirmation_urls()).await?;
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &rule, &new.tags, &tries).await;
        if let Some(done) = tries.settle(outcome).await? {
            deeds.rules().refresh(deeds).await;
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    rule: &TopicRule,
    tags: &Tags,
    tries: &Tries,
) -> Result<TopicRule, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, rule, &rule.settings.to_text()?);
    tags::rows::insert(&mut batch, realm.realm, rule.number, tags);
    let change = Change::TopicRule(rule.number);
    match deeds.commit_change(batch, realm.realm, change, tries).await {
        Ok(()) => return Ok(rule.clone()),
        Err(Attempt::Again(StoreError::Duplicate(_))) => {}
        Err(error) => return Err(error),
    }
    match rows::find(deeds.store(), realm.realm, &rule.name).await? {
        // Deleted in between: the name is free.
        None => Err(StoreError::Guard(0).into()),
        // This very one, whose commit was not answered.
        Some(existing) if existing.number == rule.number => Ok(existing),
        Some(existing) => Err(taken(realm, &existing).into()),
    }
}

fn taken(realm: &RealmRecord, rule: &TopicRule) -> Fault {
    Fault::new(
        Code::ResourceAlreadyExists,
        format!("Rule '{}' already exists", rule.name),
    )
    .with("resourceId", &rule.name)
    .with("resourceArn", rule.arn(realm))
}
