//! Decides arbitrary requests by arbitrary policy documents.
#![no_main]

#[path = "../bodies/policy.rs"]
mod policy;

libfuzzer_sys::fuzz_target!(|input: &[u8]| policy::evaluate(input));
