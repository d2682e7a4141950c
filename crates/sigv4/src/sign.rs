//! Signing, for clients of our own.

use percent_encoding::percent_encode;
use thingsmith_model::{Secret, Timestamp};

use crate::{
    ALGORITHM, Credential, PayloadHash, Request, Scope, SigV4Error, SigningKey, canonical, hex, instant,
    query,
};

/// Who signs, for which region and service.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret<String>,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
    /// The region to sign for.
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

impl Signer {
    fn credential(&self, time: &str) -> Credential {
        Credential {
            access_key_id: self.access_key_id.clone(),
            scope: Scope {
                date: time[..8].to_owned(),
                region: self.region.clone(),
                service: self.service.clone(),
            },
        }
    }

    fn signature(
        &self,
        request: &Request<'_>,
        names: &[String],
        payload: PayloadHash,
        scope: &Scope,
        time: &str,
    ) -> Result<String, SigV4Error> {
        let text = canonical::string_to_sign(request, names, &[], &payload.to_hex(), scope, time)?;
        let key = SigningKey::derive(self.secret_access_key.expose_secret(), scope);
        Ok(hex::encode(&key.sign(&text)))
    }
}

/// Signs a request and returns the headers to add to it: `x-amz-date`, `x-amz-security-token` if there is a
/// token, and `authorization`. Every header of the request is signed but those that a proxy may change;
/// `host` must be among them.
///
/// # Errors
/// [`SigV4Error::HostNotSigned`] if the request has no `host` header.
pub fn sign(
    signer: &Signer,
    request: &Request<'_>,
    payload: PayloadHash,
    time: Timestamp,
) -> Result<Vec<(&'static str, String)>, SigV4Error> {
    let time = instant::basic(time);
    let mut added = vec![("x-amz-date", time.clone())];
    if let Some(token) = &signer.session_token {
        added.push(("x-amz-security-token", token.clone()));
    }
    let mut headers = request.headers.to_vec();
    headers.retain(|(name, _)| !added.iter().any(|(added, _)| name.eq_ignore_ascii_case(added)));
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let request = Request {
        headers: &headers,
        ..*request
    };
    let names = names_to_sign(&request)?;
    let credential = signer.credential(&time);
    let signature = signer.signature(&request, &names, payload, &credential.scope, &time)?;
    let authorization = format!(
        "{ALGORITHM} Credential={credential}, SignedHeaders={}, Signature={signature}",
        names.join(";")
    );
    added.push(("authorization", authorization));
    Ok(added)
}

/// Signs a request in its query and returns the target to use. `expires_seconds` is how long it may be used;
/// without it the verifier's ordinary window applies. `payload` is the hash of the body that will be sent.
///
/// # Errors
/// [`SigV4Error::HostNotSigned`] if the request has no `host` header.
pub fn presign(
    signer: &Signer,
    request: &Request<'_>,
    payload: PayloadHash,
    time: Timestamp,
    expires_seconds: Option<u32>,
) -> Result<String, SigV4Error> {
    let time = instant::basic(time);
    let names = names_to_sign(request)?;
    let credential = signer.credential(&time);
    let mut target = String::from_utf8_lossy(request.target).into_owned();
    let mut add = |name: &str, value: &str| {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(name);
        target.push('=');
        target.extend(percent_encode(value.as_bytes(), query::ENCODED));
    };
    add("X-Amz-Algorithm", ALGORITHM);
    add("X-Amz-Credential", &credential.to_string());
    add("X-Amz-Date", &time);
    if let Some(seconds) = expires_seconds {
        add("X-Amz-Expires", &seconds.to_string());
    }
    add("X-Amz-SignedHeaders", &names.join(";"));
    if let Some(token) = &signer.session_token {
        add("X-Amz-Security-Token", token);
    }
    let request = Request {
        target: target.as_bytes(),
        ..*request
    };
    let signature = signer.signature(&request, &names, payload, &credential.scope, &time)?;
    Ok(format!("{target}&X-Amz-Signature={signature}"))
}

fn names_to_sign(request: &Request<'_>) -> Result<Vec<String>, SigV4Error> {
    let mut names: Vec<String> = request
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.retain(|name| !CHANGED_ON_THE_WAY.contains(&name.as_str()));
    names.sort_unstable();
    names.dedup();
    if !names.iter().any(|name| name == "host") {
        return Err(SigV4Error::HostNotSigned);
    }
    Ok(names)
}

/// RFC 9110 7.6.1: what belongs to one connection; and what proxies rewrite.
const CHANGED_ON_THE_WAY: [&str; 9] = [
    "authorization",
    "connection",
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
