//! The policies of users and roles: those that stand in them, and managed ones that are attached.

mod attached;
mod inline;
pub mod rows;

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Hold};

pub use attached::{attach, detach, list_attached};
pub use inline::{delete_inline, inline, list_inline, put_inline};

use crate::realms::RealmRecord;
use crate::{Deeds, Fault, roles, users};

/// A user or role by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// A user.
    User(&'a str),
    /// A role.
    Role(&'a str),
}

/// A user or role that was found.
#[derive(Debug, Clone)]
pub struct Found {
    number: i64,
    is_user: bool,
    /// Its name, as it was given when it was made.
    pub name: String,
}

impl Holder<'_> {
    async fn find(self, deeds: &Deeds, realm: &RealmRecord) -> Result<Found, Fault> {
        Ok(match self {
            Self::User(name) => {
                let user = users::user(deeds, realm, name).await?;
                Found {
                    number: user.number,
                    is_user: true,
                    name: user.name,
                }
            }
            Self::Role(name) => {
                let role = roles::role(deeds, realm, name).await?;
                Found {
                    number: role.number,
                    is_user: false,
                    name: role.name,
                }
            }
        })
    }

    fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Role(_) => "role",
        }
    }
}

impl Found {
    /// Holds its row: always before a managed policy's, so that no two batches wait for each other.
    fn hold(&self, batch: &mut Batch, realm: Realm, hold: Hold) {
        if self.is_user {
            users::rows::hold(batch, realm, self.number, hold);
        } else {
            roles::rows::hold(batch, realm, self.number, hold);
        }
    }
}
