//! The deeds and the SQL under them, on every engine. PostgreSQL takes part when `THINGSMITH_TEST_POSTGRES` names a
//! server.

#![expect(clippy::unwrap_used, reason = "test code")]

mod authority;
mod bulk;
mod fleet;
mod messages;
mod objects;
mod pages;
mod plans;
mod principals;
mod races;
mod refusals;
mod rows;
mod stores;
mod troubles;
