//! A request that says who signed it, and the proof of it.

use std::time::Duration;

use thingsmith_model::Timestamp;

use crate::authorization::{Authorization, Presigned};
use crate::error::excerpt;
use crate::payload::UNSIGNED;
use crate::{
    ChunkSignatures, Credential, DeclaredPayload, PayloadHash, Request, SigV4Error, SigningKey, canonical,
    instant,
};

/// What a verifier accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How far the time of signing may be from the verifier's clock, either side.
    pub window: Duration,
    /// Whether the client may leave the body unsigned with `x-amz-content-sha256: UNSIGNED-PAYLOAD`.
    pub unsigned_payload: bool,
    /// The longest life of a presigned request, in seconds.
    pub longest_life: u64,
}

impl Rules {
    /// S3's: a presigned request may live for a week.
    pub fn s3() -> Self {
        Self {
            unsigned_payload: true,
            longest_life: 7 * 86_400,
            ..Self::default()
        }
    }
}

impl Default for Rules {
    /// Fifteen minutes, as AWS has it, and every body signed.
    fn default() -> Self {
        Self {
            window: Duration::from_secs(15 * 60),
            unsigned_payload: false,
            longest_life: 86_400,
        }
    }
}

/// A request with a well-formed signature that has yet to be verified.
#[derive(Debug, Clone)]
pub struct SignedRequest<'a> {
    request: Request<'a>,
    authorization: Authorization,
    time: Timestamp,
    session_token: Option<String>,
}

impl<'a> SignedRequest<'a> {
    /// Reads the signature out of the `Authorization` header or, for a presigned request, out of the query.
    ///
    /// # Errors
    /// [`SigV4Error::MissingAuthenticationToken`] if the request is not signed at all; otherwise what the
    /// signature lacks.
    pub fn parse(request: Request<'a>) -> Result<Self, SigV4Error> {
        let authorization = Authorization::read(&request)?;
        let time = signing_time(&request, &authorization)?;
        let session_token = match &authorization.presigned {
            Some(presigned) => presigned.session_token.clone(),
            None => session_token(&request)?,
        };
        let signed_request = Self {
            request,
            authorization,
            time,
            session_token,
        };
        signed_request.check_scope_date()?;
        signed_request.check_signed_headers()?;
        Ok(signed_request)
    }

    /// Who claims to have signed, and for what.
    pub fn credential(&self) -> &Credential {
        &self.authorization.credential
    }

    /// The session token sent along; the caller checks that it belongs to the access key and still lives.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The names of the headers that the signature covers, lower case and sorted.
    pub fn signed_headers(&self) -> &[String] {
        &self.authorization.signed_headers
    }

    /// Whether the signature stands in the query.
    pub fn is_presigned(&self) -> bool {
        self.authorization.presigned.is_some()
    }

    /// When the client says it signed.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Verifies the signature with the key of [`Self::credential`]'s scope. `payload` is the hash of the body
    /// as received. The clock is asked first, so that a stale request is called stale.
    ///
    /// # Errors
    /// [`SigV4Error::Expired`], [`SigV4Error::NotYetCurrent`], [`SigV4Error::Expires`],
    /// [`SigV4Error::ContentHash`], [`SigV4Error::UnsignedPayload`], [`SigV4Error::SignedHeaderAbsent`] or
    /// [`SigV4Error::Mismatch`].
    pub fn verify(
        &self,
        key: &SigningKey,
        payload: PayloadHash,
        now: Timestamp,
        rules: Rules,
    ) -> Result<(), SigV4Error> {
        self.check_time(now, rules)?;
        let payload = self.signed_payload(payload, rules.unsigned_payload)?;
        if self.matches(key, &payload, &["X-Amz-Signature"])? {
            return Ok(());
        }
        // AWS's device SDKs add the token to the URL after signing it; other clients sign it along. Only the
        // holder of the secret can make either, so both are good. (Header form: the token is a signed header.)
        let token_after_signing = self.is_presigned() && self.session_token.is_some();
        if token_after_signing && self.matches(key, &payload, &["X-Amz-Signature", "X-Amz-Security-Token"])? {
            return Ok(());
        }
        Err(SigV4Error::Mismatch)
    }

    /// What a request to S3 says of its body, unverified.
    ///
    /// # Errors
    /// [`SigV4Error::MissingParameter`] where nothing is said and must be; [`SigV4Error::ContentHash`] for what is no word for
    /// a body.
    pub fn declared_payload(&self) -> Result<DeclaredPayload, SigV4Error> {
        let word = self.declared_word()?;
        DeclaredPayload::parse(word).ok_or(SigV4Error::ContentHash)
    }

    fn declared_word(&self) -> Result<&'a str, SigV4Error> {
        match single(&self.request, "x-amz-content-sha256", "X-Amz-Content-Sha256")? {
            Some(word) => Ok(word),
            None if self.is_presigned() => Ok(UNSIGNED),
            None => Err(SigV4Error::MissingParameter("X-Amz-Content-Sha256")),
        }
    }

    /// Verifies the signature of a request to S3, whose body has not come yet: what it says of its body is signed, and that the
    /// body is so must be found out when it comes.
    ///
    /// # Errors
    /// As [`Self::verify`] and [`Self::declared_payload`].
    pub fn verify_head(
        &self,
        key: &SigningKey,
        now: Timestamp,
        rules: Rules,
    ) -> Result<DeclaredPayload, SigV4Error> {
        self.check_time(now, rules)?;
        let declared = self.declared_payload()?;
        if self.matches(key, self.declared_word()?, &["X-Amz-Signature"])?
            || self.is_presigned() && self.matches(key, UNSIGNED, &["X-Amz-Signature"])?
        {
            return Ok(declared);
        }
        Err(SigV4Error::Mismatch)
    }

    /// The signatures of the body's chunks, which go on from that of the request.
    pub fn chunk_signatures(&self, key: &SigningKey) -> ChunkSignatures {
        let scope = &self.authorization.credential.scope;
        let time = instant::basic(self.time);
        ChunkSignatures::new(key.clone(), time, scope, &self.authorization.signature)
    }

    fn matches(&self, key: &SigningKey, payload: &str, leave_out: &[&str]) -> Result<bool, SigV4Error> {
        // In the header form every parameter of the query is signed, whatever its name.
        let leave_out = if self.is_presigned() { leave_out } else { &[] };
        let text = canonical::string_to_sign(
            &self.request,
            &self.authorization.signed_headers,
            leave_out,
            payload,
            &self.authorization.credential.scope,
            &instant::basic(self.time),
        )?;
        Ok(key.verifies(&text, &self.authorization.signature))
    }

    /// The word that stands for the body in the canonical request: the header's if the client sent one, after
    /// comparing it with the body that came.
    fn signed_payload(&self, payload: PayloadHash, unsigned_allowed: bool) -> Result<String, SigV4Error> {
        let computed = payload.to_hex();
        match single(&self.request, "x-amz-content-sha256", "X-Amz-Content-Sha256")? {
            None => Ok(computed),
            Some(UNSIGNED) if unsigned_allowed => Ok(UNSIGNED.to_owned()),
            Some(UNSIGNED) => Err(SigV4Error::UnsignedPayload),
            Some(given) if given == computed => Ok(computed),
            Some(_) => Err(SigV4Error::ContentHash),
        }
    }

    fn check_scope_date(&self) -> Result<(), SigV4Error> {
        let time = instant::basic(self.time);
        let (scope, day) = (&self.credential().scope.date, &time[..8]);
        if scope == day {
            return Ok(());
        }
        Err(SigV4Error::ScopeDate {
            scope: excerpt(scope),
            day: day.to_owned(),
            time,
        })
    }

    fn check_signed_headers(&self) -> Result<(), SigV4Error> {
        let signed = |name: &str| self.signed_headers().iter().any(|signed| signed == name);
        if !signed("host") {
            return Err(SigV4Error::HostNotSigned);
        }
        // The date and the body's hash are part of what is signed anyhow. These two are not, and choose the
        // operation and the session.
        for name in ["x-amz-target", "x-amz-security-token"] {
            if self.request.header(name).next().is_some() && !signed(name) {
                return Err(SigV4Error::HeaderNotSigned(name));
            }
        }
        Ok(())
    }

    fn check_time(&self, now: Timestamp, rules: Rules) -> Result<(), SigV4Error> {
        let expires = self
            .authorization
            .presigned
            .as_ref()
            .map(|presigned| presigned.lifetime(rules.longest_life))
            .transpose()?;
        let window = rules.window;
        let life = expires.flatten().unwrap_or(window);
        // Whole seconds, for the client could not say more.
        let now = Timestamp::from_seconds(now.as_seconds());
        let (earliest, latest) = (now.minus(life), now.plus(window));
        if self.time < earliest {
            return Err(SigV4Error::Expired {
                signed: instant::basic(self.time),
                limit: instant::basic(earliest),
                now: instant::basic(now),
                allowance: allowance(life),
            });
        }
        if self.time > latest {
            return Err(SigV4Error::NotYetCurrent {
                signed: instant::basic(self.time),
                limit: instant::basic(latest),
                now: instant::basic(now),
                allowance: allowance(window),
            });
        }
        Ok(())
    }
}

impl Presigned {
    fn lifetime(&self, longest: u64) -> Result<Option<Duration>, SigV4Error> {
        let Some(text) = &self.expires else {
            return Ok(None);
        };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(seconds) if digits && seconds <= longest => Ok(Some(Duration::from_secs(seconds))),
            _ => Err(SigV4Error::Expires {
                given: excerpt(text),
                longest,
            }),
        }
    }
}

/// `X-Amz-Date` wherever the signature stands; in the header form `Date` will do instead.
fn signing_time(request: &Request<'_>, authorization: &Authorization) -> Result<Timestamp, SigV4Error> {
    let wrong = |text: &str| SigV4Error::Date(excerpt(text));
    if let Some(presigned) = &authorization.presigned {
        return instant::parse_basic(&presigned.date).ok_or_else(|| wrong(&presigned.date));
    }
    if let Some(text) = single(request, "x-amz-date", "X-Amz-Date")? {
        return instant::parse_basic(text).ok_or_else(|| wrong(text));
    }
    let text = single(request, "date", "Date")?.ok_or(SigV4Error::MissingDate)?;
    instant::parse_basic(text)
        .or_else(|| instant::parse_http(text))
        .ok_or_else(|| wrong(text))
}

fn session_token(request: &Request<'_>) -> Result<Option<String>, SigV4Error> {
    Ok(single(request, "x-amz-security-token", "X-Amz-Security-Token")?.map(str::to_owned))
}

/// The one value of a header. Two would leave it open which of them counts.
fn single<'a>(
    request: &Request<'a>,
    name: &str,
    called: &'static str,
) -> Result<Option<&'a str>, SigV4Error> {
    let mut values = request.header(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(SigV4Error::Repeated(called));
    }
    let text = std::str::from_utf8(value).map_err(|_| SigV4Error::Malformed(called.to_owned()))?;
    Ok(Some(text.trim_matches([' ', '\t'])))
}

fn allowance(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} min.", seconds / 60),
        seconds => format!("{seconds} s."),
    }
}
