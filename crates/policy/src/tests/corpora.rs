//! Replays the corpora of the fuzz targets, so that what a fuzzer once found stays found without one.
