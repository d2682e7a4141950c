//! Operations that register things by a template.

mod register_thing;

pub use register_thing::RegisterThing;
