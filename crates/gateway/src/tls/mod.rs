//! TLS with device certificates: one connection from its first byte to the caller's verdict.
//!
//! [`Permits`] bound how many strangers may shake hands at once, [`accept`] carries one handshake through, a
//! [`Door`] says what a listener shows and asks. Whether a certificate is registered, active or in time is the
//! verdict's business: the gate only proves that the client holds the key of the certificate it presents.

mod door;
mod gate;
mod hello;
mod permits;
mod spki;
mod stream;
mod verifier;
mod wire;

pub use door::{ClientCertificate, Door, DoorError, DoorSettings, Versions, server_certificate};
pub use gate::{Admitted, Limits, Presented, Reason, Refused, Stage, accept};
pub use hello::Hello;
pub use permits::{Crowded, Permit, Permits, Room};
pub use stream::AdmittedStream;
