//! Signature Version 2 in the query: the links that the AWS SDK for Python makes for S3 unless it is told otherwise (S3
//! developer guide, "Signing and Authenticating REST Requests", "Query String Request Authentication").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use thingsmith_model::Timestamp;

use crate::error::excerpt;
use crate::{Request, SigV4Error, query};

/// A link that says who made it, and until when it is good.
#[derive(Debug, Clone)]
pub struct LinkV2<'a> {
    request: Request<'a>,
    access_key_id: String,
    expires: i64,
    signature: String,
    session_token: Option<String>,
}

impl<'a> LinkV2<'a> {
    /// Reads the link of a request; nothing if it is none.
    ///
    /// # Errors
    /// What it lacks.
    pub fn parse(request: Request<'a>) -> Option<Result<Self, SigV4Error>> {
        let mut names = query::parameters(request.query()).map(|(name, _)| query::decode(name));
        names
            .any(|name| &*name == b"AWSAccessKeyId")
            .then(|| Self::read(request))
    }

    fn read(request: Request<'a>) -> Result<Self, SigV4Error> {
        let must = |name| one(&request, name)?.ok_or(SigV4Error::MissingParameter(name));
        if request.header("authorization").next().is_some() {
            return Err(SigV4Error::TwoMechanisms);
        }
        let access_key_id = must("AWSAccessKeyId")?;
        let expires = must("Expires")?;
        let seconds = expires.parse().ok().filter(|seconds| *seconds >= 0);
        if access_key_id.len() > 128 || access_key_id.contains(char::is_control) {
            return Err(SigV4Error::Credential(excerpt(&access_key_id)));
        }
        Ok(Self {
            access_key_id,
            expires: seconds.ok_or_else(|| SigV4Error::Date(excerpt(&expires)))?,
            signature: must("Signature")?,
            session_token: one(&request, "x-amz-security-token")?,
            request,
        })
    }

    /// Who claims to have made it.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The token of the session that made it.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.as_seconds() > self.expires
    }

    /// Verifies it. `bucket` is the one that the host names, where the path does not.
    ///
    /// # Errors
    /// [`SigV4Error::Mismatch`]
    pub fn verify(&self, secret: &str, bucket: Option<&str>) -> Result<(), SigV4Error> {
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(|_| SigV4Error::Mismatch)?;
        mac.update(&self.string_to_sign(bucket));
        let computed = STANDARD.encode(mac.finalize().into_bytes());
        match computed.as_bytes().ct_eq(self.signature.as_bytes()).into() {
            true => Ok(()),
            false => Err(SigV4Error::Mismatch),
        }
    }

    fn string_to_sign(&self, bucket: Option<&str>) -> Vec<u8> {
        let header = |name: &str| self.request.header(name).next().unwrap_or_default();
        let mut text = self.request.method.as_bytes().to_vec();
        for line in [header("content-md5"), header("content-type")] {
            text.push(b'\n');
            text.extend_from_slice(line);
        }
        text.extend(format!("\n{}\n", self.expires).bytes());
        let mut amz: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in self.request.headers {
            let name = name.to_ascii_lowercase();
            if !name.starts_with("x-amz-") {
                continue;
            }
            match amz.iter_mut().find(|(given, _)| *given == name) {
                Some((_, values)) => {
                    values.push(b',');
                    values.extend_from_slice(value.trim_ascii());
                }
                None => amz.push((name, value.trim_ascii().to_vec())),
            }
        }
        if let Some(token) = &self.session_token {
            amz.push(("x-amz-security-token".into(), token.clone().into_bytes()));
        }
        amz.sort();
        for (name, value) in amz {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend(value);
            text.push(b'\n');
        }
        if let Some(bucket) = bucket {
            text.push(b'/');
            text.extend_from_slice(bucket.as_bytes());
        }
        text.extend_from_slice(self.request.path());
        self.resource_parameters(&mut text);
        text
    }

    fn resource_parameters(&self, text: &mut Vec<u8>) {
        let mut parameters: Vec<(Vec<u8>, Vec<u8>, bool)> = query::parameters(self.request.query())
            .map(|(name, value)| {
                let valued = !value.is_empty();
                (
                    query::decode(name).into_owned(),
                    query::decode(value).into_owned(),
                    valued,
                )
            })
            .filter(|(name, _, _)| SIGNED_PARAMETERS.iter().any(|signed| signed.as_bytes() == name))
            .collect();
        parameters.sort();
        for (place, (name, value, valued)) in parameters.into_iter().enumerate() {
            text.push(if place == 0 { b'?' } else { b'&' });
            text.extend(name);
            if valued {
                text.push(b'=');
                text.extend(value);
            }
        }
    }
}

/// The one value of a parameter.
fn one(request: &Request<'_>, name: &'static str) -> Result<Option<String>, SigV4Error> {
    let mut values = query::parameters(request.query())
        .filter(|(given, _)| *query::decode(given) == *name.as_bytes())
        .map(|(_, value)| String::from_utf8_lossy(&query::decode(value)).into_owned());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(SigV4Error::Repeated(name)),
    }
}

/// The parameters that say what is done, and are signed.
const SIGNED_PARAMETERS: [&str; 33] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the developer guide.
    const TARGET: &str = "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn link(target: &str) -> Option<Result<LinkV2<'_>, SigV4Error>> {
        LinkV2::parse(Request {
            method: "GET",
            target: target.as_bytes(),
            headers: &[("Host", b"johnsmith.s3.us-west-1.amazonaws.com")],
        })
    }

    #[test]
    fn the_link_of_the_developer_guide_verifies() {
        let link = link(TARGET).unwrap().unwrap();
        assert_eq!(link.access_key_id(), "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(link.verify(SECRET, Some("johnsmith")), Ok(()));
        assert_eq!(link.verify(SECRET, Some("johnsmyth")), Err(SigV4Error::Mismatch));
        assert_eq!(link.verify(SECRET, None), Err(SigV4Error::Mismatch));
        assert_eq!(link.verify("other", Some("johnsmith")), Err(SigV4Error::Mismatch));
        assert!(!link.is_expired(Timestamp::from_seconds(1_175_139_620)));
        assert!(link.is_expired(Timestamp::from_seconds(1_175_139_621)));
    }

    #[test]
    fn a_link_that_lacks_something_is_refused() {
        assert!(link("/photos/puppy.jpg?Expires=1").is_none());
        for wrong in [
            "?AWSAccessKeyId=a",
            "?AWSAccessKeyId=a&Expires=1",
            "?AWSAccessKeyId=a&Expires=x&Signature=y",
        ] {
            assert!(link(wrong).unwrap().is_err(), "{wrong}");
        }
        assert!(matches!(
            link("/?AWSAccessKeyId=a&AWSAccessKeyId=b"),
            Some(Err(SigV4Error::Repeated(_)))
        ));
    }
}
