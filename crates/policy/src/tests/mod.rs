//! Tests of the language as a whole: cases in files, refusals, laws, and the corpora of the fuzz targets.

mod cases;
mod laws;
mod refusals;
mod speed;
