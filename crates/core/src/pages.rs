//! Pages of lists and the tokens that lead from one to the next.
//!
//! A token holds the last key of its page and a tag over it, the realm and the list, so that a forged token, or one of
//! another list, is known as such. To a client it is opaque.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thingsmith_model::Realm;

use crate::{Deeds, Fault};

/// The bytes of the tag that stand before a token's content.
const TAG: usize = 16;

/// The page that a caller asks for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The token of the page before.
    pub token: Option<String>,
    /// The most items on the page, checked by the edge; at least 1.
    pub size: usize,
    /// The member that the token came in, for the error.
    pub member: &'static str,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Leads to the next page; absent on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The page of a list of nothing.
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }

    /// The same page of other items.
    pub fn map<U>(self, item: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(item).collect(),
            next: self.next,
        }
    }
}

impl PageRequest {
    /// One more than the page holds: whether there is a next page shows by the last.
    pub(crate) fn limit_and_one(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX - 1) + 1
    }

    /// The place where this page begins, `None` for the first.
    pub(crate) fn place<P: DeserializeOwned>(
        &self,
        deeds: &Deeds,
        realm: Realm,
        list: &str,
    ) -> Result<Option<P>, Fault> {
        let Some(token) = &self.token else { return Ok(None) };
        let forged = || Fault::invalid(format!("{} is not a token of this list.", self.member));
        let bytes = STANDARD.decode(token).map_err(|_| forged())?;
        let (tag, content) = bytes.split_at_checked(TAG).ok_or_else(forged)?;
        let right = self::tag(deeds.page_key(), realm, list, content);
        aws_lc_rs::constant_time::verify_slices_are_equal(tag, &right).map_err(|_| forged())?;
        serde_json::from_slice(content).map(Some).map_err(|_| forged())
    }

    /// Cuts what was found with [`Self::limit_and_one`] to a page.
    pub(crate) fn cut<T, P: Serialize>(
        &self,
        deeds: &Deeds,
        realm: Realm,
        list: &str,
        mut found: Vec<T>,
        place: impl FnOnce(&T) -> P,
    ) -> Result<Page<T>, Fault> {
        let more = found.len() > self.size;
        found.truncate(self.size);
        let next = match found.last() {
            Some(last) if more => {
                let content = serde_json::to_vec(&place(last)).map_err(Fault::internal)?;
                let mut token = tag(deeds.page_key(), realm, list, &content).to_vec();
                token.extend_from_slice(&content);
                Some(STANDARD.encode(token))
            }
            _ => None,
        };
        Ok(Page { items: found, next })
    }
}

fn tag(key: &hmac::Key, realm: Realm, list: &str, content: &[u8]) -> [u8; TAG] {
    let mut context = hmac::Context::with_key(key);
    context.update(&realm.0.to_be_bytes());
    context.update(&(list.len() as u64).to_be_bytes());
    context.update(list.as_bytes());
    context.update(content);
    let mut tag = [0; TAG];
    tag.copy_from_slice(&context.sign().as_ref()[..TAG]);
    tag
}
