//! The gate before real clients: rustls, openssl, mosquitto and Python, in TLS 1.2 and 1.3.

mod bounds;
mod clients;
mod doors;
mod matrix;
mod server;
mod verdict;
