//! A store that loses answers and asks to try again: a deed says that it was done when it was, once, and not otherwise.
//!
//! The runtime's time is paused, so that no test waits out the pauses between tries, but for tasks, which look around in it.

mod bulk;
mod certs;
mod claims;
mod deeds;
mod events;
mod fleet;
mod functions;
mod identities;
mod nodes;
mod others;
mod provisioning;
mod scene;
mod settings;
pub(crate) mod store;

use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::Deeds;
use thingsmith_core::certificates::{self, Certificate};
use thingsmith_core::policies::{attach_policy, create_policy_version};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::things::{self, attach_thing_principal};
use thingsmith_core::{billing_groups, tags, thing_groups, thing_types};
use thingsmith_model::CertificateStatus;
use thingsmith_ports::{Batch, Clock, Store};
use thingsmith_testkit::TestClock;

use crate::objects::{DOCUMENT, certificate, make_group, make_policy, make_thing};
use crate::stores::{Place, node, realm};
use store::{Trouble, Troubled};

/// A small registry, a node whose store can be spoiled, and another whose store is well.
struct Registry {
    troubled: Arc<Troubled>,
    deeds: Deeds,
    other: Arc<Deeds>,
    realm: Arc<RealmRecord>,
    /// Inactive, with nothing attached.
    bare: Certificate,
    /// Inactive, attached to the thing `valve`.
    owned: Certificate,
    /// Inactive, with the policy `attached`.
    ruled: Certificate,
    clock: Arc<TestClock>,
    _place: Place,
}

impl Registry {
    /// Things `pump` and `valve`, the latter in the billing group `north`; thing types `current` and `old`;
    /// thing groups `top` and, below it, `leaf` with `valve` in it; policies `free` and `attached`, the latter with a second
    /// version; and the three certificates.
    async fn new() -> Self {
        let place = Place::sqlite();
        let store = place.open().await;
        let turned = Arc::new(TestClock::default());
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&turned);
        let troubled = Arc::new(Troubled::new(Arc::clone(&store)));
        let deeds = node(Arc::clone(&troubled) as Arc<dyn Store>, Arc::clone(&clock), 1).await;
        let other = node(store, clock, 2).await;
        let realm = realm(&deeds).await;
        let [bare, owned, ruled] =
            [1_000_001, 1_000_002, 1_000_003].map(|number| certificate(number, CertificateStatus::Inactive));
        let mut batch = Batch::new();
        for new in [&bare, &owned, &ruled] {
            certificates::rows::insert(&mut batch, realm.realm, new);
        }
        deeds.store().write(batch).await.unwrap();
        make_thing(&deeds, &realm, "pump").await;
        let valve = make_thing(&deeds, &realm, "valve").await;
        make_policy(&deeds, &realm, "free").await;
        let attached = make_policy(&deeds, &realm, "attached").await;
        attach_thing_principal(&deeds, &realm, &valve.name, &owned.arn(&realm))
            .await
            .unwrap();
        attach_policy(&deeds, &realm, &attached.name, &ruled.arn(&realm))
            .await
            .unwrap();
        for name in ["current", "old"] {
            let new = thing_types::NewThingType {
                name: name.parse().unwrap(),
                properties: thing_types::Properties::default(),
                tags: tags::Tags::new(),
            };
            thing_types::create_thing_type(&deeds, &realm, new).await.unwrap();
        }
        thing_types::deprecate_thing_type(&deeds, &realm, &"old".parse().unwrap(), false)
            .await
            .unwrap();
        turned.advance(Duration::from_secs(300));
        let north = billing_groups::NewBillingGroup {
            name: "north".parse().unwrap(),
            description: None,
            tags: [("a".to_owned(), String::new())].into(),
        };
        let north = billing_groups::create_billing_group(&deeds, &realm, north)
            .await
            .unwrap();
        let top = make_group(&deeds, &realm, "top", None).await;
        let leaf = make_group(&deeds, &realm, "leaf", Some(top.name.as_str())).await;
        create_policy_version(&deeds, &realm, &attached.name, DOCUMENT, false)
            .await
            .unwrap();
        let mut batch = Batch::new();
        thing_groups::rows::join(&mut batch, realm.realm, valve.number, &leaf, 10);
        things::rows::set_billing_group(&mut batch, realm.realm, valve.number, north.number);
        deeds.store().write(batch).await.unwrap();
        Self {
            troubled,
            deeds,
            other: Arc::new(other),
            realm,
            bare,
            owned,
            ruled,
            clock: turned,
            _place: place,
        }
    }

    /// The same with a node that has not reserved any numbers.
    async fn with_a_fresh_node(mut self) -> Self {
        let store = Arc::clone(&self.troubled) as Arc<dyn Store>;
        let clock = Arc::<TestClock>::clone(&self.clock);
        self.deeds = node(store, clock, 3).await;
        self
    }
}
