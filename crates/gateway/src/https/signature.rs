//! Requests that are signed with an access key instead of sent by who showed a certificate.

use hyper::header::{AUTHORIZATION, HeaderMap, ORIGIN, USER_AGENT};
use hyper::http::request::Parts;
use thingsmith_core::callers::{self, Claim, ClaimError};
use thingsmith_core::connections::{Signatory, SignatoryError};
use thingsmith_sigv4::{Request, SigV4Error};

use super::Visitor;
use super::reply::Refused;
use crate::gateway::Gateway;
use crate::refusal;

/// A request's head as it is signed: it borrows from it.
struct Received<'h> {
    head: &'h Parts,
    headers: Vec<(&'h str, &'h [u8])>,
}

/// Whether a request is signed, well or not.
pub(super) fn is_signed(head: &Parts) -> bool {
    // Whatever its case and encoding: what is no signature is refused when it is read.
    let query = head.uri.query().unwrap_or_default();
    head.headers.contains_key(AUTHORIZATION)
        || query.contains("Amz-Signature")
        || query.contains("Amz-Algorithm")
}

/// Who signed a request whose body is this.
///
/// # Errors
/// [`Refused`], which is written down.
pub(super) async fn prove(
    gateway: &Gateway,
    visitor: &Visitor,
    head: &Parts,
    body: &[u8],
) -> Result<Signatory, Refused> {
    let received = Received::new(head);
    let claim = received.claim(gateway, visitor).await?;
    let agent = head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let (deeds, keys) = (&gateway.deeds, &gateway.keys);
    let proved = Signatory::prove(deeds, keys, &claim, body, visitor.realm.as_ref(), agent).await;
    proved.map_err(|error| {
        let access_key_id = &claim.signed().credential().access_key_id;
        refuse(gateway, visitor, Some(access_key_id), &error)
    })
}

/// As [`prove`], before the body is there: whether it is worth reading.
///
/// # Errors
/// [`Refused`], which is written down.
pub(super) async fn check(gateway: &Gateway, visitor: &Visitor, head: &Parts) -> Result<(), Refused> {
    Received::new(head).claim(gateway, visitor).await.map(drop)
}

impl<'h> Received<'h> {
    fn new(head: &'h Parts) -> Self {
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        Self { head, headers }
    }

    async fn claim(&self, gateway: &Gateway, visitor: &Visitor) -> Result<Claim<'_>, Refused> {
        let target = self
            .head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let request = Request {
            method: self.head.method.as_str(),
            target: target.as_bytes(),
            headers: &self.headers,
        };
        let refuse = |key: Option<&str>, error: SignatoryError| refuse(gateway, visitor, key, &error);
        let signed = Claim::read(request)
            .and_then(|signed| signed.ok_or(SigV4Error::MissingAuthenticationToken))
            .map_err(|error| refuse(None, error.into()))?;
        let access_key_id = signed.credential().access_key_id.clone();
        let claim = callers::claim(&gateway.keys, &gateway.deeds, signed)
            .await
            .map_err(|error| refuse(Some(&access_key_id), error.into()))?;
        if !claim.is_provable() && comes_from_a_foreign_page(&self.head.headers) {
            let reason = "a development server takes no requests from pages of other sites";
            let server_name = visitor.server_name.as_deref();
            refusal::protocol(&gateway.deeds, visitor.address, server_name, reason);
            return Err(Refused::forbidden());
        }
        Ok(claim)
    }
}

fn refuse(
    gateway: &Gateway,
    visitor: &Visitor,
    access_key_id: Option<&str>,
    error: &SignatoryError,
) -> Refused {
    if let SignatoryError::Claim(ClaimError::Failed(fault)) = error {
        refusal::store_failed(visitor.address, fault);
        return Refused::internal();
    }
    refusal::signature(&gateway.deeds, visitor, access_key_id, error);
    Refused::signature(error)
}

/// Whether a web page of another site sends it: a development server asks for no secret, which a page would not have.
fn comes_from_a_foreign_page(headers: &HeaderMap) -> bool {
    headers.get_all(ORIGIN).iter().any(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let host = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        !host.is_some_and(is_local)
    })
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    matches!(&name[..], "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost")
}
