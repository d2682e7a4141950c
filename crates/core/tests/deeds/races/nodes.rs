//! What nodes share: realms, numbers, keys and authorities.

use std::sync::Arc;

use thingsmith_core::access_keys::{AccessKey, administrator, keep_administrator};
use thingsmith_core::realms;
use thingsmith_core::{Deeds, number_rows, settings};
use thingsmith_model::Account;
use thingsmith_ports::Clock;
use thingsmith_testkit::{SeededRandom, TestClock};

use super::{ROUNDS, dawdling, pairs};
use crate::stores::{node, places};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_meet_a_realm_at_once_agree_on_it() {
    for pair in pairs().await {
        let region = "eu-central-1".parse().unwrap();
        for round in 0..ROUNDS {
            let account: Account = format!("{round:012}").parse().unwrap();
            let (first, second) = tokio::join!(
                pair.here.realm(&account, &region),
                pair.there.realm(&account, &region)
            );
            let (first, second) = (first.unwrap(), second.unwrap());
            assert_eq!(first, second);
            let kept = realms::rows::by_number(pair.here.store(), first.realm)
                .await
                .unwrap();
            assert_eq!(kept.as_ref(), Some(&*first));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn number_blocks_never_overlap() {
    for pair in pairs().await {
        let counts = SeededRandom::new(5);
        let mut blocks = Vec::new();
        for _ in 0..ROUNDS {
            let [one, other] = [(); 2].map(|()| i64::try_from(1 + counts.below(5000)).unwrap());
            let (first, second) = tokio::join!(
                number_rows::reserve(pair.here.store(), "objects", one),
                number_rows::reserve(pair.there.store(), "objects", other),
            );
            blocks.push((first.unwrap(), one));
            blocks.push((second.unwrap(), other));
        }
        blocks.sort_unstable();
        for neighbours in blocks.windows(2) {
            let [(first, count), (next, _)] = neighbours else {
                unreachable!("windows of two")
            };
            assert_eq!(
                first + count,
                *next,
                "a block begins where the one before it ends"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_agree_on_authorities_account_and_key() {
    for _ in 0..ROUNDS {
        for place in places().await {
            let (first, second) = dawdling(&place).await;
            let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
            let (here, there) = tokio::join!(
                node(first, Arc::clone(&clock), 1),
                node(second, Arc::clone(&clock), 2)
            );
            authorities_agree(&here, &there);
            let accounts: [Account; 2] =
                ["000000000001", "000000000002"].map(|digits| digits.parse().unwrap());
            let (first, second) = tokio::join!(
                settings::remember_account(here.store(), &accounts[0]),
                settings::remember_account(there.store(), &accounts[1]),
            );
            assert_eq!(first.unwrap(), second.unwrap());
            keys_agree(&here, &there).await;
        }
    }
}

fn authorities_agree(here: &Deeds, there: &Deeds) {
    let device = |deeds: &Deeds| deeds.authorities().device().certificate.der().to_vec();
    assert_eq!(device(here), device(there));
    assert_eq!(
        here.authorities().endpoint_roots_pem(),
        there.authorities().endpoint_roots_pem()
    );
}

async fn keys_agree(here: &Deeds, there: &Deeds) {
    let text = |key: &AccessKey| (key.access_key_id.clone(), key.secret.expose_secret().clone());
    let new = |deeds: &Deeds| AccessKey::generate(Account::development(), deeds.random());
    let (ours, theirs) = (new(here), new(there));
    let (first, second) = tokio::join!(
        keep_administrator(here, &ours),
        keep_administrator(there, &theirs)
    );
    let kept = text(&administrator(there).await.unwrap().unwrap());
    assert_eq!(
        [text(&first.unwrap()), text(&second.unwrap())],
        [kept.clone(), kept.clone()]
    );
    assert!([text(&ours), text(&theirs)].contains(&kept));
}
