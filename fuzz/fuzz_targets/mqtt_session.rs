#![no_main]

#[path = "../../crates/mqtt/tests/surfaces/session.rs"]
mod session;

libfuzzer_sys::fuzz_target!(|data: &[u8]| session::check(data));
