//! Tests of the language as a whole: cases in files, and laws.

mod cases;
mod laws;
