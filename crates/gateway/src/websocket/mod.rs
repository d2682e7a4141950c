//! WebSockets (RFC 6455) as MQTT uses them (MQTT 5, 6): binary frames whose payloads are one stream of bytes.
//!
//! The server's side alone, without extensions. Nothing is gathered: what comes is unmasked where it was read, so that
//! neither a frame nor a message takes memory, however long it says it is.

mod frame;
mod handshake;
mod stream;

pub use frame::{Decoder, FrameError, Heard, MESSAGE_BYTES};
pub(crate) use handshake::{NoHandshake, Offer};
pub use stream::WebSocket;
