//! What a domain configuration says, and what of it can be had.

use serde::{Deserialize, Serialize};

use crate::realms::RealmRecord;
use crate::{Code, Fault};

/// What is kept of a domain configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The name as its account wrote it; none where one was made for it.
    pub customer_domain: Option<String>,
    /// The ARN of the server's certificate.
    pub server_certificate: Option<String>,
    /// The ARN of the certificate that proves the domain's ownership.
    pub validation_certificate: Option<String>,
    /// Whether a client may name another authorizer; none without an authorizer's configuration.
    pub authorizer_override: Option<bool>,
    /// Which TLS is spoken.
    pub security_policy: SecurityPolicy,
    /// What is spoken in it.
    pub speech: Speech,
    /// Whether anything was said about OCSP: it is never asked.
    pub ocsp_mentioned: bool,
}

/// AWS's predefined policies of TLS (guide, "Transport security").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecurityPolicy {
    /// TLS 1.3 alone.
    #[serde(rename = "IoTSecurityPolicy_TLS13_1_3_2022_10")]
    Tls13From13,
    /// TLS 1.2 and 1.3.
    #[default]
    #[serde(rename = "IoTSecurityPolicy_TLS13_1_2_2022_10")]
    Tls13From12,
    /// TLS 1.2 alone.
    #[serde(rename = "IoTSecurityPolicy_TLS12_1_2_2022_10")]
    Tls12From12,
    /// TLS 1.2 alone, with cipher suites of 2016.
    #[serde(rename = "IoTSecurityPolicy_TLS12_1_0_2016_01")]
    Tls12Of2016,
    /// TLS 1.2 alone, with cipher suites of 2015.
    #[serde(rename = "IoTSecurityPolicy_TLS12_1_0_2015_01")]
    Tls12Of2015,
}

/// Which versions of TLS are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersions {
    /// 1.2 alone.
    Tls12,
    /// 1.3 alone.
    Tls13,
    /// Both.
    Both,
}

impl SecurityPolicy {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Tls13From13, "IoTSecurityPolicy_TLS13_1_3_2022_10"),
        (Self::Tls13From12, "IoTSecurityPolicy_TLS13_1_2_2022_10"),
        (Self::Tls12From12, "IoTSecurityPolicy_TLS12_1_2_2022_10"),
        (Self::Tls12Of2016, "IoTSecurityPolicy_TLS12_1_0_2016_01"),
        (Self::Tls12Of2015, "IoTSecurityPolicy_TLS12_1_0_2015_01"),
    ];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(policy, _)| *policy == self)
            .map_or("", |(_, name)| *name)
    }

    /// What it lets be spoken.
    pub fn versions(self) -> TlsVersions {
        match self {
            Self::Tls13From13 => TlsVersions::Tls13,
            Self::Tls13From12 => TlsVersions::Both,
            Self::Tls12From12 | Self::Tls12Of2016 | Self::Tls12Of2015 => TlsVersions::Tls12,
        }
    }

    fn named(name: &str) -> Result<Self, Fault> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(policy, _)| *policy).ok_or_else(|| {
            Fault::invalid(format!(
                "tlsConfig.securityPolicy {name} is not a security policy of AWS IoT."
            ))
        })
    }
}

/// What is spoken at a name: how clients prove who they are, and in which protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speech {
    /// What port and ALPN say.
    #[default]
    Default,
    /// MQTT with a client certificate, on every port and without ALPN.
    Mqtt,
    /// HTTPS with a client certificate, on the ports of HTTPS and without ALPN.
    Https,
    /// HTTPS with a signature, on the ports of HTTPS.
    SignedHttps,
    /// MQTT in a WebSocket that begins with a signature, on the ports of HTTPS.
    SignedWebSocket,
}

impl Speech {
    /// AWS's `authenticationType` and `applicationProtocol`.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Default => ("DEFAULT", "DEFAULT"),
            Self::Mqtt => ("AWS_X509", "SECURE_MQTT"),
            Self::Https => ("AWS_X509", "HTTPS"),
            Self::SignedHttps => ("AWS_SIGV4", "HTTPS"),
            Self::SignedWebSocket => ("AWS_SIGV4", "MQTT_WSS"),
        }
    }

    fn named(authentication: &str, protocol: &str) -> Result<Self, Fault> {
        match (authentication, protocol) {
            ("DEFAULT", "DEFAULT") => Ok(Self::Default),
            ("AWS_X509", "SECURE_MQTT") => Ok(Self::Mqtt),
            ("AWS_X509", "HTTPS") => Ok(Self::Https),
            ("AWS_SIGV4", "HTTPS") => Ok(Self::SignedHttps),
            ("AWS_SIGV4", "MQTT_WSS") => Ok(Self::SignedWebSocket),
            // Guide, "Device communication protocols": what else goes together.
            ("CUSTOM_AUTH_X509" | "CUSTOM_AUTH", "SECURE_MQTT" | "HTTPS") | ("CUSTOM_AUTH", "MQTT_WSS") => {
                Err(later(&format!(
                    "authenticationType {authentication} with applicationProtocol {protocol}"
                )))
            }
            _ => Err(Fault::invalid(format!(
                "authenticationType {authentication} does not go with applicationProtocol {protocol}."
            ))),
        }
    }
}

/// What a request says of the settings that can be changed later; what it does not say stays.
#[derive(Debug, Clone, Default)]
pub struct Requested {
    /// `authorizerConfig`: the default authorizer's name, and whether a client may name another one.
    pub authorizer: Option<(Option<String>, Option<bool>)>,
    /// `tlsConfig`: the security policy's name.
    pub tls: Option<Option<String>>,
    /// `serverCertificateConfig.enableOCSPCheck`.
    pub ocsp_check: Option<bool>,
    /// Whether `serverCertificateConfig` is there.
    pub ocsp_mentioned: bool,
    /// Whether `serverCertificateConfig` names a function or a responder.
    pub ocsp_stapling: bool,
    /// `authenticationType`.
    pub authentication: Option<String>,
    /// `applicationProtocol`.
    pub protocol: Option<String>,
    /// `clientCertificateConfig.clientCertificateCallbackArn`.
    pub callback: Option<String>,
}

impl Requested {
    /// Writes what is asked for into `settings`.
    ///
    /// # Errors
    /// `InvalidRequestException` for what does not exist or does not go together, `NotImplementedException` for what this
    /// gateway cannot do: a door must not stand open otherwise than its owner believes.
    pub(super) fn apply(&self, settings: &mut Settings) -> Result<(), Fault> {
        if let Some((name, allow)) = &self.authorizer {
            if let Some(name) = name {
                return Err(Fault::invalid(format!(
                    "authorizerConfig.defaultAuthorizerName {name} names an authorizer that does not exist."
                )));
            }
            settings.authorizer_override = Some(allow.unwrap_or_default());
        }
        if let Some(name) = &self.tls {
            settings.security_policy = match name {
                Some(name) => SecurityPolicy::named(name)?,
                None => SecurityPolicy::default(),
            };
        }
        if self.ocsp_check == Some(true) || self.ocsp_stapling {
            return Err(later("OCSP stapling (serverCertificateConfig)"));
        }
        settings.ocsp_mentioned |= self.ocsp_mentioned;
        if self.callback.as_deref().is_some_and(|arn| !arn.is_empty()) {
            return Err(later("clientCertificateConfig.clientCertificateCallbackArn"));
        }
        if self.authentication.is_some() || self.protocol.is_some() {
            let (authentication, protocol) = settings.speech.names();
            settings.speech = Speech::named(
                self.authentication.as_deref().unwrap_or(authentication),
                self.protocol.as_deref().unwrap_or(protocol),
            )?;
        }
        Ok(())
    }

    /// Whether it speaks of TLS at most.
    pub(super) fn is_about_tls_alone(&self) -> bool {
        self.authorizer.is_none()
            && !self.ocsp_mentioned
            && self.authentication.is_none()
            && self.protocol.is_none()
            && self.callback.is_none()
    }
}

/// Refuses a certificate of ACM in another account or region, which AWS could not use either.
///
/// # Errors
/// `CertificateValidationException`
pub(super) fn check_certificate(realm: &RealmRecord, member: &str, arn: &str) -> Result<(), Fault> {
    // INVARIANT of the model's pattern: arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID
    let mut parts = arn.split(':').skip(3);
    if (parts.next(), parts.next()) == (Some(realm.region.as_str()), Some(realm.account.as_str())) {
        return Ok(());
    }
    Err(Fault::new(
        Code::CertificateValidation,
        format!(
            "{member} {arn} is not a certificate of account {} in region {}.",
            realm.account, realm.region
        ),
    ))
}

fn later(what: &str) -> Fault {
    Fault::new(Code::NotImplemented, format!("{what} is not implemented."))
}

#[cfg(test)]
mod tests {
    use super::SecurityPolicy;

    #[test]
    fn a_policys_name_is_the_one_it_is_kept_by() {
        for (policy, name) in SecurityPolicy::ALL {
            assert_eq!(serde_json::to_value(policy).unwrap(), name);
            assert_eq!(
                (policy.name(), SecurityPolicy::named(name).unwrap()),
                (name, policy)
            );
        }
    }
}
