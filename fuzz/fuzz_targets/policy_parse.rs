//! Reads arbitrary text as a policy document.
#![no_main]

#[path = "../bodies/policy.rs"]
mod policy;

libfuzzer_sys::fuzz_target!(|input: &[u8]| policy::parse(input));
