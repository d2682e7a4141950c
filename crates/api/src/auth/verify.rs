//! From a request's signature to its caller.

use std::sync::Arc;

use thingsmith_core::Deeds;
use thingsmith_model::{Region, Timestamp};
use thingsmith_sigv4::{PayloadHash, Request, Rules, SigV4Error, SignedRequest};

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
