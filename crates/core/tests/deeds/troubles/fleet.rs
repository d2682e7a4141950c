//! Devices that provision themselves by a claim, with every trouble.

use serde_json::Value;
use thingsmith_core::fleet_provisioning::{Claimant, rows};
use thingsmith_core::{Code, Deeds, Fault, claims, things};
use thingsmith_model::Timestamp;

use super::Registry;
use super::scene::{self, Scene};
use crate::fleet::{FROM_CSR, REGISTER, WITH_KEYS, claimant, csr, make_fleet, registration, token};
use crate::objects::thing_name;

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    FromCsr,
    WithKeys,
    Register,
}

/// The registry with the template `fleet`, a claim, and a token for the device of `Deed::Register`.
struct Fleet {
    registry: Registry,
    claimant: Claimant,
    token: Option<String>,
}

async fn ask(deeds: &Deeds, claimant: &Claimant, topic: &str, payload: &str) -> Result<Value, Fault> {
    let answer = crate::fleet::ask(deeds, claimant, topic, payload).await;
    match answer["errorCode"].as_str() {
        None => Ok(answer),
        Some("ServiceUnavailable") => Err(Fault::new(Code::ServiceUnavailable, answer.to_string())),
        Some(_) => Err(Fault::invalid(answer.to_string())),
    }
}

impl Scene for Fleet {
    type Deed = Deed;
    const ALL: &'static [Deed] = &[Deed::FromCsr, Deed::WithKeys, Deed::Register];

    async fn new(deed: Deed) -> Self {
        let registry = Registry::new().await;
        let (node, realm) = (&registry.other, &registry.realm);
        make_fleet(node, realm).await;
        let claimant = claimant(node, realm).await;
        let token = match deed {
            Deed::Register => Some(token(node, &claimant).await),
            Deed::FromCsr | Deed::WithKeys => None,
        };
        Self {
            registry,
            claimant,
            token,
        }
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    async fn carry_out(&self, deed: Deed) -> Result<(), Fault> {
        let (topic, payload) = match deed {
            Deed::FromCsr => (FROM_CSR, csr()),
            Deed::WithKeys => (WITH_KEYS, String::new()),
            Deed::Register => (REGISTER, registration(self.token.as_ref().unwrap(), "new")),
        };
        ask(&self.registry.deeds, &self.claimant, topic, &payload)
            .await
            .map(drop)
    }

    async fn times_done(&self, deed: Deed) -> i64 {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        let claims = claims::rows::page(store, realm, None, 9).await.unwrap();
        let registered: i64 = claims.iter().map(|claim| claim.registrations).sum();
        let waiting = rows::unclaimed(store, realm, Timestamp::from_millis(0), 9)
            .await
            .unwrap();
        match deed {
            Deed::Register => {
                assert_eq!(waiting, 1 - registered);
                let thing = things::rows::find(store, realm, &thing_name("new"))
                    .await
                    .unwrap();
                assert_eq!(i64::from(thing.is_some()), registered);
                registered
            }
            Deed::FromCsr | Deed::WithKeys => waiting,
        }
    }

    fn announces(deed: Deed) -> bool {
        deed == Deed::Register
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_provisioned_at_last_is_provisioned_once() {
    scene::is_done_once::<Fleet>().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_cannot_be_provisioned_is_told_and_has_nothing() {
    scene::gives_up::<Fleet>().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_every_commit_is_lost_is_told_that_it_is_provisioned() {
    scene::finds_itself::<Fleet>().await;
}
