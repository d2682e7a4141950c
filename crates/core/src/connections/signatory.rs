//! Somebody who signed with an access key instead of showing a certificate: a user, a session of a role, the administrator.
//!
//! IAM policies decide for it, those of its key's holder, and none of the registry. It has no certificate and no thing, so
//! that variables of theirs have no value.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::{Secret, Timestamp};
use thingsmith_policy::{IotContext, Key, Values, Variables};
use thingsmith_ports::StoreError;
use thingsmith_sigv4::SigV4Error;
use thiserror::Error;

use crate::Deeds;
use crate::callers::{AccessKeys, Caller, Claim, ClaimError, RequestFacts};
use crate::outbox::Change;
use crate::realms::RealmRecord;

/// How long a connection lasts that was opened with a signature (guide, "Device communication protocols": up to 24 hours).
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// The names that clients sign with for the data endpoint: that of the guide, that of the API `iot-data`, and the control
/// plane's, which older ones use.
const SERVICES: [&str; 3] = ["iotdevicegateway", "iotdata", "iot"];

/// Somebody who signed with an access key, and proved it.
#[derive(Clone)]
pub struct Signatory {
    realm: Arc<RealmRecord>,
    keys: Arc<AccessKeys>,
    caller: Arc<Caller>,
    session_token: Option<Arc<Secret<String>>>,
    user_agent: Option<Arc<str>>,
    ends_at: Timestamp,
}

/// Why a signature is of no use where it came. The texts are what the client reads.
#[derive(Debug, Error)]
pub enum SignatoryError {
    /// It is not what it must be, or its key is nobody's.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The server name leads to another account than the key's.
    #[error("The security token included in the request is invalid.")]
    OtherAccount {
        /// Whose key it is.
        arn: String,
    },
}

impl From<SigV4Error> for SignatoryError {
    fn from(error: SigV4Error) -> Self {
        Self::Claim(error.into())
    }
}

impl From<StoreError> for SignatoryError {
    fn from(error: StoreError) -> Self {
        Self::Claim(ClaimError::Failed(error.into()))
    }
}

impl Signatory {
    /// Proves a claim whose request had this body. `realm` is where the client's server name leads; without one the
    /// signature itself chooses.
    ///
    /// # Errors
    /// [`SignatoryError`]
    pub async fn prove(
        deeds: &Deeds,
        keys: &Arc<AccessKeys>,
        claim: &Claim<'_>,
        body: &[u8],
        realm: Option<&Arc<RealmRecord>>,
        user_agent: Option<&str>,
    ) -> Result<Self, SignatoryError> {
        let now = deeds.clock().now();
        let scope = &claim.signed().credential().scope;
        let region = realm.map_or(claim.region().as_str(), |realm| realm.region.as_str());
        scope.check(region, &SERVICES)?;
        let caller = claim.prove(keys, body, now)?;
        let realm = match realm {
            Some(realm) if realm.account == caller.account => Arc::clone(realm),
            Some(_) => {
                let arn = caller.arn.clone();
                return Err(SignatoryError::OtherAccount { arn });
            }
            None => deeds.realm(&caller.account, claim.region()).await?,
        };
        let token = claim.signed().session_token();
        Ok(Self {
            realm,
            keys: Arc::clone(keys),
            caller,
            session_token: token.map(|token| Arc::new(Secret::new(token.to_owned()))),
            user_agent: user_agent.map(Arc::from),
            ends_at: now.plus(LIFE),
        })
    }

    /// The realm it acts in.
    pub fn realm(&self) -> &Arc<RealmRecord> {
        &self.realm
    }

    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// When its connection ends at the latest.
    pub(super) fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// Reads what its key is worth now; nothing when it is worth nothing any more.
    pub(super) async fn read(&self, deeds: &Deeds) -> Result<Option<Standing>, StoreError> {
        let token = self
            .session_token
            .as_ref()
            .map(|token| token.expose_secret().as_str());
        let found = self
            .keys
            .find_anew(deeds, &self.caller.access_key_id, token)
            .await;
        match found {
            Ok(found) if found.caller.arn == self.caller.arn => Ok(Some(Standing {
                read_from: found.read_from().iter().copied().map(Change::Identity).collect(),
                expires_at: found.expires_at(),
                caller: found.caller,
            })),
            // A key that was deleted is anybody's on a development server, and not this one's.
            Ok(_) | Err(ClaimError::UnknownKey | ClaimError::ExpiredToken | ClaimError::Signature(_)) => {
                Ok(None)
            }
            Err(ClaimError::Failed(fault)) => Err(StoreError::other(fault)),
        }
    }

    /// What policies see of a request of its.
    pub(super) fn context<'a>(
        &'a self,
        caller: &'a Caller,
        source: IpAddr,
        now: Timestamp,
        iot: IotContext<'a>,
    ) -> SignatoryContext<'a> {
        let facts = RequestFacts {
            caller,
            region: self.realm.region.as_str(),
            source,
            secure: true,
            user_agent: self.user_agent.as_deref(),
            now,
        };
        SignatoryContext { facts, iot }
    }
}

/// What a signatory's key is worth.
pub(super) struct Standing {
    pub(super) caller: Arc<Caller>,
    /// When its session ends.
    pub(super) expires_at: Option<Timestamp>,
    /// The objects that this was read from.
    pub(super) read_from: Vec<Change>,
}

/// What IAM policies see of a request at the gateway: what they see of any request, and what a connection has besides.
pub(super) struct SignatoryContext<'a> {
    facts: RequestFacts<'a>,
    iot: IotContext<'a>,
}

impl Variables for SignatoryContext<'_> {
    fn values(&self, key: &Key) -> Values<'_> {
        match self.facts.values(key) {
            Values::Missing => self.iot.values(key),
            found => found,
        }
    }
}
