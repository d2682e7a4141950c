//! What a function that runs here needs: its code, and credentials of its role.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use thingsmith_model::Realm;
use thingsmith_policy::{Assuming, TrustPolicy, Verdict};
use thingsmith_ports::{Clock, FunctionCredentials, Random, Store, Supplies, SupplyError};

use super::{Function, SERVICE, rows};
use crate::acting::Service;
use crate::deeds::World;
use crate::layers::{self, LayerOfFunction};
use crate::sessions::{self, Issuer, NewSession};
use crate::{SealKey, roles};

/// The supplies of a function that was made through the API.
pub(super) struct OfFunction {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    seal: SealKey,
    realm: Realm,
    number: i64,
    name: String,
    code_sha256: Vec<u8>,
    layers: Vec<LayerOfFunction>,
    role_arn: String,
}

impl OfFunction {
    pub(super) fn new(world: &World, realm: Realm, function: &Function) -> Self {
        Self {
            store: Arc::clone(&world.store),
            clock: Arc::clone(&world.clock),
            random: Arc::clone(&world.random),
            seal: world.seal.clone(),
            realm,
            number: function.number,
            name: function.name.clone(),
            code_sha256: function.code_sha256.clone(),
            layers: function.layers.clone(),
            role_arn: function.role_arn.clone(),
        }
    }
}

#[async_trait]
impl Supplies for OfFunction {
    async fn code(&self) -> Result<Bytes, SupplyError> {
        let found = rows::code(self.store.as_ref(), self.realm, self.number, &self.code_sha256).await;
        match found {
            Ok(Some(zip)) => Ok(zip.into()),
            Ok(None) => Err(missing(format!(
                "the code of {} was changed meanwhile",
                self.name
            ))),
            Err(error) => Err(missing(format!(
                "the code of {} cannot be read: {error}",
                self.name
            ))),
        }
    }

    async fn layer(&self, place: usize) -> Result<Option<Bytes>, SupplyError> {
        let Some(layer) = self.layers.get(place) else {
            return Ok(None);
        };
        let found = layers::rows::code(self.store.as_ref(), self.realm, layer.number).await;
        match found {
            Ok(Some(zip)) => Ok(Some(zip.into())),
            Ok(None) => Err(missing(format!(
                "the layers of {} were changed meanwhile",
                self.name
            ))),
            Err(error) => Err(missing(format!(
                "the layer {} of {} cannot be read: {error}",
                layer.name, self.name
            ))),
        }
    }

    async fn credentials(&self) -> Result<Option<FunctionCredentials>, SupplyError> {
        let unread = |error| missing(format!("the role {} cannot be read: {error}", self.role_arn));
        let found = roles::by_arn(self.store.as_ref(), &self.role_arn).await;
        let (realm, role) = found
            .map_err(|error| unread(error.to_string()))?
            .ok_or_else(|| missing(format!("the role {} is not there", self.role_arn)))?;
        // Whether it trusts functions may have changed since it was handed over.
        let trust = TrustPolicy::parse(&role.trust).map_err(|error| unread(error.to_string()))?;
        let now = self.clock.now();
        let who = Assuming::Service(SERVICE);
        if trust.decide(&who, "sts:AssumeRole", &Service { now }).verdict != Verdict::Allowed {
            return Err(missing(format!(
                "the role {} does not let {SERVICE} assume it",
                self.role_arn
            )));
        }
        let issuer = Issuer {
            now,
            random: self.random.as_ref(),
            seal: &self.seal,
        };
        let new = NewSession {
            name: self.name.clone(),
            ..NewSession::default()
        };
        let made = sessions::issue_plain(&issuer, &realm, &role, new)
            .map_err(|fault| missing(format!("the role {} gives no session: {fault}", self.role_arn)))?;
        Ok(Some(FunctionCredentials {
            access_key_id: made.access_key_id,
            secret: made.secret,
            session_token: Some(made.session_token),
            expires_at: Some(made.expires_at),
        }))
    }
}

/// The supplies of a function that runs elsewhere: none.
pub(super) struct NoSupplies;

#[async_trait]
impl Supplies for NoSupplies {
    async fn code(&self) -> Result<Bytes, SupplyError> {
        Err(missing("the function has no code here".to_owned()))
    }

    async fn credentials(&self) -> Result<Option<FunctionCredentials>, SupplyError> {
        Ok(None)
    }
}

fn missing(reason: String) -> SupplyError {
    SupplyError { reason }
}
