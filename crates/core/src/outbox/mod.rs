//! What gateways must hear of.
//!
//! A batch that changes what a gateway caches adds one row here that names the changed object. Gateways read the rows
//! of the last seconds again and again, because commits appear out of order; whatever they do with a change must
//! be harmless when done twice.

mod follow;
pub mod rows;

pub use follow::follow;

use std::time::Duration;

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, StoreError};

use crate::{Deeds, clients};

/// How long a change stays readable: far longer than any gateway that still answers is behind.
const KEEP: Duration = Duration::from_secs(15 * 60);

/// A change that gateways act on. The number is the changed object's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// A certificate's status, its policies or its things.
    Certificate(i64),
    /// A thing's attributes, its certificates, its groups, or that it is.
    Thing(i64),
    /// A policy's default version.
    Policy(i64),
    /// A thing group's policies, or that it is: of interest to every connection whose thing is in it or in a group below
    /// it. (A thing that joins or leaves a group is a change of the thing.)
    ThingGroup(i64),
    /// A thing type's propagating attributes.
    ThingType(i64),
    /// A topic rule: every node carries it out.
    TopicRule(i64),
    /// What no gateway knows of: the row is a mark alone.
    Unseen(i64),
    /// A CA certificate's status or auto registration.
    CaCertificate(i64),
    /// What a function is, or who may call it. No device's connection depends on it.
    Function(i64),
    /// A provisioning template: of interest to the connections of claims that a trusted user was given for it.
    ProvisioningTemplate(i64),
    /// A question of a node about a client: no object, and of interest to the other nodes alone.
    Question(i64),
    /// What a user, a role or a managed policy of IAM permits. No device's connection depends on it.
    Identity(i64),
}

impl Change {
    fn kind(self) -> &'static str {
        match self {
            Self::Certificate(_) => "certificate",
            Self::Thing(_) => "thing",
            Self::Policy(_) => "policy",
            Self::ThingGroup(_) => "thing group",
            Self::ThingType(_) => "thing type",
            Self::TopicRule(_) => "topic rule",
            Self::Unseen(_) => "unseen",
            Self::CaCertificate(_) => "ca certificate",
            Self::Function(_) => "function",
            Self::ProvisioningTemplate(_) => "provisioning template",
            Self::Question(_) => "question",
            Self::Identity(_) => "identity",
        }
    }

    fn object(self) -> i64 {
        match self {
            Self::Certificate(number)
            | Self::Thing(number)
            | Self::Policy(number)
            | Self::ThingGroup(number)
            | Self::ThingType(number)
            | Self::TopicRule(number)
            | Self::Unseen(number)
            | Self::CaCertificate(number)
            | Self::Function(number)
            | Self::ProvisioningTemplate(number)
            | Self::Question(number)
            | Self::Identity(number) => number,
        }
    }

    fn from_parts(kind: &str, object: i64) -> Option<Self> {
        match kind {
            "certificate" => Some(Self::Certificate(object)),
            "thing" => Some(Self::Thing(object)),
            "policy" => Some(Self::Policy(object)),
            "thing group" => Some(Self::ThingGroup(object)),
            "thing type" => Some(Self::ThingType(object)),
            "topic rule" => Some(Self::TopicRule(object)),
            "unseen" => Some(Self::Unseen(object)),
            "ca certificate" => Some(Self::CaCertificate(object)),
            "function" => Some(Self::Function(object)),
            "provisioning template" => Some(Self::ProvisioningTemplate(object)),
            "question" => Some(Self::Question(object)),
            "identity" => Some(Self::Identity(object)),
            _ => None,
        }
    }
}

/// Where a change stands in the outbox. It stands there if and only if the batch that announced it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When its batch began.
    pub at: Timestamp,
    /// The row's number.
    pub number: i64,
}

/// A change as it was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// When the deed that made it began its batch, by its node's clock.
    pub at: Timestamp,
    /// The row's number, unique among the rows.
    pub number: i64,
    /// The realm of the object.
    pub realm: Realm,
    /// What changed.
    pub change: Change,
}

/// Deletes changes that every gateway has read long since, and what nodes asked each other. Doing it on every node at once is harmless.
///
/// # Errors
/// When the store fails; the next call makes it good.
pub async fn sweep(deeds: &Deeds) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    let now = deeds.clock().now();
    rows::delete_before(&mut batch, now.minus(KEEP));
    clients::sweep(&mut batch, now);
    deeds.store().write(batch).await.map(drop)
}
