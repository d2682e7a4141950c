//! Behaviour tests.

mod http;
