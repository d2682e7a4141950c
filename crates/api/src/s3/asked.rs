//! What a request to S3 asks: the bucket and the key in its host and path, and its parameters.

use hyper::header::HOST;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use thingsmith_core::objects;

use super::error::S3Error;

/// What a request asks.
pub(super) struct Asked<'a> {
    pub(super) head: &'a Parts,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    parameters: Vec<(String, String)>,
}

impl<'a> Asked<'a> {
    pub(super) fn read(head: &'a Parts, domain: &str) -> Result<Self, S3Error> {
        let path = head.uri.path();
        let rest = path.strip_prefix('/').unwrap_or(path);
        let (bucket, key) = match bucket_of_host(head, domain) {
            Some(bucket) => (Some(bucket), rest),
            None => {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                let bucket = decoded(bucket)?;
                ((!bucket.is_empty()).then_some(bucket), key)
            }
        };
        let key = decoded(key)?;
        let mut parameters = Vec::new();
        for pair in head
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // As S3 has it, a plus sign in a parameter is a space.
            parameters.push((
                decoded(&name.replace('+', " "))?,
                decoded(&value.replace('+', " "))?,
            ));
        }
        Ok(Self {
            head,
            bucket,
            key: (!key.is_empty()).then_some(key),
            parameters,
        })
    }

    /// The value of a parameter, empty if it has none.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(given, _)| given == name)?;
        Some(&found.1)
    }

    /// The names of the parameters.
    pub(super) fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|(name, _)| name.as_str())
    }

    /// The text of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The number of a parameter within bounds.
    pub(super) fn number(&self, name: &'static str, usual: usize, most: usize) -> Result<usize, S3Error> {
        match self.parameter(name) {
            None => Ok(usual),
            Some(text) => text.parse().map(|number: usize| number.min(most)).map_err(|_| {
                S3Error::argument(format!("Provided {name} not an integer or within integer range"))
            }),
        }
    }
}

/// The bucket that a host such as `my-bucket.localhost:4566` names.
pub(super) fn bucket_of_host(head: &Parts, domain: &str) -> Option<String> {
    let host = head.headers.get(HOST)?.to_str().ok()?;
    let name = host
        .split_once(':')
        .map_or(host, |(name, _)| name)
        .to_ascii_lowercase();
    let bucket = [domain, "localhost"]
        .into_iter()
        .find_map(|domain| name.strip_suffix(domain)?.strip_suffix('.'))?;
    // `s3.localhost` is the service.
    let bucket = bucket.strip_suffix(".s3").unwrap_or(bucket);
    (bucket != "s3" && objects::check_bucket(bucket).is_ok()).then(|| bucket.to_owned())
}

fn decoded(text: &str) -> Result<String, S3Error> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| S3Error::new("InvalidURI", 400, "Couldn't parse the specified URI."))
}
