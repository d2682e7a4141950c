//! Reads arbitrary text as a statement of AWS IoT SQL and as a template.
#![no_main]

#[path = "../bodies/sql.rs"]
mod sql;

libfuzzer_sys::fuzz_target!(|input: &[u8]| sql::parse(input));
