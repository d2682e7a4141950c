//! The device gateway: where devices knock.
//!
//! [`tls`] is the first half of it: it reads a client's hello, shows the right server certificate, has the client
//! prove possession of its key, asks the caller's verdict and hands over the stream. It knows no registry and no
//! protocol above TLS.

#![forbid(unsafe_code)]

pub mod tls;
