//! The documents that decide for a principal, parsed once.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use thingsmith_model::{PolicyName, Realm};
use thingsmith_policy::{Document, Language};
use thingsmith_ports::StoreError;

use super::rows;
use crate::Deeds;
use crate::connections::rows::AttachedPolicy;

/// A document that decides for a principal.
#[derive(Debug, Clone)]
pub struct AttachedDocument {
    /// Names the policy in attachments.
    pub number: i64,
    /// The policy's name.
    pub name: PolicyName,
    /// The version, its default one.
    pub version: i64,
    /// The document.
    pub document: Arc<Document>,
}

/// Parsed documents. A version's text never changes and a policy's number is never used again, so that what is kept
/// here stays true; only its number is bounded.
pub struct Documents {
    parsed: Mutex<LruCache<(i64, i64), Arc<Document>>>,
}

/// Documents kept parsed: some 50 MiB at most.
const KEPT: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

impl Default for Documents {
    fn default() -> Self {
        Self {
            parsed: Mutex::new(LruCache::new(KEPT)),
        }
    }
}

impl Documents {
    /// The documents of policies, in their order; nothing if one was gone when its turn came. It may be one that denies,
    /// so it is not left out: the next reading finds the policy detached or with another default version.
    pub(crate) async fn parsed(
        &self,
        deeds: &Deeds,
        realm: Realm,
        policies: Vec<AttachedPolicy>,
    ) -> Result<Option<Vec<AttachedDocument>>, StoreError> {
        let mut documents = Vec::with_capacity(policies.len());
        for policy in policies {
            let key = (policy.number, policy.default_version);
            let kept = self
                .parsed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&key)
                .cloned();
            let document = match kept {
                Some(document) => document,
                None => match rows::document(deeds.store(), realm, key.0, key.1).await? {
                    None => return Ok(None),
                    Some(text) => self.keep(key, &text)?,
                },
            };
            documents.push(AttachedDocument {
                number: policy.number,
                name: policy.name,
                version: policy.default_version,
                document,
            });
        }
        Ok(Some(documents))
    }

    fn keep(&self, key: (i64, i64), text: &str) -> Result<Arc<Document>, StoreError> {
        // A document was parsed before it was kept; one that no longer parses must not let anybody in.
        let document = Arc::new(Document::parse(text, Language::Iot).map_err(StoreError::other)?);
        self.parsed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(key, Arc::clone(&document));
        Ok(document)
    }
}
