//! A bucket of the other server, or what is below a prefix in it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thingsmith_ports::{Condition, NewObject, Object, ObjectError};

use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::signed::Call;
use crate::xml::Listed;
use crate::{headers, times, xml};

/// Where objects are at the other server.
#[derive(Clone)]
pub struct Place {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) bucket: String,
    prefix: String,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.here())
    }
}

/// Most bytes of a key (S3 guide, "Object key naming guidelines").
const LONGEST_KEY: usize = 1024;
/// Most keys of a page (S3 API reference, ListObjectsV2).
const PAGE: usize = 1000;

impl Place {
    /// What is below a prefix in a bucket; all of it where the prefix is empty.
    pub fn new(endpoint: Arc<Endpoint>, bucket: &str, prefix: &str) -> Self {
        Self {
            endpoint,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    /// What is below one more prefix.
    pub(crate) fn below(&self, prefix: &str) -> Self {
        Self {
            prefix: format!("{}{prefix}", self.prefix),
            ..self.clone()
        }
    }

    /// Its name in messages.
    pub(crate) fn here(&self) -> String {
        format!("the bucket {} at {}", self.bucket, self.endpoint.name())
    }

    /// The key that an object has at the other server.
    pub(crate) fn key(&self, key: &str) -> Result<String, Failure> {
        match self.prefix.len() + key.len() <= LONGEST_KEY {
            true => Ok(format!("{}{key}", self.prefix)),
            false => Err(Failure::Given(ObjectError::BadBytes(format!(
                "the key has more than {} bytes, which are left for it where it is kept",
                LONGEST_KEY.saturating_sub(self.prefix.len())
            )))),
        }
    }

    /// What is known of an object.
    pub(crate) async fn head(&self, key: &str) -> Result<Object, Failure> {
        let there = self.key(key)?;
        let call = Call::new(Method::HEAD, &self.bucket, &there);
        let answered = match self.endpoint.send(&call).await {
            Ok(answer) => answer.headers,
            // No answer to a HEAD says what is wrong. One to a GET does.
            Err(Failure::NoSuchKey | Failure::Refused(_)) => {
                let mut call = Call::new(Method::GET, &self.bucket, &there);
                call.headers.push(("range".into(), "bytes=0-0".into()));
                self.endpoint.send(&call).await?.headers
            }
            Err(failure) => return Err(failure),
        };
        headers::object(key, &answered).ok_or_else(undescribed)
    }

    /// All the bytes of an object of which there are few.
    pub(crate) async fn text(&self, key: &str) -> Result<Bytes, Failure> {
        let there = self.key(key)?;
        let call = Call::new(Method::GET, &self.bucket, &there);
        Ok(self.endpoint.send(&call).await?.body)
    }

    /// Keeps an object whose bytes are all there, and says which entity tag it has.
    pub(crate) async fn put(&self, key: &str, new: &NewObject, bytes: Bytes) -> Result<String, Failure> {
        let there = self.key(key)?;
        let mut call = Call::new(Method::PUT, &self.bucket, &there);
        call.headers = headers::of_new(new);
        call.headers.extend(headers::of_condition(&new.condition));
        call.body = bytes;
        call.is_repeatable = new.condition == Condition::Always;
        let answer = self.endpoint.send(&call).await?;
        headers::etag(&answer.headers).ok_or_else(undescribed)
    }

    /// Deletes an object; one that is not there is not missed.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), Failure> {
        let there = self.key(key)?;
        let call = Call::new(Method::DELETE, &self.bucket, &there);
        match self.endpoint.send(&call).await {
            Ok(_) | Err(Failure::NoSuchKey) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// The first objects whose key begins with `prefix` and comes after `after`, without their type and metadata.
    pub(crate) async fn list(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<Object>, Failure> {
        let mut found: Vec<Object> = Vec::new();
        while found.len() < most {
            let last = found.last().map_or(after, |last| &last.key);
            let (objects, is_truncated) = self.page(prefix, last, PAGE.min(most - found.len())).await?;
            let is_over = objects.is_empty() || !is_truncated;
            found.extend(objects);
            if is_over {
                break;
            }
        }
        found.truncate(most);
        Ok(found)
    }

    async fn page(&self, prefix: &str, after: &str, most: usize) -> Result<(Vec<Object>, bool), Failure> {
        let encoded =
            |text: &str| utf8_percent_encode(&format!("{}{text}", self.prefix), NON_ALPHANUMERIC).to_string();
        let mut call = Call::new(Method::GET, &self.bucket, "");
        call.query = format!("list-type=2&encoding-type=url&max-keys={most}");
        if !self.prefix.is_empty() || !prefix.is_empty() {
            call.query.push_str(&format!("&prefix={}", encoded(prefix)));
        }
        if !after.is_empty() {
            call.query.push_str(&format!("&start-after={}", encoded(after)));
        }
        let answer = self.endpoint.send(&call).await?;
        let wrong = || Failure::Unavailable("its list of objects cannot be read".into());
        let page = xml::page(&answer.body).ok_or_else(wrong)?;
        let read = |listed: Listed| {
            let key = match page.is_encoded {
                true => {
                    let text = listed.key.replace('+', " ");
                    percent_decode_str(&text).decode_utf8().ok()?.into_owned()
                }
                false => listed.key,
            };
            Some(Object {
                key: key.strip_prefix(&self.prefix)?.to_owned(),
                size: listed.size,
                etag: listed.etag,
                modified: times::of_document(&listed.modified)?,
                content_type: None,
                metadata: Vec::new(),
            })
        };
        let objects: Option<Vec<Object>> = page.objects.into_iter().map(read).collect();
        Ok((objects.ok_or_else(wrong)?, page.is_truncated))
    }
}

/// An answer that does not say what S3's say.
pub(crate) fn undescribed() -> Failure {
    Failure::Unavailable("its answer does not describe the object".into())
}
