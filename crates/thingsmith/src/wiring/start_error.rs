//! Why a server does not start.

/// Why a server does not start.
#[derive(Debug)]
pub enum StartError {
    /// It was told something that cannot be.
    Configuration(anyhow::Error),
    /// The world is not as it must be: a port is taken, the store is not there.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for StartError {
    fn from(cause: anyhow::Error) -> Self {
        Self::Failed(cause)
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configuration(cause) | Self::Failed(cause) => write!(f, "{cause:#}"),
        }
    }
}

impl std::error::Error for StartError {}
