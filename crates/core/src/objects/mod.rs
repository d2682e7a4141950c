//! Buckets and their objects, as the deeds use them: links that let somebody else read one object, buckets of the service's
//! own, and uploads in parts.
//!
//! What is kept of them is kept by [`Objects`](thingsmith_ports::Objects); nothing of it stands in the store.

mod links;
mod names;
pub mod uploads;

pub use links::{LONGEST_LINK, presign_get};
pub use names::{check_bucket, check_key};

use thingsmith_ports::Owner;

use crate::realms::RealmRecord;

/// The realm as the owner of buckets.
pub fn owner(realm: &RealmRecord) -> Owner {
    Owner {
        account: realm.account.clone(),
        region: realm.region.clone(),
    }
}

/// The realm's bucket for reports that the service writes. Customers reach it through links alone: no bucket of theirs can have
/// such a name, since it begins with a dot. Whoever writes the first report makes it
/// ([`create_bucket`](thingsmith_ports::Objects::create_bucket), which leaves one that is there as it is).
pub fn reports_bucket(realm: &RealmRecord) -> String {
    format!(".reports.{}.{}", realm.account, realm.region)
}

/// Whether a bucket is the service's own.
pub fn is_own(bucket: &str) -> bool {
    bucket.starts_with('.')
}
