//! Why connections end, in AWS's words.

/// The values of `disconnectReason` in AWS's lifecycle events ("Lifecycle events", connect and disconnect).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The client failed to authenticate, or authorization failed.
    AuthError,
    /// The client sent DISCONNECT.
    ClientInitiatedDisconnect,
    /// The client broke the protocol or sent what cannot be read.
    ClientError,
    /// The network closed the connection.
    ConnectionLost,
    /// Another connection uses the client id now.
    DuplicateClientId,
    /// The client may not do what it did, or may no longer be here.
    ForbiddenAccess,
    /// Nothing was heard for one and a half times the keep-alive.
    MqttKeepAliveTimeout,
    /// The server failed.
    ServerError,
    /// The server chose to, to shut down for instance.
    ServerInitiatedDisconnect,
    /// An operator called DeleteConnection.
    ApiInitiatedDisconnect,
    /// The client went over a limit.
    Throttled,
    /// The WebSocket was open for as long as one may be.
    WebsocketTtlExpiration,
    /// The time that a custom authorizer gave is over.
    CustomAuthTtlExpiration,
}

impl DisconnectReason {
    /// AWS's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthError => "AUTH_ERROR",
            Self::ClientInitiatedDisconnect => "CLIENT_INITIATED_DISCONNECT",
            Self::ClientError => "CLIENT_ERROR",
            Self::ConnectionLost => "CONNECTION_LOST",
            Self::DuplicateClientId => "DUPLICATE_CLIENTID",
            Self::ForbiddenAccess => "FORBIDDEN_ACCESS",
            Self::MqttKeepAliveTimeout => "MQTT_KEEP_ALIVE_TIMEOUT",
            Self::ServerError => "SERVER_ERROR",
            Self::ServerInitiatedDisconnect => "SERVER_INITIATED_DISCONNECT",
            Self::ApiInitiatedDisconnect => "API_INITIATED_DISCONNECT",
            Self::Throttled => "THROTTLED",
            Self::WebsocketTtlExpiration => "WEBSOCKET_TTL_EXPIRATION",
            Self::CustomAuthTtlExpiration => "CUSTOMAUTH_TTL_EXPIRATION",
        }
    }

    /// Whether the last will of a client that was connected is published. DeleteConnection can forbid it besides, and a
    /// DISCONNECT of MQTT 5 can ask for it.
    pub fn publishes_will(self) -> bool {
        self != Self::ClientInitiatedDisconnect
    }
}
