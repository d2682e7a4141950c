//! Reads arbitrary payloads of fleet provisioning, as JSON and as CBOR.
#![no_main]

#[path = "../bodies/fleet_payload.rs"]
mod fleet_payload;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fleet_payload::read(input));
