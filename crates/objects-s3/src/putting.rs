//! Bytes on their way to the other server: at once where there are few, else in parts, of which one is in memory.

use bytes::Bytes;
use futures_util::StreamExt as _;
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use thingsmith_ports::{Condition, NewObject, Object, ObjectBytes, ObjectError};

use crate::failure::Failure;
use crate::place::{Place, undescribed};
use crate::signed::Call;
use crate::{PART_BYTES, headers, xml};

/// Bytes that a put may have in memory without waiting for its turn.
const SMALL: usize = 256 * 1024;

/// Keeps an object of at most `most` bytes.
pub(crate) async fn put(
    place: &Place,
    key: &str,
    new: NewObject,
    bytes: ObjectBytes,
    most: u64,
) -> Result<Object, Failure> {
    let mut source = Source {
        bytes,
        most,
        size: 0,
        is_over: false,
    };
    let etag = send(place, key, &new, &mut source).await?;
    // What the server says of it is what it will say again. That it is kept is certain already.
    match place.head(key).await {
        Ok(object) if object.etag == etag => Ok(object),
        found => Ok(Object {
            key: key.to_owned(),
            size: source.size,
            etag,
            modified: found.map_or_else(|_| place.endpoint.clock.now(), |object| object.modified),
            content_type: new.content_type,
            metadata: new.metadata,
        }),
    }
}

async fn send(place: &Place, key: &str, new: &NewObject, source: &mut Source) -> Result<String, Failure> {
    let mut part = Vec::new();
    source.fill(&mut part, SMALL).await?;
    // Whoever sends little, or slowly, keeps nobody waiting. It is never closed.
    let _permit = match source.is_over {
        true => None,
        false => place.endpoint.putting.acquire().await.ok(),
    };
    source.fill(&mut part, PART_BYTES).await?;
    if source.is_over {
        return place.put(key, new, part.into()).await;
    }
    let mut upload = Upload::begin(place, key, new).await?;
    while !part.is_empty() {
        upload.part(part.into()).await?;
        part = Vec::new();
        source.fill(&mut part, PART_BYTES).await?;
    }
    upload.complete(&new.condition).await
}

/// The bytes that are given.
struct Source {
    bytes: ObjectBytes,
    most: u64,
    /// How many there were so far.
    size: u64,
    is_over: bool,
}

impl Source {
    /// Goes on with what is in memory, until there is so much of it or no more comes.
    async fn fill(&mut self, part: &mut Vec<u8>, enough: usize) -> Result<(), Failure> {
        while !self.is_over && part.len() < enough {
            let Some(piece) = self.bytes.next().await else {
                self.is_over = true;
                break;
            };
            let piece = piece.map_err(Failure::Given)?;
            self.size += piece.len() as u64;
            if self.size > self.most {
                return Err(Failure::Given(ObjectError::TooLarge));
            }
            part.extend_from_slice(&piece);
        }
        Ok(())
    }
}

/// An upload in parts. One that is not completed is given up.
struct Upload {
    place: Place,
    /// The key at the other server.
    there: String,
    id: String,
    /// The entity tags of the parts.
    parts: Vec<String>,
    is_over: bool,
}

impl Upload {
    async fn begin(place: &Place, key: &str, new: &NewObject) -> Result<Self, Failure> {
        let there = place.key(key)?;
        let mut call = Call::new(Method::POST, &place.bucket, &there);
        call.query = "uploads=".into();
        call.headers = headers::of_new(new);
        let answer = place.endpoint.send(&call).await?;
        let id = xml::text_of(&answer.body, "UploadId").ok_or_else(undescribed)?;
        Ok(Self {
            place: place.clone(),
            there,
            id,
            parts: Vec::new(),
            is_over: false,
        })
    }

    fn id(&self) -> String {
        utf8_percent_encode(&self.id, NON_ALPHANUMERIC).to_string()
    }

    async fn part(&mut self, bytes: Bytes) -> Result<(), Failure> {
        let mut call = Call::new(Method::PUT, &self.place.bucket, &self.there);
        call.query = format!("partNumber={}&uploadId={}", self.parts.len() + 1, self.id());
        call.body = bytes;
        let answer = self.place.endpoint.send(&call).await?;
        let etag = headers::etag(&answer.headers).ok_or_else(undescribed)?;
        self.parts.push(etag);
        Ok(())
    }

    async fn complete(mut self, condition: &Condition) -> Result<String, Failure> {
        let mut call = Call::new(Method::POST, &self.place.bucket, &self.there);
        call.query = format!("uploadId={}", self.id());
        call.headers
            .push(("content-type".into(), "application/xml".into()));
        call.headers.extend(headers::of_condition(condition));
        call.body = xml::complete(&self.parts).into();
        // A second one would find no upload.
        call.is_repeatable = false;
        let answer = self.place.endpoint.send(&call).await?;
        // The status comes before the work is done, and the work may fail (S3 API reference, CompleteMultipartUpload).
        if xml::root(&answer.body).is_some_and(|root| root == "Error") {
            return Err(Failure::of(500, &answer.body));
        }
        let etag = xml::text_of(&answer.body, "ETag").ok_or_else(undescribed)?;
        self.is_over = true;
        Ok(etag.trim_matches('"').to_owned())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (false, Ok(runtime)) = (self.is_over, tokio::runtime::Handle::try_current()) else {
            return;
        };
        let (place, there, id) = (self.place.clone(), self.there.clone(), self.id());
        runtime.spawn(async move {
            let mut call = Call::new(Method::DELETE, &place.bucket, &there);
            call.query = format!("uploadId={id}");
            if let Err(failure) = place.endpoint.send(&call).await {
                tracing::warn!(
                    ?failure,
                    here = place.here(),
                    "an upload that was given up stays until the server's own rules remove it"
                );
            }
        });
    }
}
