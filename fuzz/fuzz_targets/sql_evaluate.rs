//! Evaluates arbitrary statements over arbitrary messages.
#![no_main]

#[path = "../bodies/sql.rs"]
mod sql;

libfuzzer_sys::fuzz_target!(|input: &[u8]| sql::evaluate(input));
