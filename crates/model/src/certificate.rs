//! The words of certificates: their id, status and mode.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// A certificate id: the SHA-256 of the certificate's DER, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId([u8; 32]);

impl CertificateId {
    /// The id with this SHA-256 value.
    pub const fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The 32 raw bytes, as the store keeps them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for CertificateId {
    type Err = ModelError;

    /// Reads 64 hex digits of either case. AWS's pattern also lets `0x` stand before them.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let wrong = || ModelError::form("a certificate id of 64 hexadecimal digits", text);
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(id))
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one piece: a certificate's id is written several times in each request and at each connection.
        let mut text = [0; 64];
        for (digits, byte) in text.as_chunks_mut().0.iter_mut().zip(self.0) {
            *digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The status of a client certificate (AWS's enum `CertificateStatus`). Only `ACTIVE` may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertificateStatus {
    /// May connect.
    Active,
    /// May not connect until it is made active.
    Inactive,
    /// May never connect again.
    Revoked,
    /// On its way to another account.
    PendingTransfer,
    /// A deprecated way to write inactive.
    RegisterInactive,
    /// Registered by a device's own first connection and not yet let in.
    PendingActivation,
}

impl CertificateStatus {
    /// AWS's spelling, which the store keeps as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
            Self::PendingTransfer => "PENDING_TRANSFER",
            Self::RegisterInactive => "REGISTER_INACTIVE",
            Self::PendingActivation => "PENDING_ACTIVATION",
        }
    }
}

impl FromStr for CertificateStatus {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        [
            Self::Active,
            Self::Inactive,
            Self::Revoked,
            Self::PendingTransfer,
            Self::RegisterInactive,
            Self::PendingActivation,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| ModelError::form("a certificate status", text))
    }
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a certificate finds its account (AWS's enum `CertificateMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertificateMode {
    /// The certificate belongs to one account in its region; a client need not send SNI.
    Default,
    /// The certificate may belong to several accounts; the SNI of the connection chooses.
    SniOnly,
}

impl CertificateMode {
    /// AWS's spelling, which the store keeps as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::SniOnly => "SNI_ONLY",
        }
    }
}

impl FromStr for CertificateMode {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        [Self::Default, Self::SniOnly]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| ModelError::form("a certificate mode", text))
    }
}

/// The status of a CA certificate (AWS's enum `CACertificateStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CaCertificateStatus {
    /// Certificates that it signed may be registered.
    Active,
    /// None may. Those that are registered keep working.
    Inactive,
}

impl CaCertificateStatus {
    /// AWS's spelling, which the store keeps as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl FromStr for CaCertificateStatus {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        [Self::Active, Self::Inactive]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| ModelError::form("a CA certificate status", text))
    }
}

/// Whether a device's certificate is registered when it first connects (AWS's enum `AutoRegistrationStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AutoRegistrationStatus {
    /// It is.
    Enable,
    /// It is not.
    Disable,
}

impl AutoRegistrationStatus {
    /// AWS's spelling, which the store keeps as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enable => "ENABLE",
            Self::Disable => "DISABLE",
        }
    }
}

impl FromStr for AutoRegistrationStatus {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        [Self::Enable, Self::Disable]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| ModelError::form("an auto registration status", text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_as_it_was_read() {
        let text = "00ff".repeat(16);
        let id: CertificateId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(text.to_uppercase().parse::<CertificateId>().unwrap(), id);
        assert_eq!(format!("0x{text}").parse::<CertificateId>().unwrap(), id);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for wrong in ["", "00", &"0g".repeat(32), &"00".repeat(33), &"é".repeat(32)] {
            assert!(wrong.parse::<CertificateId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_status_is_read_in_awss_spelling() {
        assert_eq!(
            "PENDING_ACTIVATION".parse(),
            Ok(CertificateStatus::PendingActivation)
        );
        assert!("active".parse::<CertificateStatus>().is_err());
        assert_eq!(
            serde_json::to_string(&CertificateMode::SniOnly).unwrap(),
            "\"SNI_ONLY\""
        );
    }
}
