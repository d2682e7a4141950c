//! What an operation of S3 knows of its surroundings.

use std::sync::Arc;

use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, objects};
use thingsmith_model::Region;
use thingsmith_policy::Verdict;
use thingsmith_ports::Owner;

use super::Keeper;
use super::asked::Asked;
use super::error::S3Error;
use super::kind::Kind;
use crate::auth::{self, Caller, RequestFacts, With};

/// What an operation knows of its surroundings.
#[derive(Clone, Copy)]
pub(super) struct Cx<'a> {
    pub(super) deeds: &'a Deeds,
    pub(super) caller: &'a Caller,
    pub(super) region: &'a Region,
    pub(super) facts: &'a RequestFacts<'a>,
    pub(super) asked: &'a Asked<'a>,
}

impl Cx<'_> {
    /// The bucket that is asked for.
    pub(super) fn bucket(&self) -> &str {
        self.asked.bucket.as_deref().unwrap_or_default()
    }

    /// The key that is asked for.
    pub(super) fn key(&self) -> &str {
        self.asked.key.as_deref().unwrap_or_default()
    }

    pub(super) fn objects(&self) -> &Keeper {
        self.deeds.objects()
    }

    /// Whose buckets are meant: the caller's account's in the region that was signed for.
    pub(super) fn owner(&self) -> Owner {
        Owner {
            account: self.caller.account.clone(),
            region: self.region.clone(),
        }
    }

    pub(super) async fn realm(&self) -> Result<Arc<RealmRecord>, S3Error> {
        Ok(self.deeds.realm(&self.caller.account, self.region).await?)
    }

    /// The ARN of what is asked for.
    pub(super) fn resource(&self, kind: Kind) -> String {
        match (kind, &self.asked.bucket, &self.asked.key) {
            (Kind::ListBuckets, ..) | (_, None, _) => "*".to_owned(),
            // Each object of the list is decided for itself.
            (_, Some(bucket), None) => format!("arn:aws:s3:::{bucket}"),
            (_, Some(bucket), Some(key)) => format!("arn:aws:s3:::{bucket}/{key}"),
        }
    }

    /// Decides whether the caller may have this operation.
    pub(super) fn authorize(&self, kind: Kind) -> Result<(), S3Error> {
        // Its objects are decided one by one.
        if kind == Kind::DeleteObjects {
            return Ok(());
        }
        self.may(kind.action(), &self.resource(kind))
    }

    /// Decides whether the caller may do an action to a resource.
    pub(super) fn may(&self, action: &str, resource: &str) -> Result<(), S3Error> {
        let mut values = Vec::new();
        // Service authorization reference, "Condition keys for Amazon S3".
        for (key, parameter) in [
            ("s3:prefix", "prefix"),
            ("s3:delimiter", "delimiter"),
            ("s3:max-keys", "max-keys"),
        ] {
            values.extend(self.asked.parameter(parameter).map(|value| (key, value)));
        }
        for (key, header) in [
            ("s3:x-amz-copy-source", "x-amz-copy-source"),
            ("s3:x-amz-metadata-directive", "x-amz-metadata-directive"),
            ("s3:if-match", "if-match"),
            ("s3:if-none-match", "if-none-match"),
        ] {
            values.extend(self.asked.header(header).map(|value| (key, value)));
        }
        let with = With {
            facts: self.facts,
            values: &values,
        };
        match self.caller.verdict(&with, action, resource) {
            Verdict::Allowed => Ok(()),
            verdict => Err(auth::refused(self.caller, action, resource, verdict).into()),
        }
    }

    /// Refuses buckets that are the service's own to everybody but its own sessions.
    pub(super) fn check_own(&self) -> Result<(), S3Error> {
        match objects::is_own(self.bucket()) && !self.caller.own {
            true => Err(S3Error::no_such_bucket()),
            false => Ok(()),
        }
    }
}
