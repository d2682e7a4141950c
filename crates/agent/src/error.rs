//! Why a device did not get what it wanted.

use std::io;
use std::path::PathBuf;

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
    /// The server ended the handshake with a TLS alert.
    #[error("the server ended the handshake: {0}")]
    Alert(String),
    /// The server said that it closes the connection (MQTT 5).
    #[error("the server closed the connection: {0:?}")]
    Disconnected(ReasonCode),
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The server said no to CONNECT.
    #[error("the server refused the connection: {0:?}")]
    Refused(ReasonCode),
    /// The server said no to a subscription.
    #[error("the server refused the subscription to {0}")]
    SubscriptionRefused(String),
    /// The server said no to a message (MQTT 5; in MQTT 3.1.1 it closes).
    #[error("the server refused the message on {topic}: {code:?}")]
    PublishRefused {
        /// Where it was to go.
        topic: String,
        /// What the server said.
        code: ReasonCode,
    },
    /// A topic or a packet breaks the rules of MQTT.
    #[error(transparent)]
    Mqtt(#[from] MqttError),
    /// The server sent what it may not send now.
    #[error("the server sent an unexpected packet")]
    Unexpected,
    /// No template can have this name.
    #[error("{0:?} is not the name of a provisioning template: letters, digits, _ and -, at most 36")]
    Template(String),
    /// An answer of the provisioning topics cannot be read.
    #[error("the answer on {topic} cannot be read: {cause}")]
    Answer {
        /// Where it came.
        topic: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The server said no to a request of the provisioning topics.
    #[error("{operation} was rejected with {status} {code}: {message}")]
    Rejected {
        /// What was asked for.
        operation: &'static str,
        /// The status, as HTTP has it.
        status: u16,
        /// A word for programs.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// A file of the device cannot be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        cause: io::Error,
    },
    /// What a file of the device says makes no sense.
    #[error("{path} is damaged: {cause}", path = path.display())]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Another process changes the device's identity at this moment.
    #[error("another process is changing the identity in {}", .0.display())]
    Busy(PathBuf),
    /// The device has no identity yet.
    #[error("there is no identity in {}", .0.display())]
    NoIdentity(PathBuf),
    /// What was asked for lacks something that only its caller knows.
    #[error("{0}")]
    Incomplete(&'static str),
}

impl AgentError {
    /// Whether the server refused, as it does a certificate that it does not know yet or any more, or an action that no
    /// policy allows.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Closed
                | Self::Alert(_)
                | Self::Disconnected(_)
                | Self::Refused(_)
                | Self::SubscriptionRefused(_)
                | Self::PublishRefused { .. }
        )
    }

    /// Whether the same may work a little later, though nobody changes anything: the network, a busy server.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connection(cause) => cause.kind() != io::ErrorKind::InvalidData,
            Self::TimedOut => true,
            Self::Disconnected(code) | Self::Refused(code) => matches!(
                code,
                ReasonCode::ServerUnavailable
                    | ReasonCode::ServerBusy
                    | ReasonCode::ServerShuttingDown
                    | ReasonCode::QuotaExceeded
                    | ReasonCode::ConnectionRateExceeded
            ),
            Self::Rejected { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}
