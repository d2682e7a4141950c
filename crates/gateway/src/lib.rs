//! The device gateway: TLS with device certificates, and what devices speak over it.
//!
//! [`tls`] carries a client through its handshake to the verdict over its certificate; [`doors`] says which realm and
//! which server certificate a server name leads to; a `connection` then speaks MQTT with the client until one of the
//! two ends it. Who may do what is asked of the deeds, each time.

mod accepting;
mod connection;
pub mod doors;
mod gateway;
mod https;
mod refusal;
mod reserved;
pub mod tls;
pub mod websocket;

pub use connection::ConnectionRates;
pub use gateway::{Config, Gateway};
