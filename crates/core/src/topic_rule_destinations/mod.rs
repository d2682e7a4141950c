//! Destinations of topic rules: URLs whose owner has agreed that rules send messages there.
//!
//! A destination begins IN_PROGRESS: a token is sent to its URL, and whoever receives it there confirms by giving it back.
//! Only then do HTTP actions send anything below that URL.

mod change;
mod confirm;
mod create;
mod list;
pub mod rows;

use thingsmith_model::{Arn, Resource, Timestamp};

pub(crate) use change::confirmation_failed;
pub use change::{delete_destination, update_destination};
pub(crate) use confirm::Confirmation;
pub use confirm::confirm_destination;
pub use create::create_destination;
pub(crate) use create::provide;
pub use list::list_destinations;

use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

macro_rules! statuses {
    ($($(#[$doc:meta])* $status:ident => $name:literal,)*) => {
        /// How far a destination is, by AWS's `TopicRuleDestinationStatus`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Status { $($(#[$doc])* $status,)* }

        impl Status {
            /// AWS's name of it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$status => $name,)* }
            }

            /// The status of this name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$status),)* _ => None }
            }
        }
    };
}

statuses! {
    /// Confirmed, and rules send to it.
    Enabled => "ENABLED",
    /// A token was sent, or is about to be.
    InProgress => "IN_PROGRESS",
    /// Nothing is sent to it.
    Disabled => "DISABLED",
    /// The token could not be sent.
    Error => "ERROR",
}

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its number.
    pub number: i64,
    /// A UUID.
    pub id: String,
    /// Where the token is sent to, and what the URLs of actions begin with.
    pub confirmation_url: String,
    /// How far it is.
    pub status: Status,
    /// Why, if that needs words.
    pub status_reason: Option<String>,
    /// It was confirmed at some time.
    pub confirmed: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its status changed last.
    pub updated_at: Timestamp,
}

impl Destination {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> Arn {
        realm.arn(resource(&self.id))
    }
}

/// What the ARN of a destination ends in.
fn resource(id: &str) -> Resource {
    Resource::Other(format!("ruledestination/http/{id}"))
}

/// The destination of an ARN.
///
/// # Errors
/// `UnauthorizedException` when there is none in this realm: AWS does not tell whether it is missing or somebody else's.
pub async fn destination(deeds: &Deeds, realm: &RealmRecord, arn: &str) -> Result<Destination, Fault> {
    let denied = || {
        let shown: String = arn.chars().take(256).collect();
        Fault::new(
            Code::Unauthorized,
            format!("Access to topic rule destination '{shown}' was denied"),
        )
    };
    let named: Arn = arn.parse().map_err(|_| denied())?;
    let here = (&named.account, &named.region) == (&realm.account, &realm.region);
    let id = match &named.resource {
        Resource::Other(other) if here => other.strip_prefix("ruledestination/http/"),
        _ => None,
    };
    let found = match id {
        Some(id) => rows::find(deeds.store(), realm.realm, id).await?,
        None => None,
    };
    found.ok_or_else(denied)
}

/// The destination of a confirmation URL.
pub(crate) async fn by_url(
    deeds: &Deeds,
    realm: &RealmRecord,
    url: &str,
) -> Result<Option<Destination>, Fault> {
    Ok(rows::by_url(deeds.store(), realm.realm, &url_hash(url)).await?)
}

fn url_hash(url: &str) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, url.as_bytes())
        .as_ref()
        .to_vec()
}
