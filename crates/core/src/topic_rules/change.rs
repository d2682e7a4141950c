//! Changing and deleting a topic rule.

use thingsmith_ports::Batch;

use super::{Settings, TopicRule, denied, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault, tags, topic_rule_destinations};

/// Puts other settings in the place of a rule's. Its tags and its age stay.
///
/// # Errors
/// `UnauthorizedException` when there is no such rule; `SqlParseException` and `InvalidRequestException` for settings that
/// cannot be carried out.
pub async fn replace_topic_rule(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    settings: &Settings,
    disabled: bool,
) -> Result<(), Fault> {
    let program = settings.compile()?;
    let text = settings.to_text()?;
    find(deeds, realm, name).await?;
    topic_rule_destinations::provide(deeds, realm, program.confirmation_urls()).await?;
    change(deeds, realm, name, |batch, rule, revision| {
        let content = (text.as_str(), program.filter(), disabled);
        rows::replace(
            batch,
            realm.realm,
            (rule.number, rule.revision),
            content,
            revision,
        );
        true
    })
    .await
}

/// Enables or disables a rule; harmless when it is so already.
///
/// # Errors
/// `UnauthorizedException` when there is no such rule.
pub async fn set_disabled(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    disabled: bool,
) -> Result<(), Fault> {
    change(deeds, realm, name, |batch, rule, revision| {
        rows::set_disabled(
            batch,
            realm.realm,
            (rule.number, rule.revision),
            disabled,
            revision,
        );
        rule.disabled != disabled
    })
    .await
}

/// Deletes a rule and its tags. A rule that is not there counts as deleted.
///
/// # Errors
/// When the store fails.
pub async fn delete_topic_rule(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<(), Fault> {
    if rows::find(deeds.store(), realm.realm, name).await?.is_none() {
        return Ok(());
    }
    let deleted = change(deeds, realm, name, |batch, rule, _| {
        rows::delete(batch, realm.realm, rule.number);
        tags::rows::delete_all(batch, realm.realm, rule.number);
        true
    })
    .await;
    match deleted {
        // Somebody else was faster.
        Err(fault) if fault.code == crate::Code::Unauthorized => Ok(()),
        other => other,
    }
}

/// Finds a rule, lets `add` put the change into a batch and commits it, unless it says that nothing changes.
async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    add: impl Fn(&mut Batch, &TopicRule, i64) -> bool,
) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let outcome = change_once(deeds, realm, name, &add, &tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            deeds.rules().refresh(deeds).await;
            return Ok(done);
        }
    }
}

async fn change_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    add: impl Fn(&mut Batch, &TopicRule, i64) -> bool,
    tries: &Tries,
) -> Result<(), Attempt> {
    let rule = find(deeds, realm, name).await?;
    let revision = deeds.number().await?;
    let mut batch = Batch::new();
    if !add(&mut batch, &rule, revision) {
        return Ok(());
    }
    let change = Change::TopicRule(rule.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

async fn find(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<TopicRule, Fault> {
    let found = rows::find(deeds.store(), realm.realm, name).await?;
    found.ok_or_else(|| denied(name))
}
