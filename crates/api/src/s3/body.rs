//! The bytes that a client puts: out of their wire form, counted, and compared with all that was said of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_LENGTH;
use md5::{Digest as _, Md5};
use sha2::Sha256;
use thingsmith_ports::{ObjectBytes, ObjectError};
use thingsmith_sigv4::{ChunkSignatures, DeclaredPayload};

use super::checksum::Checksum;
use super::chunks::{Chunks, Step};
use super::error::S3Error;

/// A body that has not been read yet.
pub(super) struct Body {
    pub(super) incoming: Incoming,
    pub(super) payload: DeclaredPayload,
    pub(super) chunks: Option<ChunkSignatures>,
    /// How long each piece of it may take.
    pub(super) timeout: Duration,
}

/// What became of a body when its last byte was read.
#[derive(Clone, Default)]
pub(super) struct Outcome(Arc<Mutex<Found>>);

#[derive(Default)]
struct Found {
    error: Option<S3Error>,
    checksum: Option<(&'static str, String)>,
}

impl Outcome {
    /// What S3 says where keeping the bytes failed: what was wrong with them if anything was.
    pub(super) fn error(&self, otherwise: ObjectError) -> S3Error {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.error.take().unwrap_or_else(|| otherwise.into())
    }

    /// The header that tells the checksum which the bytes had.
    pub(super) fn checksum(&self) -> Option<(&'static str, String)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .checksum
            .take()
    }
}

/// A body on its way.
struct Reading {
    incoming: Incoming,
    timeout: Duration,
    chunks: Option<Chunks>,
    /// Bytes that were announced.
    announced: u64,
    seen: u64,
    sha256: Option<(Sha256, [u8; 32])>,
    md5: Option<(Md5, [u8; 16])>,
    checksum: Option<Checksum>,
    outcome: Outcome,
    ended: bool,
}

impl Body {
    /// The bytes of an object, and where to ask what was wrong with them.
    pub(super) fn bytes(self, headers: &HeaderMap, most: u64) -> Result<(ObjectBytes, Outcome), S3Error> {
        let chunks = match self.payload {
            DeclaredPayload::Chunked { signed, trailer } => Some(Chunks::new(signed, trailer, self.chunks)),
            DeclaredPayload::Sha256(_) | DeclaredPayload::Unsigned => None,
        };
        let announced = announced(headers, chunks.is_some())?;
        if announced > most {
            return Err(S3Error::too_large());
        }
        let outcome = Outcome::default();
        let reading = Reading {
            incoming: self.incoming,
            timeout: self.timeout,
            chunks,
            announced,
            seen: 0,
            sha256: match self.payload {
                DeclaredPayload::Sha256(expected) => Some((Sha256::new(), expected)),
                _ => None,
            },
            md5: content_md5(headers)?.map(|expected| (Md5::new(), expected)),
            checksum: Checksum::of(headers)?,
            outcome: outcome.clone(),
            ended: false,
        };
        let bytes = futures_util::stream::try_unfold(reading, |mut reading| async move {
            match reading.next().await {
                Ok(Some(piece)) => Ok(Some((piece, reading))),
                Ok(None) => Ok(None),
                Err(error) => {
                    let message = error.message.clone();
                    let mut found = reading.outcome.0.lock().unwrap_or_else(PoisonError::into_inner);
                    found.error = Some(error);
                    Err(ObjectError::BadBytes(message))
                }
            }
        });
        Ok((Box::pin(bytes), outcome))
    }

    /// A document, all of it.
    pub(super) async fn document(self, headers: &HeaderMap) -> Result<Vec<u8>, S3Error> {
        use futures_util::StreamExt as _;

        let whole = self.timeout;
        if self.incoming.is_end_stream() {
            return Ok(Vec::new());
        }
        let (mut bytes, outcome) = self.bytes(headers, MOST_OF_A_DOCUMENT)?;
        let collect = async {
            let mut all = Vec::new();
            while let Some(piece) = bytes.next().await {
                all.extend_from_slice(&piece.map_err(|error| outcome.error(error))?);
            }
            Ok(all)
        };
        match tokio::time::timeout(whole, collect).await {
            Ok(collected) => collected,
            Err(_) => Err(too_slow()),
        }
    }
}

/// Most bytes of a document: the list of ten thousand parts with a checksum each has about two million.
const MOST_OF_A_DOCUMENT: u64 = 4 << 20;

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, S3Error> {
        loop {
            if self.ended {
                return Ok(None);
            }
            let step = match &mut self.chunks {
                Some(chunks) => chunks.step()?,
                None => Step::More,
            };
            match step {
                Step::Piece(piece) => return self.seen(piece).map(Some),
                Step::End(fields) => {
                    if let Some(checksum) = &mut self.checksum {
                        fields
                            .iter()
                            .for_each(|(name, value)| checksum.expect(name, value));
                    }
                    // Only now the connection knows that the body is over.
                    if self.frame().await?.is_some() {
                        return Err(S3Error::incomplete());
                    }
                    self.finish()?;
                }
                Step::More => match (self.frame().await?, &mut self.chunks) {
                    (Some(data), Some(chunks)) => chunks.push(&data),
                    (Some(data), None) if !data.is_empty() => return self.seen(data).map(Some),
                    (Some(_), None) => {}
                    (None, Some(_)) => return Err(S3Error::incomplete()),
                    (None, None) => self.finish()?,
                },
            }
        }
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, S3Error> {
        loop {
            let frame = tokio::time::timeout(self.timeout, self.incoming.frame()).await;
            return match frame {
                Err(_) => Err(too_slow()),
                Ok(None) => Ok(None),
                Ok(Some(Err(_))) => Err(S3Error::incomplete()),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Ok(Some(data)),
                    Err(_) => continue,
                },
            };
        }
    }

    fn seen(&mut self, piece: Bytes) -> Result<Bytes, S3Error> {
        self.seen += piece.len() as u64;
        if self.seen > self.announced {
            return Err(S3Error::incomplete());
        }
        if let Some((digest, _)) = &mut self.sha256 {
            digest.update(&piece);
        }
        if let Some((digest, _)) = &mut self.md5 {
            digest.update(&piece);
        }
        if let Some(checksum) = &mut self.checksum {
            checksum.update(&piece);
        }
        Ok(piece)
    }

    fn finish(&mut self) -> Result<(), S3Error> {
        self.ended = true;
        if self.seen != self.announced {
            return Err(S3Error::incomplete());
        }
        if let Some((digest, expected)) = self.sha256.take()
            && <[u8; 32]>::from(digest.finalize()) != expected
        {
            return Err(S3Error::new(
                "XAmzContentSHA256Mismatch",
                400,
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ));
        }
        if let Some((digest, expected)) = self.md5.take()
            && <[u8; 16]>::from(digest.finalize()) != expected
        {
            return Err(S3Error::new(
                "BadDigest",
                400,
                "The Content-MD5 you specified did not match what we received.",
            ));
        }
        if let Some(checksum) = self.checksum.take() {
            let header = checksum.header;
            let value = checksum.finish()?;
            let mut found = self.outcome.0.lock().unwrap_or_else(PoisonError::into_inner);
            found.checksum = Some((header, value));
        }
        Ok(())
    }
}

/// How many bytes are to come, without what the chunks' form adds.
fn announced(headers: &HeaderMap, chunked: bool) -> Result<u64, S3Error> {
    let name = if chunked {
        "x-amz-decoded-content-length"
    } else {
        CONTENT_LENGTH.as_str()
    };
    let missing = || {
        S3Error::new(
            "MissingContentLength",
            411,
            "You must provide the Content-Length HTTP header.",
        )
    };
    let text = headers.get(name).ok_or_else(missing)?;
    let digits = text
        .to_str()
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| S3Error::argument(format!("{name} is not a length")))
}

fn content_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, S3Error> {
    let Some(value) = headers.get("content-md5") else {
        return Ok(None);
    };
    let digest = STANDARD.decode(value.as_bytes()).ok();
    let digest = digest.and_then(|digest| digest.try_into().ok());
    digest.map(Some).ok_or_else(|| {
        S3Error::new(
            "InvalidDigest",
            400,
            "The Content-MD5 you specified is not valid.",
        )
    })
}

fn too_slow() -> S3Error {
    crate::protocol::EdgeError::TooSlow.into()
}
