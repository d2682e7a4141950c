//! The buckets of all realms within one bucket of the other server: what is where.
//!
//! - `names/NAME` says whose a bucket is. It is put on the condition that there is none, so that of two who make a bucket at
//!   once one has it.
//! - `buckets/ACCOUNT/REGION/NAME` stands for a bucket in the list of its owner's, and is as old as it.
//! - `objects/ACCOUNT/REGION/NAME/KEY` is an object. Its owner stands in its name, so that whoever makes a bucket whose name
//!   another owner gave up finds nothing of it.

use serde::{Deserialize, Serialize};
use thingsmith_model::{Account, Region};
use thingsmith_ports::Owner;

/// What `names/NAME` holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claim {
    account: Account,
    region: Region,
}

impl Claim {
    pub(crate) fn of(owner: &Owner) -> Self {
        Self {
            account: owner.account.clone(),
            region: owner.region.clone(),
        }
    }

    pub(crate) fn into_owner(self) -> Owner {
        Owner {
            account: self.account,
            region: self.region,
        }
    }
}

/// The folders, and so all that is ever deleted at once.
pub(crate) const FOLDERS: [&str; 3] = ["objects/", "buckets/", "names/"];

/// Where it stands whose a bucket is.
pub(crate) fn claim(bucket: &str) -> String {
    format!("names/{bucket}")
}

/// Below what an owner's buckets stand.
pub(crate) fn buckets(owner: &Owner) -> String {
    format!("buckets/{}/{}/", owner.account, owner.region)
}

/// Below what the objects of a bucket stand.
pub(crate) fn objects(owner: &Owner, bucket: &str) -> String {
    format!("objects/{}/{}/{bucket}/", owner.account, owner.region)
}
