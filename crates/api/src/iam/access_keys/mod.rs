//! Operations on the access keys of users.

mod create_access_key;
mod delete_access_key;
mod list_access_keys;
mod update_access_key;

pub use create_access_key::CreateAccessKey;
pub use delete_access_key::DeleteAccessKey;
pub use list_access_keys::ListAccessKeys;
pub use update_access_key::UpdateAccessKey;
