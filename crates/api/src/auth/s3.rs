//! What S3 asks of a signature besides.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use thingsmith_core::Deeds;
use thingsmith_core::callers::{self, AccessKeys, Claim, ProvenHead};
use thingsmith_model::Timestamp;
use thingsmith_sigv4::{LinkV2, Rules};

use crate::protocol::{EdgeError, Refusal};

/// Proves a claim to S3 before the body comes. Every `x-amz-` header must be signed: each changes what is done.
///
/// # Errors
/// A signature that is not the key's for this request at this time, and a header that is not signed.
pub(crate) fn prove_head(
    claim: &Claim<'_>,
    keys: &AccessKeys,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<ProvenHead, Refusal> {
    let proven = claim.prove_head(keys, now, Rules::s3())?;
    let signed = |name: &str| {
        claim
            .signed()
            .signed_headers()
            .iter()
            .any(|signed| signed == name)
    };
    let covered = ["x-amz-content-sha256", "x-amz-date"];
    for name in headers.keys().map(HeaderName::as_str) {
        if claim.is_provable() && name.starts_with("x-amz-") && !covered.contains(&name) && !signed(name) {
            return Err(EdgeError::AccessDenied(
                "There were headers present in the request which were not signed".into(),
            )
            .into());
        }
    }
    Ok(proven)
}

/// Proves a link of Signature Version 2. `bucket` is the one that the host names, if it names any.
///
/// # Errors
/// A key that is nobody's, a signature that is not its, and a link whose time is over.
pub(crate) async fn prove_link(
    keys: &AccessKeys,
    deeds: &Deeds,
    link: &LinkV2<'_>,
    bucket: Option<&str>,
) -> Result<ProvenHead, Refusal> {
    if link.is_expired(deeds.clock().now()) {
        return Err(EdgeError::AccessDenied("Request has expired".into()).into());
    }
    Ok(callers::prove_link(keys, deeds, link, bucket).await?)
}
