//! What of a connection a thing type can propagate.

use std::str::FromStr;

/// An attribute of the connection that a propagating attribute may name (CloudFormation's `AWS::IoT::ThingType`; the API
/// itself lists no values).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionAttribute {
    /// `iot:ClientId`.
    ClientId,
    /// `iot:Thing.ThingName`, the thing that the connection is associated with.
    ThingName,
}

impl FromStr for ConnectionAttribute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "iot:ClientId" => Ok(Self::ClientId),
            "iot:Thing.ThingName" => Ok(Self::ThingName),
            other => Err(format!(
                "The connectionAttribute {other} is neither iot:ClientId nor iot:Thing.ThingName."
            )),
        }
    }
}
