//! Resolves arbitrary provisioning templates with arbitrary parameters.
#![no_main]

#[path = "../bodies/template.rs"]
mod template;

libfuzzer_sys::fuzz_target!(|input: &[u8]| template::resolve(input));
