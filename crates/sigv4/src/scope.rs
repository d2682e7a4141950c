//! Whose key signed, and for which day, region and service.

use std::fmt;

use crate::SigV4Error;
use crate::error::excerpt;

/// What a signing key is good for: one day, one region, one service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The day in UTC, `YYYYMMDD`.
    pub date: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The service's signing name, such as `iotdata`.
    pub service: String,
}

impl Scope {
    /// Checks that the signature is for this region and for one of these services (several, because clients
    /// sign MQTT over WebSocket as `iotdevicegateway` or as `iotdata`).
    ///
    /// # Errors
    /// [`SigV4Error::Region`] and [`SigV4Error::Service`], in this order.
    pub fn check(&self, region: &str, services: &[&str]) -> Result<(), SigV4Error> {
        if self.region != region {
            return Err(SigV4Error::Region(self.region.clone()));
        }
        if !services.contains(&self.service.as_str()) {
            let expected = services.first().copied().unwrap_or_default().to_owned();
            return Err(SigV4Error::Service { expected });
        }
        Ok(())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// An access key id and the scope it signed for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Credential {
    /// The access key id, the public half of an access key.
    pub access_key_id: String,
    /// What the signature is good for.
    pub scope: Scope,
}

impl Credential {
    /// Reads `KEY/DATE/REGION/SERVICE/aws4_request`.
    pub(crate) fn parse(text: &str) -> Result<Self, SigV4Error> {
        let wrong = || SigV4Error::Credential(excerpt(text));
        let mut parts = text.split('/');
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or_else(wrong);
        let (access_key_id, date, region, service, terminator) =
            (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() || text.len() > MAXIMUM_LENGTH || text.contains(char::is_control) {
            return Err(wrong());
        }
        if terminator != "aws4_request" {
            return Err(SigV4Error::Terminator(excerpt(terminator)));
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            scope: Scope {
                date: date.to_owned(),
                region: region.to_owned(),
                service: service.to_owned(),
            },
        })
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.access_key_id, self.scope)
    }
}

/// Access key ids have at most 128 characters (IAM's API), the rest is far shorter.
const MAXIMUM_LENGTH: usize = 512;
