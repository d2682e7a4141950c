//! Requests that no client of AWS's would send.
