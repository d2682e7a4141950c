//! What the server keeps and how it ends and begins, by the real program and the real engines.

mod bulk;
mod claims;
mod cluster;
mod full_disk;
mod just_in_time;
mod killed;
mod messages;
mod settings;
mod starting;
mod stopping;
mod syncs;
