//! Where a request carries its signature: in a header, or in the query (presigned).

use std::borrow::Cow;

use crate::error::excerpt;
use crate::{ALGORITHM, Credential, Request, SigV4Error, hex, query};

/// The parts of a signature, not yet checked against anything.
#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    pub(crate) credential: Credential,
    /// Lower-case names in ascending order, each once.
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: [u8; 32],
    /// Present if the signature stood in the query.
    pub(crate) presigned: Option<Presigned>,
}

/// What a presigned request says besides.
#[derive(Debug, Clone)]
pub(crate) struct Presigned {
    pub(crate) date: String,
    pub(crate) expires: Option<String>,
    pub(crate) session_token: Option<String>,
}

impl Authorization {
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, SigV4Error> {
        let in_query = query::parameters(request.query())
            .any(|(name, _)| matches!(&*query::decode(name), b"X-Amz-Algorithm" | b"X-Amz-Signature"));
        let mut headers = request.header("authorization");
        match (headers.next(), in_query) {
            (None, false) => Err(SigV4Error::MissingAuthenticationToken),
            (Some(_), true) => Err(SigV4Error::TwoMechanisms),
            (Some(_), false) if headers.next().is_some() => Err(SigV4Error::Repeated("Authorization")),
            (Some(value), false) => Self::from_header(value),
            (None, true) => Self::from_query(request.query()),
        }
    }

    fn from_header(value: &[u8]) -> Result<Self, SigV4Error> {
        let malformed = |part: &str| SigV4Error::Malformed(excerpt(part));
        let text = std::str::from_utf8(value).map_err(|_| malformed(&String::from_utf8_lossy(value)))?;
        if text.len() > MAXIMUM_HEADER {
            return Err(malformed(text));
        }
        let text = text.trim();
        let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(SigV4Error::UnsupportedAlgorithm(excerpt(algorithm)));
        }
        let mut credential = Once::new("Credential");
        let mut signed_headers = Once::new("SignedHeaders");
        let mut signature = Once::new("Signature");
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| malformed(part))?;
            match name {
                "Credential" => credential.set(value)?,
                "SignedHeaders" => signed_headers.set(value)?,
                "Signature" => signature.set(value)?,
                _ => return Err(malformed(part)),
            }
        }
        Self::build(credential.get()?, signed_headers.get()?, signature.get()?, None)
    }

    fn from_query(raw: &[u8]) -> Result<Self, SigV4Error> {
        let mut algorithm = Once::new("X-Amz-Algorithm");
        let mut credential = Once::new("X-Amz-Credential");
        let mut date = Once::new("X-Amz-Date");
        let mut signed_headers = Once::new("X-Amz-SignedHeaders");
        let mut signature = Once::new("X-Amz-Signature");
        let mut expires = Once::new("X-Amz-Expires");
        let mut session_token = Once::new("X-Amz-Security-Token");
        for (name, value) in query::parameters(raw) {
            let parameter = match &*query::decode(name) {
                b"X-Amz-Algorithm" => &mut algorithm,
                b"X-Amz-Credential" => &mut credential,
                b"X-Amz-Date" => &mut date,
                b"X-Amz-SignedHeaders" => &mut signed_headers,
                b"X-Amz-Signature" => &mut signature,
                b"X-Amz-Expires" => &mut expires,
                b"X-Amz-Security-Token" => &mut session_token,
                _ => continue,
            };
            parameter.set(String::from_utf8_lossy(&query::decode(value)).into_owned())?;
        }
        let algorithm = algorithm.get()?;
        if algorithm != ALGORITHM {
            return Err(SigV4Error::UnsupportedAlgorithm(excerpt(&algorithm)));
        }
        let presigned = Presigned {
            date: date.get()?.into_owned(),
            expires: expires.value.map(Cow::into_owned),
            session_token: session_token.value.map(Cow::into_owned),
        };
        Self::build(
            credential.get()?,
            signed_headers.get()?,
            signature.get()?,
            Some(presigned),
        )
    }

    fn build(
        credential: Cow<'_, str>,
        signed_headers: Cow<'_, str>,
        signature: Cow<'_, str>,
        presigned: Option<Presigned>,
    ) -> Result<Self, SigV4Error> {
        Ok(Self {
            credential: Credential::parse(&credential)?,
            signed_headers: header_names(&signed_headers)?,
            signature: hex::decode(&signature).ok_or(SigV4Error::Signature)?,
            presigned,
        })
    }
}

/// Reads `content-type;host;x-amz-date`. An order other than the canonical one is put right and then does not
/// verify, unless the client sorted what it signed.
fn header_names(text: &str) -> Result<Vec<String>, SigV4Error> {
    let wrong = || SigV4Error::SignedHeaders(excerpt(text));
    // RFC 9110 5.6.2: the characters of a token, without the upper-case letters.
    let valid =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let mut names: Vec<String> = Vec::new();
    for name in text.split(';') {
        if name.is_empty() || !name.bytes().all(valid) || names.len() == MAXIMUM_SIGNED_HEADERS {
            return Err(wrong());
        }
        names.push(name.to_owned());
    }
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(wrong());
    }
    Ok(names)
}

/// A parameter that may be given once.
struct Once<'a> {
    name: &'static str,
    value: Option<Cow<'a, str>>,
}

impl<'a> Once<'a> {
    fn new(name: &'static str) -> Self {
        Self { name, value: None }
    }

    fn set(&mut self, value: impl Into<Cow<'a, str>>) -> Result<(), SigV4Error> {
        match self.value.replace(value.into()) {
            Some(_) => Err(SigV4Error::Repeated(self.name)),
            None => Ok(()),
        }
    }

    fn get(self) -> Result<Cow<'a, str>, SigV4Error> {
        self.value.ok_or(SigV4Error::MissingParameter(self.name))
    }
}

/// An `Authorization` header with a hundred long header names is about so long.
const MAXIMUM_HEADER: usize = 8 * 1024;
const MAXIMUM_SIGNED_HEADERS: usize = 100;
