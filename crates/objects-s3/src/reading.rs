//! The bytes of an object, as they come. When the way to the server breaks, another request goes on where they stopped, on the
//! condition that the object is the same still.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper::Method;
use thingsmith_ports::{Object, ObjectBytes, ObjectError};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::headers;
use crate::place::{Place, undescribed};
use crate::signed::{Call, Opened};

/// How long the server may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// How often in succession it may break off without a byte.
const MOST_BREAKS: u32 = 5;

/// Opens an object and a range of its bytes, which may end behind the last.
pub(crate) async fn open(
    place: &Place,
    key: &str,
    range: Range<u64>,
) -> Result<(Object, ObjectBytes), Failure> {
    let opened = match range.is_empty() {
        true => Err(Failure::Range),
        false => fetch(place, key, &range, None).await,
    };
    let (object, opened) = match opened {
        // Of no bytes no range can be asked for.
        Err(Failure::Range) => return Ok((place.head(key).await?, Box::pin(stream::empty()))),
        opened => opened?,
    };
    let reading = Reading {
        place: place.clone(),
        key: key.to_owned(),
        etag: object.etag.clone(),
        at: range.start,
        end: range.end.min(object.size),
        opened: Some(opened),
        breaks: 0,
    };
    let bytes = stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next().await?.map(|piece| (piece, reading)))
    });
    Ok((object, Box::pin(bytes)))
}

async fn fetch(
    place: &Place,
    key: &str,
    range: &Range<u64>,
    etag: Option<&str>,
) -> Result<(Object, Opened), Failure> {
    let there = place.key(key)?;
    let mut call = Call::new(Method::GET, &place.bucket, &there);
    let is_cut = *range != (0..u64::MAX);
    if is_cut {
        let text = match range.end {
            u64::MAX => format!("bytes={}-", range.start),
            end => format!("bytes={}-{}", range.start, end - 1),
        };
        call.headers.push(("range".into(), text));
    }
    if let Some(etag) = etag {
        call.headers.push(("if-match".into(), format!("\"{etag}\"")));
    }
    let opened = place.endpoint.open(&call).await?;
    let begins = format!("bytes {}-", range.start);
    let answered = opened.head.headers.get("content-range");
    let is_range = answered.is_some_and(|text| text.as_bytes().starts_with(begins.as_bytes()));
    if is_cut && !is_range {
        return Err(Failure::Unavailable("it passes over ranges".into()));
    }
    let object = headers::object(key, &opened.head.headers).ok_or_else(undescribed)?;
    Ok((object, opened))
}

struct Reading {
    place: Place,
    key: String,
    etag: String,
    /// The next byte.
    at: u64,
    end: u64,
    /// The answer that is being read.
    opened: Option<Opened>,
    breaks: u32,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        while self.at < self.end {
            let Some(opened) = &mut self.opened else {
                self.go_on().await?;
                continue;
            };
            let reason = match timeout(SILENCE, opened.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    let mut piece = frame.into_data().unwrap_or_default();
                    let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
                    piece.truncate(left);
                    if piece.is_empty() {
                        continue;
                    }
                    self.at += piece.len() as u64;
                    self.breaks = 0;
                    return Ok(Some(piece));
                }
                Ok(Some(Err(error))) => error.to_string(),
                Ok(None) => "it ends too early".into(),
                Err(_) => "it is silent".into(),
            };
            self.opened = None;
            self.broke(Failure::Unavailable(reason))?;
        }
        self.give_back().await;
        Ok(None)
    }

    /// Counts a break; one too many is the end.
    fn broke(&mut self, failure: Failure) -> Result<(), ObjectError> {
        self.breaks += 1;
        if self.breaks > MOST_BREAKS {
            return Err(failure.told(&self.place.here()));
        }
        tracing::info!(
            ?failure,
            at = self.at,
            here = self.place.here(),
            "reading an object goes on after a break"
        );
        Ok(())
    }

    /// Asks for what was not read yet.
    async fn go_on(&mut self) -> Result<(), ObjectError> {
        let rest = self.at..self.end;
        match fetch(&self.place, &self.key, &rest, Some(&self.etag)).await {
            Ok((object, opened)) if object.etag == self.etag => {
                self.opened = Some(opened);
                Ok(())
            }
            Ok(_) | Err(Failure::Condition | Failure::NoSuchKey | Failure::NoSuchBucket) => {
                Err(ObjectError::Unavailable(format!(
                    "{} broke off, and the object was replaced meanwhile",
                    self.place.here()
                )))
            }
            Err(failure @ Failure::Unavailable(_)) => self.broke(failure),
            Err(failure) => Err(failure.told(&self.place.here())),
        }
    }

    /// Keeps the connection for others when its answer is over.
    async fn give_back(&mut self) {
        let Some(mut opened) = self.opened.take() else {
            return;
        };
        if let Ok(None) = timeout(SILENCE, opened.body.frame()).await {
            self.place.endpoint.connections.keep(opened.connection);
        }
    }
}
