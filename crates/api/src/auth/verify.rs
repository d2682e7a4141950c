//! From a request's signature to its caller.

use std::sync::Arc;

use thingsmith_core::Deeds;
use thingsmith_model::{Region, Timestamp};
use thingsmith_sigv4::{
    ChunkSignatures, DeclaredPayload, LinkV2, PayloadHash, Request, Rules, SigV4Error, SignedRequest,
};

use super::keys::{AccessKeys, Found};
use crate::auth::Caller;
use crate::protocol::{EdgeError, Refusal};

/// A claim to be somebody, not yet proved: the body has to come first, as the signature covers it.
pub(crate) struct Claim<'a> {
    signed: SignedRequest<'a>,
    found: Found,
    region: Region,
}

/// Reads the claim of a request's head.
///
/// # Errors
/// What is wrong with the signature's form, a region that cannot be one, a key that is nobody's and a session that has
/// ended: none of them is worth reading a body for.
pub(crate) async fn claim<'a>(
    keys: &AccessKeys,
    deeds: &Deeds,
    signed: SignedRequest<'a>,
) -> Result<Claim<'a>, Refusal> {
    let credential = signed.credential();
    let region = credential
        .scope
        .region
        .parse()
        .map_err(|_| SigV4Error::Region(credential.scope.region.chars().take(64).collect()))
        .map_err(EdgeError::from)?;
    let found = keys
        .find(deeds, &credential.access_key_id, signed.session_token())
        .await?;
    Ok(Claim {
        signed,
        found,
        region,
    })
}

impl<'a> Claim<'a> {
    /// Reads who signed a request's head; [`None`] if it is not signed.
    pub(crate) fn read(request: Request<'a>) -> Result<Option<SignedRequest<'a>>, EdgeError> {
        match SignedRequest::parse(request) {
            Ok(signed) => Ok(Some(signed)),
            Err(SigV4Error::MissingAuthenticationToken) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The region that was signed for.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// Proves the claim.
    ///
    /// # Errors
    /// A signature that is not the key's for this request and body at this time.
    pub(crate) fn prove(
        &self,
        keys: &AccessKeys,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Arc<Caller>, EdgeError> {
        if let Some(proof) = &self.found.proof {
            let credential = self.signed.credential();
            let key = keys.signing_key(credential, proof).ok_or(EdgeError::UnknownKey)?;
            self.signed
                .verify(&key, PayloadHash::of(body), now, Rules::default())?;
            keys.remember(credential, key);
        }
        Ok(Arc::clone(&self.found.caller))
    }
}

/// A proven request to S3, whose body is still to come.
pub(crate) struct ProvenHead {
    pub(crate) caller: Arc<Caller>,
    pub(crate) payload: DeclaredPayload,
    /// How the body's chunks are signed; none where the signature proves nothing.
    pub(crate) chunks: Option<ChunkSignatures>,
}

impl Claim<'_> {
    /// Proves a claim to S3 before the body comes. Every `x-amz-` header must be signed: each changes what is done.
    ///
    /// # Errors
    /// A signature that is not the key's for this request at this time, and a header that is not signed.
    pub(crate) fn prove_head(
        &self,
        keys: &AccessKeys,
        headers: &hyper::HeaderMap,
        now: Timestamp,
    ) -> Result<ProvenHead, EdgeError> {
        let caller = Arc::clone(&self.found.caller);
        let Some(proof) = &self.found.proof else {
            return Ok(ProvenHead {
                caller,
                payload: self.signed.declared_payload()?,
                chunks: None,
            });
        };
        let credential = self.signed.credential();
        let key = keys.signing_key(credential, proof).ok_or(EdgeError::UnknownKey)?;
        let payload = self.signed.verify_head(&key, now, Rules::s3())?;
        let signed = |name: &str| self.signed.signed_headers().iter().any(|signed| signed == name);
        let covered = ["x-amz-content-sha256", "x-amz-date"];
        for name in headers.keys().map(hyper::header::HeaderName::as_str) {
            if name.starts_with("x-amz-") && !covered.contains(&name) && !signed(name) {
                return Err(EdgeError::AccessDenied(
                    "There were headers present in the request which were not signed".into(),
                ));
            }
        }
        let chunks = self.signed.chunk_signatures(&key);
        keys.remember(credential, key);
        Ok(ProvenHead {
            caller,
            payload,
            chunks: Some(chunks),
        })
    }
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
    let found = keys
        .find(deeds, link.access_key_id(), link.session_token())
        .await?;
    if link.is_expired(deeds.clock().now()) {
        return Err(EdgeError::AccessDenied("Request has expired".into()).into());
    }
    if let Some(proof) = &found.proof {
        let secret = keys
            .secret(link.access_key_id(), proof)
            .ok_or(EdgeError::UnknownKey)?;
        link.verify(secret, bucket).map_err(EdgeError::from)?;
    }
    Ok(ProvenHead {
        caller: found.caller,
        payload: DeclaredPayload::Unsigned,
        chunks: None,
    })
}
