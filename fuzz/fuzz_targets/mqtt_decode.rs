#![no_main]

#[path = "../../crates/mqtt/tests/surfaces/decode.rs"]
mod decode;

libfuzzer_sys::fuzz_target!(|data: &[u8]| decode::check(data));
