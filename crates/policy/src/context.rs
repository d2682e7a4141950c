//! The values of a request that a device makes through the gateway.

use std::borrow::Cow;

use crate::certificate::CertificateFacts;
use crate::variables::{IotKey, Key, Values, Variables};

/// What a gateway knows of a request. What it does not know stays `None`, and policies find it missing.
///
/// It only borrows: the facts are gathered once per connection, the context is made anew for each request.
#[derive(Debug, Clone, Copy, Default)]
pub struct IotContext<'a> {
    /// `iot:ClientId`; none over HTTP.
    pub client_id: Option<&'a str>,
    /// `aws:SourceIp`, as text.
    pub source_ip: Option<&'a str>,
    /// `iot:DomainName`: the name that the client asked for by SNI.
    pub domain_name: Option<&'a str>,
    /// The thing that the principal acts as; none if it is attached to none that answers to the client id.
    pub thing: Option<&'a ThingFacts>,
    /// `iot:Connection.Thing.IsAttached`; none over HTTP.
    pub is_attached: Option<bool>,
    /// The certificate presented.
    pub certificate: Option<&'a CertificateFacts>,
    /// `iot:ConnectAttributes`; present when the request is `iot:Connect`.
    pub connect_attributes: Option<ConnectAttributes>,
    /// `iot:LastWillTopic`: the ARN of the will's topic, where the client has a will.
    pub last_will_topic: Option<&'a str>,
    /// Other single values by name, such as `cognito-identity.amazonaws.com:sub`.
    pub others: &'a [(&'a str, &'a str)],
}

/// What policies can ask of a thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThingFacts {
    /// `iot:Connection.Thing.ThingName`.
    pub name: String,
    /// `iot:Connection.Thing.ThingTypeName`.
    pub thing_type: Option<String>,
    /// `iot:Connection.Thing.Attributes[NAME]`.
    pub attributes: Vec<(String, String)>,
}

/// The features that a CONNECT uses (AWS IoT guide, "Connect policy examples").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectAttributes {
    /// The session outlives the connection.
    pub persistent_connect: bool,
    /// There is a will.
    pub last_will: bool,
}

impl Variables for IotContext<'_> {
    fn values(&self, key: &Key) -> Values<'_> {
        match key.iot() {
            IotKey::ClientId => self.client_id.into(),
            IotKey::SourceIp => self.source_ip.into(),
            IotKey::DomainName => self.domain_name.into(),
            IotKey::ThingName => self.thing.map(|thing| thing.name.as_str()).into(),
            IotKey::ThingTypeName => self.thing.and_then(|thing| thing.thing_type.as_deref()).into(),
            IotKey::ThingAttribute(name) => self.thing.and_then(|thing| thing.attribute(name)).into(),
            IotKey::IsAttached => self
                .is_attached
                .map(|is| if is { "true" } else { "false" })
                .into(),
            IotKey::CertificateId => self.certificate.map(|certificate| certificate.id.as_str()).into(),
            IotKey::Certificate(key) => match self.certificate {
                Some(certificate) => certificate.values_of(*key),
                None => Values::Missing,
            },
            IotKey::ConnectAttributes => match self.connect_attributes {
                Some(attributes) => Values::Many(attributes.names()),
                None => Values::Missing,
            },
            IotKey::LastWillTopic => self.last_will_topic.into(),
            IotKey::Other => {
                let found = self
                    .others
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(key.as_str()));
                found.map_or(Values::Missing, |(_, value)| Values::One(Cow::Borrowed(value)))
            }
        }
    }
}

impl ThingFacts {
    fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl ConnectAttributes {
    fn names(self) -> Vec<&'static str> {
        let uses = [
            (self.persistent_connect, "PersistentConnect"),
            (self.last_will, "LastWill"),
        ];
        uses.into_iter()
            .filter_map(|(uses, name)| uses.then_some(name))
            .collect()
    }
}
