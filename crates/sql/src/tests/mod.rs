//! The language's tests: cases in files, laws, and what a statement may cost.

mod cases;
