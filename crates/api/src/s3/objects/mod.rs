//! Objects.

pub(super) mod conditions;
pub(super) mod copy_object;
pub(super) mod delete_object;
pub(super) mod delete_objects;
pub(super) mod get_object;
pub(super) mod get_object_tagging;
pub(super) mod head_object;
pub(super) mod headers;
pub(super) mod list_objects;
pub(super) mod put_object;
mod range;
