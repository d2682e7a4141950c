//! From a request's signature to its caller.

use std::sync::Arc;

use thingsmith_model::{Region, Timestamp};
use thingsmith_sigv4::{
    ChunkSignatures, DeclaredPayload, LinkV2, PayloadHash, Request, Rules, SigV4Error, SignedRequest,
};
use thiserror::Error;

use super::Caller;
use super::keys::{AccessKeys, Found};
use crate::{Deeds, Fault};

/// Why a claim is not believed. The texts are what the caller reads; AWS's, hence the capitals.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// The key is not known.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The session has ended.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The signature is not what it must be.
    #[error(transparent)]
    Signature(#[from] SigV4Error),
    /// It could not be found out.
    #[error("{0}")]
    Failed(#[from] Fault),
}

/// A claim to be somebody, not yet proved: the body has to come first, as the signature covers it.
pub struct Claim<'a> {
    signed: SignedRequest<'a>,
    found: Found,
    region: Region,
}

/// Reads the claim of a request's head.
///
/// # Errors
/// What is wrong with the signature's form, a region that cannot be one, a key that is nobody's and a session that has
/// ended: none of them is worth reading a body for.
pub async fn claim<'a>(
    keys: &AccessKeys,
    deeds: &Deeds,
    signed: SignedRequest<'a>,
) -> Result<Claim<'a>, ClaimError> {
    let credential = signed.credential();
    let region = credential
        .scope
        .region
        .parse()
        .map_err(|_| SigV4Error::Region(credential.scope.region.chars().take(64).collect()))?;
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
    ///
    /// # Errors
    /// What is wrong with the signature's form.
    pub fn read(request: Request<'a>) -> Result<Option<SignedRequest<'a>>, SigV4Error> {
        match SignedRequest::parse(request) {
            Ok(signed) => Ok(Some(signed)),
            Err(SigV4Error::MissingAuthenticationToken) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What was signed.
    pub fn signed(&self) -> &SignedRequest<'a> {
        &self.signed
    }

    /// Whether its signature proves anything: a development server lets anybody in with a key that nobody knows.
    pub fn is_provable(&self) -> bool {
        self.found.proof.is_some()
    }

    /// The region that was signed for.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Proves the claim.
    ///
    /// # Errors
    /// A signature that is not the key's for this request and body at this time.
    pub fn prove(&self, keys: &AccessKeys, body: &[u8], now: Timestamp) -> Result<Arc<Caller>, ClaimError> {
        if let Some(proof) = &self.found.proof {
            let credential = self.signed.credential();
            let key = keys
                .signing_key(credential, proof)
                .ok_or(ClaimError::UnknownKey)?;
            self.signed
                .verify(&key, PayloadHash::of(body), now, Rules::default())?;
            keys.remember(credential, key);
        }
        Ok(Arc::clone(&self.found.caller))
    }
}

/// A proven request whose body is still to come.
pub struct ProvenHead {
    /// Who sent it.
    pub caller: Arc<Caller>,
    /// What it says of its body.
    pub payload: DeclaredPayload,
    /// How the body's chunks are signed; none where the signature proves nothing.
    pub chunks: Option<ChunkSignatures>,
}

impl Claim<'_> {
    /// Proves a claim before the body comes, as S3 does.
    ///
    /// # Errors
    /// A signature that is not the key's for this request at this time.
    pub fn prove_head(
        &self,
        keys: &AccessKeys,
        now: Timestamp,
        rules: Rules,
    ) -> Result<ProvenHead, ClaimError> {
        let caller = Arc::clone(&self.found.caller);
        let Some(proof) = &self.found.proof else {
            return Ok(ProvenHead {
                caller,
                payload: self.signed.declared_payload()?,
                chunks: None,
            });
        };
        let credential = self.signed.credential();
        let key = keys
            .signing_key(credential, proof)
            .ok_or(ClaimError::UnknownKey)?;
        let payload = self.signed.verify_head(&key, now, rules)?;
        let chunks = self.signed.chunk_signatures(&key);
        keys.remember(credential, key);
        Ok(ProvenHead {
            caller,
            payload,
            chunks: Some(chunks),
        })
    }
}

/// Proves a link of Signature Version 2; whether its time is over is another question. `bucket` is the one that the host
/// names, if it names any.
///
/// # Errors
/// A key that is nobody's, and a signature that is not its.
pub async fn prove_link(
    keys: &AccessKeys,
    deeds: &Deeds,
    link: &LinkV2<'_>,
    bucket: Option<&str>,
) -> Result<ProvenHead, ClaimError> {
    let found = keys
        .find(deeds, link.access_key_id(), link.session_token())
        .await?;
    if let Some(proof) = &found.proof {
        let secret = keys
            .secret(link.access_key_id(), proof)
            .ok_or(ClaimError::UnknownKey)?;
        link.verify(secret, bucket)?;
    }
    Ok(ProvenHead {
        caller: found.caller,
        payload: DeclaredPayload::Unsigned,
        chunks: None,
    })
}
