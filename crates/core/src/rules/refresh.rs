//! Reading the rules: all of them when a node starts, those of a realm when one of them changed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use thingsmith_model::Realm;
use thingsmith_ports::StoreError;

use super::Rules;
use super::index::{RealmRules, Rule};
use crate::realms::rows::by_number as realm_by_number;
use crate::topic_rules::rows;
use crate::{Deeds, Fault};

/// Rules read at a time.
const PAGE: i64 = 100;

impl Rules {
    /// Reads every realm's rules.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn load(&self, deeds: &Deeds) -> Result<(), StoreError> {
        for realm in rows::realms(deeds.store()).await? {
            self.changed(realm);
        }
        self.try_refresh(deeds).await
    }

    /// Remembers that rules of a realm changed; [`Self::refresh`] reads them.
    pub(crate) fn changed(&self, realm: Realm) {
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        stale.insert(realm);
    }

    /// Remembers that any rules may have changed unseen.
    pub(crate) async fn all_changed(&self, deeds: &Deeds) -> Result<(), StoreError> {
        let known = self.index.read().unwrap_or_else(PoisonError::into_inner).realms();
        let there = rows::realms(deeds.store()).await?;
        for realm in known.into_iter().chain(there) {
            self.changed(realm);
        }
        Ok(())
    }

    /// Reads the rules that changed. What cannot be read now is read at the next call, at the latest a quarter of a
    /// second later.
    pub(crate) async fn refresh(&self, deeds: &Deeds) {
        if let Err(cause) = self.try_refresh(deeds).await {
            tracing::warn!(%cause, "topic rules that changed cannot be read; those from before go on until they can");
        }
    }

    async fn try_refresh(&self, deeds: &Deeds) -> Result<(), StoreError> {
        if self
            .stale
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
        {
            return Ok(());
        }
        // One after the other, so that what was read earlier never takes the place of what was read later.
        let _alone = self.refreshing.lock().await;
        let stale = std::mem::take(&mut *self.stale.lock().unwrap_or_else(PoisonError::into_inner));
        let mut stale = stale.into_iter();
        while let Some(realm) = stale.next() {
            if let Err(error) = self.refresh_realm(deeds, realm).await {
                self.changed(realm);
                stale.for_each(|realm| self.changed(realm));
                return Err(error);
            }
        }
        Ok(())
    }

    async fn refresh_realm(&self, deeds: &Deeds, realm: Realm) -> Result<(), StoreError> {
        let (record, known) = {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            let rules = index.get(realm);
            (
                rules.map(|rules| Arc::clone(&rules.record)),
                rules.map_or_else(HashMap::new, RealmRules::by_number),
            )
        };
        let record = match record {
            Some(record) => record,
            None => match realm_by_number(deeds.store(), realm).await? {
                Some(record) => Arc::new(record),
                None => return Ok(()),
            },
        };
        let mut rules = Vec::new();
        let mut after = i64::MIN;
        loop {
            let page = rows::enabled(deeds.store(), realm, after, PAGE).await?;
            for rule in &page {
                after = rule.number;
                match known.get(&rule.number) {
                    Some(known) if known.revision == rule.revision => rules.push(Arc::clone(known)),
                    _ => match rule.settings.compile() {
                        Ok(program) => rules.push(Arc::new(Rule::new(&record, rule, program))),
                        Err(fault) => log_unreadable(&rule.name, &fault),
                    },
                }
            }
            if i64::try_from(page.len()).unwrap_or(i64::MAX) < PAGE {
                break;
            }
        }
        let rules = RealmRules::new(record, rules);
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.put(realm, rules);
        Ok(())
    }
}

fn log_unreadable(rule: &str, fault: &Fault) {
    tracing::error!(rule, %fault, "a topic rule that was kept cannot be carried out any more; replace it");
}
