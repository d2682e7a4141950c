//! Amazon Resource Names of the `iot` service.

use std::fmt;
use std::str::FromStr;

use crate::{
    Account, BillingGroupName, CertificateId, ModelError, PolicyName, Region, ThingGroupName, ThingName,
    ThingTypeName,
};

/// An ARN of the `iot` service: `arn:aws:iot:REGION:ACCOUNT:RESOURCE`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arn {
    /// The region it names.
    pub region: Region,
    /// The account it names.
    pub account: Account,
    /// What it names there.
    pub resource: Resource,
}

/// What an ARN of the `iot` service names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// `thing/NAME`
    Thing(ThingName),
    /// `cert/ID`, a client certificate
    Certificate(CertificateId),
    /// `cacert/ID`, a CA certificate
    CaCertificate(CertificateId),
    /// `policy/NAME`
    Policy(PolicyName),
    /// `thingtype/NAME`
    ThingType(ThingTypeName),
    /// `thinggroup/NAME`
    ThingGroup(ThingGroupName),
    /// `billinggroup/NAME`
    BillingGroup(BillingGroupName),
    /// Any other `TYPE/NAME`, kept as it was written.
    Other(String),
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "arn:aws:iot:{}:{}:{}",
            self.region, self.account, self.resource
        )
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thing(name) => write!(f, "thing/{name}"),
            Self::Certificate(id) => write!(f, "cert/{id}"),
            Self::CaCertificate(id) => write!(f, "cacert/{id}"),
            Self::Policy(name) => write!(f, "policy/{name}"),
            Self::ThingType(name) => write!(f, "thingtype/{name}"),
            Self::ThingGroup(name) => write!(f, "thinggroup/{name}"),
            Self::BillingGroup(name) => write!(f, "billinggroup/{name}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl FromStr for Arn {
    type Err = ModelError;

    /// Reads an ARN of the `iot` service in the partition `aws`.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let wrong = || ModelError::form("an ARN of the form arn:aws:iot:REGION:ACCOUNT:TYPE/NAME", text);
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(wrong);
        if (next()?, next()?, next()?) != ("arn", "aws", "iot") {
            return Err(wrong());
        }
        let region = next()?.parse().map_err(|_| wrong())?;
        let account = next()?.parse().map_err(|_| wrong())?;
        Ok(Self {
            region,
            account,
            resource: next()?.parse()?,
        })
    }
}

impl FromStr for Resource {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let (kind, name) = text
            .split_once('/')
            .filter(|(kind, name)| !kind.is_empty() && !name.is_empty())
            .ok_or_else(|| ModelError::form("a resource of the form TYPE/NAME", text))?;
        Ok(match kind {
            "thing" => Self::Thing(name.parse()?),
            "cert" => Self::Certificate(name.parse()?),
            "cacert" => Self::CaCertificate(name.parse()?),
            "policy" => Self::Policy(name.parse()?),
            "thingtype" => Self::ThingType(name.parse()?),
            "thinggroup" => Self::ThingGroup(name.parse()?),
            "billinggroup" => Self::BillingGroup(name.parse()?),
            _ => Self::Other(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_is_written_as_it_was_read() {
        let id = "ab".repeat(32);
        for resource in [
            "thing/pump:1",
            &format!("cert/{id}"),
            &format!("cacert/{id}"),
            "policy/P=1",
            "thinggroup/a",
            "thingtype/a",
            "billinggroup/a",
            "rolealias/a",
            "x/y/z",
        ] {
            let text = format!("arn:aws:iot:us-east-1:123456789012:{resource}");
            assert_eq!(text.parse::<Arn>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for wrong in [
            "",
            "arn",
            "arn:aws:iot:us-east-1:123456789012",
            "arn:aws:iot:us-east-1:123456789012:thing",
            "arn:aws:iot:us-east-1:123456789012:cert/12",
            "arn:aws:s3:us-east-1:123456789012:thing/a",
            "arn:aws:iot:us-east-1:12345678901:thing/a",
            "arn:aws:iot::123456789012:thing/a",
        ] {
            assert!(wrong.parse::<Arn>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            if let Ok(arn) = text.parse::<Arn>() {
                prop_assert_eq!(arn.to_string().parse::<Arn>().unwrap(), arn);
            }
        }
    }
}
