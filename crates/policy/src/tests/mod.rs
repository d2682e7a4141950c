//! Tests of the language as a whole: cases in files, refusals, and laws.

mod cases;
mod laws;
mod refusals;
mod speed;
