//! Which reason code of MQTT 5 tells a client what it did, or what became of its connection (AWS, "MQTT 5 reason
//! codes").

use super::DisconnectReason;
use crate::{MqttError, ReasonCode};

impl MqttError {
    /// The reason code that tells a peer of MQTT 5 what it did wrong.
    pub fn reason_code(&self) -> ReasonCode {
        match self {
            Self::HeaderFlags { .. }
            | Self::RemainingLength
            | Self::LongLength
            | Self::PacketType(_)
            | Self::Truncated
            | Self::TrailingBytes(_)
            | Self::Utf8
            | Self::Nul
            | Self::ConnectFlags(_)
            | Self::ConnectAnswer { .. }
            | Self::Qos(_)
            | Self::DuplicateQos0
            | Self::SubscribeCode(_)
            | Self::PropertyType(_)
            | Self::ReasonCode { .. } => ReasonCode::MalformedPacket,
            Self::NotSupported(_)
            | Self::PropertyPlace(_)
            | Self::PropertyTwice(_)
            | Self::PropertyValue(_)
            | Self::NoTopic
            | Self::SubscriptionOptions(_)
            | Self::ZeroPacketId
            | Self::NoFilters(_)
            | Self::SessionExpiry
            | Self::Unexpected(_)
            | Self::ConnectTimeout(_) => ReasonCode::ProtocolError,
            // AWS's table has no Packet Too Large and no Message Rate Too High: those are quotas, too.
            Self::PacketTooLong { .. } | Self::TooManyUserProperties(_) | Self::TooManyFilters { .. } => {
                ReasonCode::QuotaExceeded
            }
            Self::TooLong { what, .. } => topic_code(what).unwrap_or(ReasonCode::QuotaExceeded),
            Self::Empty(what) | Self::Wildcard(what) | Self::TooDeep { what, .. } => {
                topic_code(what).unwrap_or(ReasonCode::MalformedPacket)
            }
            Self::Share => ReasonCode::TopicFilterInvalid,
            Self::TopicAlias(_) => ReasonCode::TopicAliasInvalid,
            Self::SubscriptionIdentifier => ReasonCode::SubscriptionIdentifiersNotSupported,
            Self::AuthenticationMethod => ReasonCode::BadAuthenticationMethod,
            Self::MaximumPacketSize(_) | Self::Answer => ReasonCode::UnspecifiedError,
            Self::ProtocolName | Self::ProtocolVersion => ReasonCode::UnsupportedProtocolVersion,
            Self::ClientId => ReasonCode::ClientIdentifierNotValid,
            Self::Qos2 => ReasonCode::QosNotSupported,
            Self::TooManyPending => ReasonCode::ReceiveMaximumExceeded,
            Self::KeepAlive(_) => ReasonCode::KeepAliveTimeout,
        }
    }
}

fn topic_code(what: &str) -> Option<ReasonCode> {
    match what {
        "a topic name" => Some(ReasonCode::TopicNameInvalid),
        "a topic filter" | "a share name" => Some(ReasonCode::TopicFilterInvalid),
        _ => None,
    }
}

impl DisconnectReason {
    /// The reason code of the DISCONNECT that tells an MQTT 5 client; none where there is nothing to tell or nobody to
    /// hear it.
    pub fn reason_code(self) -> Option<ReasonCode> {
        Some(match self {
            Self::ClientInitiatedDisconnect | Self::ConnectionLost => return None,
            Self::AuthError | Self::ForbiddenAccess => ReasonCode::NotAuthorized,
            Self::ClientError => ReasonCode::ProtocolError,
            Self::DuplicateClientId => ReasonCode::SessionTakenOver,
            Self::MqttKeepAliveTimeout => ReasonCode::KeepAliveTimeout,
            Self::ServerError => ReasonCode::UnspecifiedError,
            Self::ServerInitiatedDisconnect => ReasonCode::ServerShuttingDown,
            Self::Throttled => ReasonCode::QuotaExceeded,
            Self::ApiInitiatedDisconnect | Self::WebsocketTtlExpiration | Self::CustomAuthTtlExpiration => {
                ReasonCode::AdministrativeAction
            }
        })
    }
}
