//! Templates by which devices are provisioned, parsed once.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use thingsmith_ports::StoreError;
use thingsmith_template::Template;

use super::{ProvisioningTemplate, rows};
use crate::Deeds;
use crate::ca_certificates::CaCertificate;
use crate::realms::RealmRecord;

/// Parsed templates. What a number stands for never changes: a version's body, and the body that a CA certificate had at one
/// of its own versions; so what is kept here stays true, and only its number is bounded.
pub struct Parsed {
    templates: Mutex<LruCache<Of, Arc<Template>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    /// A template and one of its versions.
    Version(i64, i64),
    /// A CA certificate and one of its customer versions.
    CaCertificate(i64, i64),
}

/// Templates kept parsed. Each comes from a text of at most 40 KiB.
const KEPT: NonZeroUsize = NonZeroUsize::new(1000).expect("it is not zero");

impl Default for Parsed {
    fn default() -> Self {
        Self {
            templates: Mutex::new(LruCache::new(KEPT)),
        }
    }
}

impl Parsed {
    fn get(&self, of: Of) -> Option<Arc<Template>> {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        templates.get(&of).cloned()
    }

    fn keep(&self, of: Of, body: &str) -> Result<Arc<Template>, StoreError> {
        // A body was parsed before it was stored.
        let template = Arc::new(Template::parse(body).map_err(StoreError::other)?);
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        templates.put(of, Arc::clone(&template));
        Ok(template)
    }
}

/// The default version of a template as it was read; nothing if that is gone by now.
///
/// # Errors
/// When the store fails.
pub async fn in_force(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &ProvisioningTemplate,
) -> Result<Option<Arc<Template>>, StoreError> {
    let (number, version) = (template.number, template.default_version);
    let of = Of::Version(number, version);
    if let Some(kept) = deeds.templates().get(of) {
        return Ok(Some(kept));
    }
    match rows::version(deeds.store(), realm.realm, number, version).await? {
        Some((_, body)) => deeds.templates().keep(of, &body).map(Some),
        None => Ok(None),
    }
}

/// The template that stands in a CA certificate's registration configuration, if one does.
///
/// # Errors
/// When what is stored is no template.
pub fn of_ca(deeds: &Deeds, ca: &CaCertificate) -> Result<Option<Arc<Template>>, StoreError> {
    let Some(body) = &ca.registration_config.template_body else {
        return Ok(None);
    };
    let of = Of::CaCertificate(ca.number, ca.customer_version);
    match deeds.templates().get(of) {
        Some(kept) => Ok(Some(kept)),
        None => deeds.templates().keep(of, body).map(Some),
    }
}
