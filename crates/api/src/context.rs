//! What an operation knows of its surroundings.

use std::sync::Arc;

use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, Fault};
use thingsmith_model::{Arn, Region, Resource};
use uuid::Uuid;

use crate::Config;
use crate::auth::{Caller, RequestFacts};

/// What an operation knows of its surroundings.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The deeds.
    pub deeds: &'a Deeds,
    /// The edge's settings.
    pub config: &'a Config,
    /// Who calls.
    pub caller: &'a Caller,
    /// The region that the caller signed for.
    pub region: &'a Region,
    /// The id that the answer to this request bears.
    pub request_id: Uuid,
    /// What policies can ask about the request, for operations that decide about more than their own action.
    pub(crate) facts: &'a RequestFacts<'a>,
}

impl Context<'_> {
    /// The realm of the caller's account in this region, made when it is first used. Operations ask for it after the
    /// caller's permission was decided, so that nobody without any makes realms.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn realm(&self) -> Result<Arc<RealmRecord>, Fault> {
        Ok(self.deeds.realm(&self.caller.account, self.region).await?)
    }

    /// The ARN of a resource of the caller's realm.
    pub fn arn(&self, resource: Resource) -> String {
        let (region, account) = (self.region.clone(), self.caller.account.clone());
        Arn {
            region,
            account,
            resource,
        }
        .to_string()
    }
}
