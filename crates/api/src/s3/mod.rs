//! S3, as far as customers of an IoT server need it: buckets, objects, uploads in parts and links.
//!
//! It has a protocol of its own, and bodies that are streamed, so that it does not pass through
//! [`Operation`](crate::Operation): the signature of a request's head is verified first, the caller's permission is decided,
//! and only then the body is read, piece by piece. Each operation is one file; [`Kind`] is the table of them.

mod asked;
mod body;
mod buckets;
mod checksum;
mod chunks;
mod context;
mod error;
mod kind;
mod objects;
mod reply;
mod source;
mod times;
mod uploads;
mod xml;

use std::sync::Arc;

use hyper::Method;
use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, EXPECT, USER_AGENT};
use hyper::http::request::Parts;
use thingsmith_core::decisions::{Decision, Stage};
use thingsmith_model::Region;
use thingsmith_sigv4::{LinkV2, Request};
use uuid::Uuid;

use self::asked::Asked;
use self::body::Body;
use self::context::Cx;
use self::error::S3Error;
use self::kind::Kind;
pub(crate) use self::reply::{S3Body, S3Reply};
use crate::Api;
use crate::auth::{self, Claim, ProvenHead, RequestFacts};
use crate::dispatch::{Noted, Source};

/// Whether a request is for S3: its signature says so.
pub(crate) fn is_meant(head: &Parts) -> bool {
    let header = head
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if header.is_some_and(|value| value.contains("/s3/aws4_request")) {
        return true;
    }
    let query = head.uri.query().unwrap_or_default();
    query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let scoped = value.ends_with("%2Fs3%2Faws4_request") || value.ends_with("/s3/aws4_request");
        name == "AWSAccessKeyId" || name == "X-Amz-Credential" && scoped
    })
}

impl Api {
    /// Answers a request to S3.
    pub(crate) async fn answer_s3(
        &self,
        head: &Parts,
        incoming: Incoming,
        source: Source,
        request_id: Uuid,
        noted: &mut Noted,
    ) -> S3Reply {
        let mut incoming = Some(incoming);
        let answer = self.run_s3(head, &mut incoming, source, noted).await;
        // A client that waits for a word before it sends its body need not send it.
        let unread = incoming.filter(|body| !body.is_end_stream() && !head.headers.contains_key(EXPECT));
        let id = request_id.to_string();
        let error = match answer {
            Ok(reply) => return reply.with("x-amz-request-id", id),
            Err(error) => error,
        };
        if let Some(body) = unread {
            self.discard(body).await;
        }
        S3Reply::refusal(&error, head.uri.path(), &id, head.method == Method::HEAD)
            .with("x-amz-request-id", id)
    }

    async fn run_s3(
        &self,
        head: &Parts,
        incoming: &mut Option<Incoming>,
        source: Source,
        noted: &mut Noted,
    ) -> Result<S3Reply, S3Error> {
        let (proven, region) = self.prove_s3(head, noted).await?;
        let asked = Asked::read(head, &self.config.domain)?;
        let kind = Kind::of(&asked)?;
        noted.operation = Some(kind.name().to_owned());
        let ProvenHead {
            caller,
            payload,
            chunks,
        } = proven;
        let facts = RequestFacts {
            caller: &caller,
            region: region.as_str(),
            source: source.peer.ip(),
            secure: source.secure,
            user_agent: head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
            now: self.deeds.clock().now(),
        };
        let cx = Cx {
            deeds: &self.deeds,
            caller: &caller,
            region: &region,
            facts: &facts,
            asked: &asked,
        };
        kind.check(&cx)?;
        cx.authorize(kind).inspect_err(|refused| {
            let mut decision = Decision::new(Stage::Api, refused.message.clone())
                .from_peer(source.peer)
                .about(kind.action(), &cx.resource(kind));
            decision.account = Some(caller.account.to_string());
            decision.region = Some(region.to_string());
            decision.caller = Some(caller.arn.clone());
            self.deeds.refuse(decision);
        })?;
        let incoming = incoming.take().ok_or_else(S3Error::incomplete)?;
        let body = Body {
            incoming,
            payload,
            chunks,
            timeout: self.config.body_timeout,
        };
        if kind.reads_document() {
            // Few large documents are in memory at once.
            let _permit = self.large.acquire().await.ok();
            let document = body.document(&head.headers).await?;
            return kind.answer_document(&cx, &document).await;
        }
        kind.answer(&cx, body).await
    }

    /// Who sent a request, and for which region.
    async fn prove_s3(&self, head: &Parts, noted: &mut Noted) -> Result<(ProvenHead, Region), S3Error> {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let headers: Vec<(&str, &[u8])> = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let request = Request {
            method: head.method.as_str(),
            target: target.as_bytes(),
            headers: &headers,
        };
        if let Some(link) = LinkV2::parse(request) {
            let link = link?;
            noted.access_key_id = Some(link.access_key_id().to_owned());
            let bucket = asked::bucket_of_host(head, &self.config.domain);
            let proven = auth::prove_link(&self.keys, &self.deeds, &link, bucket.as_deref()).await?;
            return Ok((proven, self.config.region.clone()));
        }
        let signed = Claim::read(request)
            .map_err(crate::protocol::EdgeError::from)?
            .ok_or(crate::protocol::EdgeError::NoCredential)?;
        if signed.credential().scope.service != "s3" {
            return Err(S3Error::new(
                "AuthorizationHeaderMalformed",
                400,
                "The authorization header is malformed; the service must be s3.",
            ));
        }
        noted.access_key_id = Some(signed.credential().access_key_id.clone());
        let claim = auth::claim(&self.keys, &self.deeds, signed)
            .await
            .map_err(crate::protocol::Refusal::from)?;
        let now = self.deeds.clock().now();
        let proven = auth::prove_head(&claim, &self.keys, &head.headers, now)?;
        Ok((proven, claim.region().clone()))
    }
}

/// The keeper of objects, shared with streams that outlive the request.
type Keeper = Arc<dyn thingsmith_ports::Objects>;
