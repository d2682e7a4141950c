//! Accounts in regions, interned as one integer each.

pub mod rows;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use thingsmith_model::{Account, Arn, Realm, Region, Resource};
use thingsmith_ports::{Batch, Random, Store, StoreError};

/// An account in a region and the first label of its endpoint names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealmRecord {
    /// The number that every row of the realm begins with.
    pub realm: Realm,
    /// The account.
    pub account: Account,
    /// The region.
    pub region: Region,
    /// 14 letters and digits; `PREFIX-ats.iot.REGION.DOMAIN` is the realm's endpoint.
    pub endpoint_prefix: String,
}

impl RealmRecord {
    /// The ARN of a resource of this realm.
    pub fn arn(&self, resource: Resource) -> Arn {
        Arn {
            region: self.region.clone(),
            account: self.account.clone(),
            resource,
        }
    }
}

/// The realms that this node has seen. A realm never changes, so what is remembered stays true.
pub(crate) struct Realms {
    store: Arc<dyn Store>,
    random: Arc<dyn Random>,
    seen: RwLock<HashMap<(Account, Region), Arc<RealmRecord>>>,
}

/// Realms remembered at once. Only callers with a valid key make realms, but one of them could walk through regions.
const REMEMBERED: usize = 10_000;

impl Realms {
    pub(crate) fn new(store: Arc<dyn Store>, random: Arc<dyn Random>) -> Self {
        Self {
            store,
            random,
            seen: RwLock::default(),
        }
    }

    /// The realm of an account in a region, made when it is first asked for.
    pub(crate) async fn intern(
        &self,
        account: &Account,
        region: &Region,
    ) -> Result<Arc<RealmRecord>, StoreError> {
        let key = (account.clone(), region.clone());
        if let Some(found) = self.seen.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(found));
        }
        let record = Arc::new(self.find_or_insert(account, region).await?);
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        seen.insert(key, Arc::clone(&record));
        Ok(record)
    }

    /// The realm that a server name `PREFIX-ats.iot.REGION.DOMAIN` (or without `-ats`) leads to.
    pub(crate) async fn by_endpoint(
        &self,
        server_name: &str,
        domain: &str,
    ) -> Result<Option<RealmRecord>, StoreError> {
        let Some((prefix, region)) = split_endpoint(server_name, domain) else {
            return Ok(None);
        };
        let found = rows::by_endpoint_prefix(self.store.as_ref(), prefix).await?;
        Ok(found.filter(|record| record.region.as_str() == region))
    }

    async fn find_or_insert(&self, account: &Account, region: &Region) -> Result<RealmRecord, StoreError> {
        let store = self.store.as_ref();
        if let Some(found) = rows::find(store, account, region).await? {
            return Ok(found);
        }
        let record = RealmRecord {
            realm: Realm(super::numbers::rows::reserve(store, "realms", 1).await?),
            account: account.clone(),
            region: region.clone(),
            endpoint_prefix: endpoint_prefix(self.random.as_ref()),
        };
        let mut batch = Batch::new();
        rows::insert(&mut batch, &record);
        store.write(batch).await?;
        // Another node may have been first: what stands in the store counts.
        rows::find(store, account, region)
            .await?
            .ok_or_else(|| StoreError::other("a realm vanished"))
    }
}

fn split_endpoint<'a>(server_name: &'a str, domain: &str) -> Option<(&'a str, &'a str)> {
    let name = server_name.strip_suffix(domain)?.strip_suffix('.')?;
    let (label, region) = name.split_once(".iot.")?;
    let prefix = label.strip_suffix("-ats").unwrap_or(label);
    (!prefix.is_empty() && !region.is_empty()).then_some((prefix, region))
}

/// 14 characters like those of AWS's endpoints; 70 bits, so that nobody finds an account's endpoint by trying.
fn endpoint_prefix(random: &dyn Random) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; 14];
    random.fill(&mut bytes);
    bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::split_endpoint;

    #[test]
    fn an_endpoint_name_holds_its_prefix_and_region() {
        let split = |name| split_endpoint(name, "localhost");
        assert_eq!(
            split("abc-ats.iot.us-east-1.localhost"),
            Some(("abc", "us-east-1"))
        );
        assert_eq!(split("abc.iot.us-east-1.localhost"), Some(("abc", "us-east-1")));
        for wrong in [
            "localhost",
            "abc-ats.iot.us-east-1.example",
            ".iot.us-east-1.localhost",
            "abc.iot..localhost",
            "",
        ] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
