//! Why a device did not get what it wanted.

use std::io;

use thingsmith_mqtt::{MqttError, ReasonCode};
use thiserror::Error;

/// Why a device did not get what it wanted.
#[derive(Debug, Error)]
pub enum AgentError {
    /// A key or a certificate cannot be used.
    #[error("the device's key or certificate cannot be used: {0}")]
    Identity(String),
    /// The server's name cannot be one.
    #[error("{0:?} is not a host name")]
    ServerName(String),
    /// There is no connection, or TLS failed.
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    /// The server closed the connection, which is how it refuses.
    #[error("the server closed the connection")]
    Closed,
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The server said no to CONNECT.
    #[error("the server refused the connection: {0:?}")]
    Refused(ReasonCode),
    /// The server said no to a subscription.
    #[error("the server refused the subscription to {0}")]
    SubscriptionRefused(String),
    /// A topic or a packet breaks the rules of MQTT.
    #[error(transparent)]
    Mqtt(#[from] MqttError),
    /// The server sent what it may not send now.
    #[error("the server sent an unexpected packet")]
    Unexpected,
}
