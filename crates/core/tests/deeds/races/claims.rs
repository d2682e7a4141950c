//! Claims and what guards them: registrations that meet on two nodes, and what the operator says meanwhile.

use serde_json::Value;
use thingsmith_core::certificates::update_certificate;
use thingsmith_core::claims::{
    AllowedSerialNumber, ClaimLimit, allow, audit, disallow, limit, remove_allow_list, rows, unlimit,
};
use thingsmith_core::policies::{self, attach_policy, delete_policy, detach_policy};
use thingsmith_core::provisioning_claims::{self, create_provisioning_claim};
use thingsmith_core::provisioning_templates::{create_provisioning_template, delete_provisioning_template};
use thingsmith_core::{Code, certificates, things};
use thingsmith_model::{CertificateId, CertificateStatus, Resource};

use super::{Pair, ROUNDS, pairs};
use crate::fleet::{FROM_CSR, REGISTER, ask, claimant, csr, make_fleet, new_fleet, registration, token};
use crate::objects::{code, make_policy, policy_name, thing_name};

const PARAMETER: &str = "SerialNumber";

/// The pairs, each with the fleet `fleet`.
async fn fleets() -> Vec<Pair> {
    let pairs = pairs().await;
    for pair in &pairs {
        make_policy(&pair.here, &pair.realm, "free").await;
        make_fleet(&pair.here, &pair.realm).await;
    }
    pairs
}

fn serial(number: usize) -> AllowedSerialNumber {
    AllowedSerialNumber {
        serial_number: format!("{number}"),
        batch: Some("a".into()),
        expires_at: None,
    }
}

async fn registrations(pair: &Pair) -> i64 {
    let all = audit(&pair.here, &pair.realm, None).await.unwrap();
    all.iter().map(|used| used.registrations).sum()
}

fn outcome(answer: &Value) -> &str {
    answer["errorCode"].as_str().unwrap_or("accepted")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_registers_once_on_two_nodes() {
    for pair in fleets().await {
        let claimant = claimant(&pair.here, &pair.realm).await;
        let store = pair.here.store();
        for round in 0..ROUNDS {
            let token = token(&pair.here, &claimant).await;
            let names = [format!("{round}-a"), format!("{round}-b")];
            let [a, b] = names.each_ref().map(|name| registration(&token, name));
            let (first, second) = tokio::join!(
                ask(&pair.here, &claimant, REGISTER, &a),
                ask(&pair.there, &claimant, REGISTER, &b),
            );
            let mut outcomes = [outcome(&first), outcome(&second)];
            for (name, outcome) in names.iter().zip(outcomes) {
                let thing = things::rows::find(store, pair.realm.realm, &thing_name(name)).await;
                assert_eq!(thing.unwrap().is_some(), outcome == "accepted");
            }
            outcomes.sort_unstable();
            assert_eq!(outcomes, ["InvalidCertificateOwnershipToken", "accepted"]);
        }
        assert_eq!(registrations(&pair).await, ROUNDS as i64);
    }
}

/// What hangs on the certificate when the registration looks may be more when its batch happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_the_operator_attaches_meanwhile_is_attached_once() {
    for pair in fleets().await {
        let claimant = claimant(&pair.here, &pair.realm).await;
        let (store, realm, free) = (pair.here.store(), pair.realm.realm, policy_name("free"));
        let policy = policies::rows::find(store, realm, &free).await.unwrap().unwrap();
        for round in 0..ROUNDS {
            let created = ask(&pair.here, &claimant, FROM_CSR, &csr()).await;
            let text = |member: &str| created[member].as_str().unwrap().to_owned();
            let id: CertificateId = text("certificateId").parse().unwrap();
            let arn = pair.realm.arn(Resource::Certificate(id)).to_string();
            let request = registration(&text("certificateOwnershipToken"), &format!("{round}"));
            if round == 0 {
                attach_policy(&pair.there, &pair.realm, &free, &arn)
                    .await
                    .unwrap();
            }
            let (answer, attached) = tokio::join!(
                ask(&pair.here, &claimant, REGISTER, &request),
                attach_policy(&pair.there, &pair.realm, &free, &arn),
            );
            assert_eq!(outcome(&answer), "accepted", "{answer}");
            attached.unwrap();
            let found = certificates::rows::find(store, realm, &id)
                .await
                .unwrap()
                .unwrap();
            let has = policies::rows::attached(store, realm, found.number, policy.number).await;
            assert_eq!(has.unwrap(), (1, true));
        }
    }
}

/// A node remembers the number of a policy that registrations name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_made_anew_meanwhile_is_the_one_that_counts() {
    for pair in fleets().await {
        let claimant = claimant(&pair.here, &pair.realm).await;
        let (store, realm, free) = (pair.here.store(), pair.realm.realm, policy_name("free"));
        for round in 0..ROUNDS {
            let created = ask(&pair.here, &claimant, FROM_CSR, &csr()).await;
            let text = |member: &str| created[member].as_str().unwrap().to_owned();
            let id: CertificateId = text("certificateId").parse().unwrap();
            let request = registration(&text("certificateOwnershipToken"), &format!("{round}"));
            let made_anew = async || {
                let deleted = delete_policy(&pair.there, &pair.realm, &free).await;
                match code(&deleted) {
                    None => drop(make_policy(&pair.there, &pair.realm, "free").await),
                    Some(refused) => assert_eq!(refused, Code::DeleteConflict),
                };
            };
            let answer = match round % 5 {
                // Surely before.
                0 => {
                    made_anew().await;
                    ask(&pair.here, &claimant, REGISTER, &request).await
                }
                _ => tokio::join!(ask(&pair.here, &claimant, REGISTER, &request), made_anew()).0,
            };
            let found = certificates::rows::find(store, realm, &id)
                .await
                .unwrap()
                .unwrap();
            let policy = policies::rows::find(store, realm, &free).await.unwrap().unwrap();
            let has = policies::rows::attached(store, realm, found.number, policy.number).await;
            match outcome(&answer) {
                "accepted" => {
                    assert_eq!(
                        (found.status, has.unwrap()),
                        (CertificateStatus::Active, (1, true))
                    );
                    let arn = pair.realm.arn(Resource::Certificate(id)).to_string();
                    detach_policy(&pair.here, &pair.realm, &free, &arn).await.unwrap();
                }
                refused => {
                    assert_eq!(refused, "ResourceRegistrationFailure", "{answer}");
                    assert!(round % 5 != 0, "{answer}");
                    let pending = CertificateStatus::PendingActivation;
                    assert_eq!((found.status, has.unwrap()), (pending, (0, false)));
                }
            }
        }
    }
}

/// The certificate is read with the token, before anybody is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_the_operator_changes_meanwhile_is_registered_all_the_same() {
    for pair in fleets().await {
        let claimant = claimant(&pair.here, &pair.realm).await;
        let (store, realm) = (pair.here.store(), pair.realm.realm);
        for round in 0..ROUNDS {
            let created = ask(&pair.here, &claimant, FROM_CSR, &csr()).await;
            let text = |member: &str| created[member].as_str().unwrap().to_owned();
            let id: CertificateId = text("certificateId").parse().unwrap();
            let request = registration(&text("certificateOwnershipToken"), &format!("{round}"));
            let before = certificates::rows::find(store, realm, &id)
                .await
                .unwrap()
                .unwrap();
            let (answer, changed) = tokio::join!(
                ask(&pair.here, &claimant, REGISTER, &request),
                update_certificate(&pair.there, &pair.realm, &id, CertificateStatus::Inactive),
            );
            changed.unwrap();
            assert_eq!(outcome(&answer), "accepted", "{answer}");
            let after = certificates::rows::find(store, realm, &id)
                .await
                .unwrap()
                .unwrap();
            // Each has changed it, one after the other; the registration leaves a status that the operator gave it.
            let changes = after.customer_version - before.customer_version;
            assert_eq!(after.status, CertificateStatus::Inactive);
            assert!([1, 2].contains(&changes), "{changes}");
            let has = certificates::rows::attachments(store, realm, after.number).await;
            assert_eq!(has.unwrap(), (true, true));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_refuses_holds_on_two_nodes() {
    for pair in fleets().await {
        let claimant = claimant(&pair.here, &pair.realm).await;
        let claim = claim_of(&pair, &claimant).await;
        for round in 1..=ROUNDS as i64 {
            let new = ClaimLimit {
                claim,
                devices: round + 1,
                batch: None,
                refuse: true,
            };
            limit(&pair.here, &pair.realm, &new).await.unwrap();
            let (one, two) = (
                token(&pair.here, &claimant).await,
                token(&pair.there, &claimant).await,
            );
            let [a, b] = [(one, "a"), (two, "b")]
                .map(|(token, name)| registration(&token, &format!("{round}-{name}")));
            let (first, second) = tokio::join!(
                ask(&pair.here, &claimant, REGISTER, &a),
                ask(&pair.there, &claimant, REGISTER, &b),
            );
            let mut outcomes = [outcome(&first), outcome(&second)];
            outcomes.sort_unstable();
            assert_eq!(outcomes, ["AccessDenied", "accepted"]);
            assert_eq!(registrations(&pair).await, round + 1);
        }
    }
}

/// The id of a claim: that of the one registration.
async fn claim_of(pair: &Pair, claimant: &thingsmith_core::fleet_provisioning::Claimant) -> CertificateId {
    let token = token(&pair.here, claimant).await;
    let answer = ask(&pair.here, claimant, REGISTER, &registration(&token, "first")).await;
    assert_eq!(outcome(&answer), "accepted");
    let all = audit(&pair.here, &pair.realm, None).await.unwrap();
    all[0].claim
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_is_turned_off_registers_before_or_not_at_all() {
    for pair in fleets().await {
        let claimant = claimant(&pair.here, &pair.realm).await;
        let claim = claim_of(&pair, &claimant).await;
        let mut accepted = 1;
        for round in 0..ROUNDS {
            let token = token(&pair.here, &claimant).await;
            let request = registration(&token, &format!("{round}"));
            let (answer, turned) = tokio::join!(
                ask(&pair.here, &claimant, REGISTER, &request),
                update_certificate(&pair.there, &pair.realm, &claim, CertificateStatus::Inactive),
            );
            turned.unwrap();
            match outcome(&answer) {
                "accepted" => accepted += 1,
                refused => assert_eq!(refused, "AccessDenied"),
            }
            let again = ask(&pair.there, &claimant, REGISTER, &request).await;
            assert_ne!(outcome(&again), "accepted");
            assert_eq!(registrations(&pair).await, accepted);
            update_certificate(&pair.here, &pair.realm, &claim, CertificateStatus::Active)
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_allow_list_goes_with_its_template() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let store = pair.here.store();
        for round in 0..ROUNDS {
            let new = new_fleet("fleet", "arn:aws:iam::000000000000:role/fleet");
            let template = create_provisioning_template(&pair.here, realm, new)
                .await
                .unwrap();
            if round % 2 == 0 {
                allow(&pair.here, realm, &template.name, PARAMETER, &[serial(9)])
                    .await
                    .unwrap();
            }
            let (serials, taken) = ([serial(1), serial(2)], ["9".to_owned()]);
            let (allowed, disallowed, deleted) = tokio::join!(
                allow(&pair.here, realm, &template.name, PARAMETER, &serials),
                disallow(&pair.here, realm, &template.name, &taken),
                delete_provisioning_template(&pair.there, realm, &template.name),
            );
            deleted.unwrap();
            for code in [code(&allowed), code(&disallowed)] {
                assert!(matches!(code, None | Some(Code::ResourceNotFound)), "{code:?}");
            }
            let left = rows::count_allowed(store, realm.realm, template.number).await;
            assert_eq!(left.unwrap(), 0);
            let claim = CertificateId::from_sha256([1; 32]);
            let guards = rows::guards(store, realm.realm, template.number, &claim).await;
            assert_eq!(guards.unwrap(), rows::Guards::default());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_of_the_same_serial_numbers_at_once_is_said_one_after_the_other() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let new = new_fleet("fleet", "arn:aws:iam::000000000000:role/fleet");
        let template = create_provisioning_template(&pair.here, realm, new)
            .await
            .unwrap();
        let (name, store) = (&template.name, pair.here.store());
        let up: Vec<_> = (0..40).map(serial).collect();
        let down: Vec<_> = (20..60)
            .rev()
            .map(|number| AllowedSerialNumber {
                batch: Some("b".into()),
                ..serial(number)
            })
            .collect();
        let some: Vec<String> = (10..30).rev().map(|number| format!("{number}")).collect();
        for round in 0..ROUNDS {
            let (first, second) = tokio::join!(
                allow(&pair.here, realm, name, PARAMETER, &up),
                allow(&pair.there, realm, name, PARAMETER, &down),
            );
            assert_eq!((code(&first), code(&second)), (None, None));
            // The later one has said all of those that both name.
            let mut batches = Vec::new();
            for number in 20..40 {
                let text = format!("{number}");
                let found = rows::allowed(store, realm.realm, template.number, &text).await;
                batches.push(found.unwrap().unwrap().batch);
            }
            batches.dedup();
            assert_eq!(batches.len(), 1, "{batches:?}");
            let count = async || {
                let count = rows::count_allowed(store, realm.realm, template.number).await;
                count.unwrap()
            };
            assert_eq!(count().await, 60);
            let (first, second) = tokio::join!(
                allow(&pair.here, realm, name, PARAMETER, &up),
                disallow(&pair.there, realm, name, &some),
            );
            assert_eq!((code(&first), code(&second)), (None, None));
            assert!([60, 40].contains(&count().await));
            // With the list, what is on it; or neither.
            let (first, second) = tokio::join!(
                allow(&pair.here, realm, name, PARAMETER, &up[..3]),
                remove_allow_list(&pair.there, realm, name),
            );
            assert_eq!((code(&first), code(&second)), (None, None));
            let claim = CertificateId::from_sha256([1; 32]);
            let guards = rows::guards(store, realm.realm, template.number, &claim).await;
            let expected = match guards.unwrap().parameter {
                Some(_) => 3,
                None => 0,
            };
            assert_eq!(count().await, expected, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_one_or_the_other() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let claim = CertificateId::from_sha256([1; 32]);
        let new = |devices, batch: &str| ClaimLimit {
            claim,
            devices,
            batch: Some(batch.into()),
            refuse: devices == 1,
        };
        let [one, two] = [new(1, "one"), new(2, "two")];
        let found = async || {
            let guards = rows::guards(pair.here.store(), realm.realm, 7, &claim).await;
            guards.unwrap().limited.map(|(limit, _)| limit)
        };
        for _ in 0..ROUNDS {
            let (first, second) =
                tokio::join!(limit(&pair.here, realm, &one), limit(&pair.there, realm, &two),);
            assert_eq!((code(&first), code(&second)), (None, None));
            let kept = found().await.unwrap();
            assert!([&one, &two].contains(&&kept), "{kept:?}");
            let (first, second) = tokio::join!(
                limit(&pair.here, realm, &one),
                unlimit(&pair.there, realm, &claim),
            );
            assert_eq!((code(&first), code(&second)), (None, None));
            let kept = found().await;
            assert!([None, Some(one.clone())].contains(&kept), "{kept:?}");
            unlimit(&pair.here, realm, &claim).await.unwrap();
            assert_eq!(found().await, None);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_users_claim_goes_with_its_template() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let store = pair.here.store();
        for _ in 0..ROUNDS {
            // Ten a second may be asked for.
            pair.clock.advance(std::time::Duration::from_secs(1));
            let new = new_fleet("fleet", "arn:aws:iam::000000000000:role/fleet");
            let template = create_provisioning_template(&pair.here, realm, new)
                .await
                .unwrap();
            let (given, deleted) = tokio::join!(
                create_provisioning_claim(&pair.here, realm, &template.name),
                delete_provisioning_template(&pair.there, realm, &template.name),
            );
            deleted.unwrap();
            match given {
                Ok((given, _)) => {
                    let found = provisioning_claims::rows::find(store, realm.realm, &given.id).await;
                    assert_eq!(found.unwrap(), None);
                }
                Err(refused) => assert_eq!(refused.code, Code::ResourceNotFound),
            }
            // Nor does one of the same name bring it back.
            let left = "SELECT 1 FROM provisioning_claims WHERE realm = $1";
            let statement = thingsmith_ports::Statement::new(left, [realm.realm.0.into()]);
            assert!(store.read(statement).await.unwrap().is_empty());
        }
    }
}
