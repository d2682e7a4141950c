//! The action `http`: what the statement selected is sent by POST to a confirmed URL.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use thingsmith_ports::{WebError, WebRequest};
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};
use thingsmith_sql::Version;

use super::super::index::Rule;
use super::super::offer::Offered;
use super::super::roles::SESSION;
use super::super::template::Template;
use super::Failure;
use crate::sessions::{self, NewSession};
use crate::topic_rule_destinations::{self as destinations, Status};
use crate::{Deeds, Fault, roles};

#[derive(Debug)]
pub(in super::super) struct Http {
    url: Template,
    confirmation_url: Option<Template>,
    headers: Vec<(Template, Template)>,
    sigv4: Option<SigV4>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    url: String,
    confirmation_url: Option<String>,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    auth: Auth,
    #[serde(default)]
    enable_batching: bool,
}

#[derive(Deserialize)]
struct Header {
    key: String,
    value: String,
}

#[derive(Default, Deserialize)]
struct Auth {
    sigv4: Option<SigV4>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigV4 {
    signing_region: String,
    service_name: String,
    role_arn: String,
}

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Tries in all, and only after 429 and 5xx (guide, "HTTP").
const TRIES: u32 = 3;
/// Pause before the second try; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(100);
/// Most bytes of an answer (the same place).
pub(in super::super) const ANSWER: usize = 16_384;
/// Headers that the request has of itself.
const OWN_HEADERS: [&str; 6] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "expect",
];

impl Http {
    pub(super) fn read(place: &str, settings: &Value, version: Version) -> Result<Self, Fault> {
        let settings: Settings = super::settings(place, settings)?;
        if settings.enable_batching {
            return Err(Fault::invalid(format!(
                "{place}.enableBatching: messages are not sent in batches by this server."
            )));
        }
        let url = Template::parse(&format!("{place}.url"), &settings.url, version)?;
        let confirmation_url = settings.confirmation_url.as_deref();
        let confirmation_url = confirmation_url
            .map(|text| Template::parse(&format!("{place}.confirmationUrl"), text, version))
            .transpose()?;
        if let Some(constant) = url.constant() {
            check_url(&format!("{place}.url"), constant)?;
        }
        match &confirmation_url {
            None if url.constant().is_none() => {
                return Err(Fault::invalid(format!(
                    "{place}.confirmationUrl is needed when the url has a substitution template."
                )));
            }
            // Of templates it is found out when both are known.
            Some(confirmation) => {
                if let Some(constant) = confirmation.constant() {
                    check_url(&format!("{place}.confirmationUrl"), constant)?;
                    if !settings.url.starts_with(constant) {
                        return Err(Fault::invalid(format!(
                            "{place}.url must begin with the confirmationUrl {constant}."
                        )));
                    }
                }
            }
            None => {}
        }
        let mut headers = Vec::with_capacity(settings.headers.len());
        for header in settings.headers {
            let key = Template::parse(&format!("{place}.headers.key"), &header.key, version)?;
            let value = Template::parse(&format!("{place}.headers.value"), &header.value, version)?;
            headers.push((key, value));
        }
        Ok(Self {
            url,
            confirmation_url,
            headers,
            sigv4: settings.auth.sigv4,
        })
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let headers = self.headers.iter().flat_map(|(key, value)| [key, value]);
        std::iter::once(&self.url)
            .chain(&self.confirmation_url)
            .chain(headers)
    }

    /// The URL to confirm, if it is known before any message comes.
    pub(super) fn confirmation_url(&self) -> Option<&str> {
        self.confirmation_url.as_ref().unwrap_or(&self.url).constant()
    }

    /// Sends it.
    pub(super) async fn run(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let url = self.url.text(deeds, offered, rule).await;
        let url = url.map_err(|message| Failure {
            resource: self.url.constant().unwrap_or_default().to_owned(),
            message,
        })?;
        self.send(deeds, offered, rule, &url, payload)
            .await
            .map_err(|message| Failure {
                resource: url,
                message,
            })
    }

    async fn send(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
        url: &str,
        payload: &[u8],
    ) -> Result<(), String> {
        check_url("url", url).map_err(|fault| fault.message)?;
        self.confirmed(deeds, offered, rule, url).await?;
        let mut headers = Vec::new();
        for (key, value) in &self.headers {
            let key = key.text(deeds, offered, rule).await?;
            let value = value.text(deeds, offered, rule).await?;
            check_header(&key, &value)?;
            headers.push((key, value));
        }
        if !headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case("content-type"))
        {
            let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_ok();
            let content_type = match is_json {
                true => "application/json",
                false => "application/octet-stream",
            };
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        if let Some(sigv4) = &self.sigv4 {
            headers.extend(sigv4.headers(deeds, offered, url, &headers, payload).await?);
        }
        let request = WebRequest {
            url: url.to_owned(),
            headers,
            body: Bytes::copy_from_slice(payload),
            timeout: TIMEOUT,
            answer_bytes: ANSWER,
        };
        let mut tries = 1;
        loop {
            match deeds.web().post(request.clone()).await {
                Ok(200..=299) => return Ok(()),
                Ok(429 | 500..=599) if tries < TRIES => tokio::time::sleep(PAUSE * tries).await,
                Ok(status) => return Err(format!("The server answered with the status {status}.")),
                Err(wrong @ WebError::NotAllowed(_)) => return Err(format!("{wrong}.")),
                Err(wrong) => return Err(format!("The request failed: {wrong}.")),
            }
            tries += 1;
        }
    }

    /// Whether the URL is below one that was confirmed, and rules may send to.
    async fn confirmed(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
        url: &str,
    ) -> Result<(), String> {
        let confirmation = match &self.confirmation_url {
            Some(template) => template.text(deeds, offered, rule).await?,
            None => url.to_owned(),
        };
        if !is_below(url, &confirmation) {
            return Err(format!(
                "The URL does not begin with the confirmation URL {confirmation}."
            ));
        }
        let found = destinations::by_url(deeds, &offered.realm, &confirmation).await;
        let found = found.map_err(|fault| fault.message)?;
        match found.map(|destination| destination.status) {
            Some(Status::Enabled) => Ok(()),
            Some(status) => Err(format!(
                "The topic rule destination of {confirmation} is {}, and must be ENABLED.",
                status.as_str()
            )),
            None => Err(format!("There is no topic rule destination of {confirmation}.")),
        }
    }
}

impl SigV4 {
    /// The headers of a signature with a new session of the role.
    async fn headers(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        url: &str,
        headers: &[(String, String)],
        payload: &[u8],
    ) -> Result<Vec<(String, String)>, String> {
        // It must be there still, and trust the service.
        let realm = &offered.realm;
        let assumed = deeds.rules().roles.assume(deeds, realm, &self.role_arn).await;
        assumed.map_err(|fault| fault.message)?;
        let found = roles::by_arn(deeds.store(), &self.role_arn).await;
        let (own, role) = found
            .map_err(|error| Fault::from(error).message)?
            .ok_or_else(|| format!("The role {} is not there.", self.role_arn))?;
        let new = NewSession {
            name: SESSION.to_owned(),
            ..NewSession::default()
        };
        let credentials = sessions::issue(deeds, &own, &role, new).await;
        let credentials = credentials.map_err(|fault| fault.message)?;
        let (authority, target) = split_url(url).ok_or("The URL cannot be signed.")?;
        let mut signed: Vec<(&str, &[u8])> = vec![("host", authority.as_bytes())];
        signed.extend(
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes())),
        );
        let request = Request {
            method: "POST",
            target: target.as_bytes(),
            headers: &signed,
        };
        let signer = Signer {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret,
            session_token: Some(credentials.session_token.expose_secret().clone()),
            region: self.signing_region.clone(),
            service: self.service_name.clone(),
        };
        let added = sign(&signer, &request, PayloadHash::of(payload), deeds.clock().now())
            .map_err(|wrong| format!("The request cannot be signed: {wrong}."))?;
        Ok(added
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }
}

/// Checks a URL as it is given in `member`.
///
/// # Errors
/// `InvalidRequestException`
pub(crate) fn check_url(member: &str, url: &str) -> Result<(), Fault> {
    let shown = || url.chars().take(256).collect::<String>();
    let wrong = |what: &str| Fault::invalid(format!("{member} {:?} {what}.", shown()));
    let Some((authority, _)) = split_url(url) else {
        return Err(wrong("is not a URL that begins with https:// (or http://)"));
    };
    if url.len() > 2000 || url.bytes().any(|byte| byte <= b' ' || byte == 127) || url.contains('#') {
        return Err(wrong("is too long for a URL, or has characters that none has"));
    }
    if authority.is_empty() || authority.contains('@') {
        return Err(wrong("names no host, or a user, which it must not"));
    }
    Ok(())
}

/// Authority and target of a URL of HTTP.
pub(in super::super) fn split_url(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    Some((authority, if target.is_empty() { "/" } else { target }))
}

/// Whether a URL begins with another, to the end of a part of it: a host must not become a longer one.
fn is_below(url: &str, prefix: &str) -> bool {
    let Some(rest) = url.strip_prefix(prefix) else {
        return false;
    };
    let in_path = split_url(prefix).is_some_and(|(authority, _)| {
        prefix.ends_with('/') || prefix.len() > "https://".len() + authority.len()
    });
    rest.is_empty() || in_path || rest.starts_with(['/', '?'])
}

fn check_header(key: &str, value: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if key.is_empty() || !key.bytes().all(is_token) {
        return Err(format!("The header {key:?} has a name that none can have."));
    }
    if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(key)) {
        return Err(format!("The header {key} is the request's own."));
    }
    if value
        .bytes()
        .any(|byte| byte < b' ' && byte != b'\t' || byte == 127)
    {
        return Err(format!("The header {key} has a value that none can have."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_below_its_confirmation_url_at_the_end_of_a_part() {
        assert!(is_below("https://a.example/x/y", "https://a.example/x"));
        assert!(is_below("https://a.example/x/y", "https://a.example"));
        assert!(is_below("https://a.example?x", "https://a.example"));
        assert!(is_below("https://a.example", "https://a.example"));
        for (url, prefix) in [
            ("https://a.example.evil", "https://a.example"),
            ("https://a.example:8080/", "https://a.example"),
            ("https://a.example@evil/", "https://a.example"),
            ("http://a.example/", "https://a.example/"),
        ] {
            assert!(!is_below(url, prefix), "{url}");
        }
    }

    #[test]
    fn a_url_has_a_host_and_nothing_odd() {
        for right in ["https://a.example", "http://[::1]:80/x?y=z"] {
            assert!(check_url("url", right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "ftp://a",
            "https://",
            "https:///x",
            "https://u@a/",
            "https://a/ b",
            "https://a/#b",
        ] {
            assert!(check_url("url", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_header_cannot_smuggle_another() {
        assert!(check_header("x-thing", "a b").is_ok());
        for (key, value) in [
            ("Host", "a"),
            ("x y", "a"),
            ("", "a"),
            ("x", "a\r\nb: c"),
            ("content-LENGTH", "1"),
        ] {
            assert!(check_header(key, value).is_err(), "{key} {value}");
        }
    }
}
