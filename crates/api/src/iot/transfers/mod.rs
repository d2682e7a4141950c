//! Operations that hand certificates from one account to another.

mod accept_certificate_transfer;
mod cancel_certificate_transfer;
mod list_outgoing_certificates;
mod reject_certificate_transfer;
mod transfer_certificate;

pub use accept_certificate_transfer::AcceptCertificateTransfer;
pub use cancel_certificate_transfer::CancelCertificateTransfer;
pub use list_outgoing_certificates::ListOutgoingCertificates;
pub use reject_certificate_transfer::RejectCertificateTransfer;
pub use transfer_certificate::TransferCertificate;
