//! The words that every part of Thingsmith shares, in AWS's own terms: accounts and regions, ARNs, names,
//! certificate ids and times.
//!
//! A value of one of these types has been checked: whoever holds a [`ThingName`] holds 1 to 128 characters of
//! AWS's alphabet. Nothing here reads a clock, a socket or a store.

mod account;
mod arn;
mod certificate;
mod error;
mod iam_arn;
mod names;
mod realm;
mod secret;
mod timestamp;

pub use account::{Account, Region};
pub use arn::{Arn, Resource};
pub use certificate::{
    AutoRegistrationStatus, CaCertificateStatus, CertificateId, CertificateMode, CertificateStatus,
};
pub use error::ModelError;
pub use iam_arn::{IamArn, IamKind};
pub use names::{
    AttributeName, AttributeValue, BillingGroupName, PolicyName, TemplateName, ThingGroupName, ThingName,
    ThingTypeName,
};
pub use realm::Realm;
pub use secret::Secret;
pub use timestamp::Timestamp;
