use thingsmith_core::outbox::{self, Change};
use thingsmith_core::things::{self, Thing};
use thingsmith_core::{certificates, policies, reset};
use thingsmith_model::{CertificateStatus, Realm, Timestamp};
use thingsmith_ports::Batch;
use uuid::Uuid;

use super::script::{Outcome, Script, step};
use crate::objects::{attributes, certificate, thing_name};

const HERE: Realm = Realm(1);

/// A thing with an attribute, a certificate, and an attachment between them and to a policy that is not there.
fn fill(batch: &mut Batch, number: i64) {
    let thing = Thing {
        number,
        name: thing_name(&format!("t{number}")),
        thing_id: Uuid::from_u128(1),
        version: 1,
        attributes: attributes([("colour", "red")]),
        thing_type: None,
        billing_group: None,
    };
    things::rows::insert(batch, HERE, &thing).unwrap();
    let certificate = certificate(number + 1, CertificateStatus::Active);
    certificates::rows::insert(batch, HERE, &certificate);
    things::rows::attach(batch, HERE, number, number + 1);
    policies::rows::attach(batch, HERE, number + 1, number + 2, 10);
    policies::rows::insert_version(batch, HERE, number + 2, 1, "{}", Timestamp::from_millis(1));
}

pub(super) async fn play(script: &mut Script) {
    for at in [5, 6, 6] {
        let mut batch = Batch::new();
        fill(&mut batch, at * 10);
        fill(&mut batch, at * 10 + 5);
        assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
        let mut empty = Batch::new();
        let now = Timestamp::from_millis(at + script_time(script).await);
        step!(script, empty, reset::delete_certificates(now));
        step!(script, empty, reset::delete_the_rest());
        assert_eq!(script.commit(empty).await, Outcome::Done);
        for number in [at * 10, at * 10 + 5] {
            let store = script.store.as_ref();
            let left = (
                things::rows::has_principals(store, HERE, number).await.unwrap(),
                certificates::rows::attachments(store, HERE, number + 1)
                    .await
                    .unwrap(),
                policies::rows::document(store, HERE, number + 2, 1)
                    .await
                    .unwrap(),
            );
            script.expect(left, (false, (false, false), None));
        }
    }
    let announced = outbox::rows::since(script.store.as_ref(), Timestamp::from_millis(0), 100)
        .await
        .unwrap();
    let changes: Vec<_> = announced.iter().map(|changed| changed.change).collect();
    let expected = [51, 56, 61, 66, 61, 66].map(Change::Certificate);
    script.expect(changes, expected.to_vec());
    script.note(announced);
}

/// How many changes there are: a later reset is at a later time.
async fn script_time(script: &Script) -> i64 {
    let announced = outbox::rows::since(script.store.as_ref(), Timestamp::from_millis(0), 100);
    i64::try_from(announced.await.unwrap().len()).unwrap()
}
