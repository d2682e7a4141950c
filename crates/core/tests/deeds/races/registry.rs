//! Thing types, exclusive attachments and tags, where two meet.

use std::time::Duration;

use thingsmith_core::billing_groups::{self, NewBillingGroup};
use thingsmith_core::events::{self, EventType};
use thingsmith_core::messages::QueueLimits;
use thingsmith_core::tags::{self, Tags};
use thingsmith_core::thing_types::{self, NewThingType};
use thingsmith_core::things::{self, NewThing, PrincipalType};
use thingsmith_core::{Code, Deeds};
use thingsmith_model::{Arn, CertificateStatus};
use thingsmith_mqtt::{Qos, SubscriptionOptions, TopicFilter, TopicLimits};

use super::{ROUNDS, pairs};
use crate::objects::{code, make_thing, new_thing, put_certificate};

fn new_type(name: &str) -> NewThingType {
    NewThingType {
        name: name.parse().unwrap(),
        properties: thing_types::Properties::default(),
        tags: Tags::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_thing_is_of_a_deleted_type() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = format!("T{round}");
            let made = thing_types::create_thing_type(&pair.here, realm, new_type(&name))
                .await
                .unwrap();
            thing_types::deprecate_thing_type(&pair.here, realm, &made.name, false)
                .await
                .unwrap();
            pair.clock.advance(Duration::from_secs(300));
            // The type comes back and gets a thing while it is deleted.
            let (created, deleted) = tokio::join!(
                async {
                    thing_types::deprecate_thing_type(&pair.here, realm, &made.name, true).await?;
                    let new = NewThing {
                        thing_type: Some(made.name.clone()),
                        ..new_thing(&format!("t{round}"), [])
                    };
                    things::create_thing(&pair.here, realm, new).await
                },
                thing_types::delete_thing_type(&pair.there, realm, &made.name),
            );
            let store = pair.here.store();
            let stands = thing_types::rows::find(store, realm.realm, &made.name)
                .await
                .unwrap();
            let hangs = thing_types::rows::has_things(store, realm.realm, made.number)
                .await
                .unwrap();
            match (code(&created), code(&deleted)) {
                (None, Some(Code::InvalidRequest)) => assert!(stands.is_some() && hangs),
                (Some(Code::ResourceNotFound), None) => assert!(stands.is_none() && !hangs),
                _ => panic!("created: {created:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_thing_becomes_one_of_a_deprecated_type() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = format!("T{round}");
            let made = thing_types::create_thing_type(&pair.here, realm, new_type(&name))
                .await
                .unwrap();
            let thing = make_thing(&pair.here, realm, &format!("t{round}")).await;
            let update = things::ThingUpdate {
                thing_type: Some(made.name.clone()),
                ..things::ThingUpdate::default()
            };
            let (updated, deprecated) = tokio::join!(
                things::update_thing(&pair.here, realm, &thing.name, update),
                thing_types::deprecate_thing_type(&pair.there, realm, &made.name, false),
            );
            assert_eq!(code(&deprecated), None);
            let kept = things::describe_thing(&pair.here, realm, &thing.name)
                .await
                .unwrap();
            match code(&updated) {
                None => assert_eq!((kept.thing_type_name(), kept.version), (Some(&made.name), 2)),
                Some(Code::InvalidRequest) => assert_eq!((kept.thing_type_name(), kept.version), (None, 1)),
                _ => panic!("{updated:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_attachments_at_once_none_is_beside_an_exclusive_one() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let [a, b] = [
            make_thing(&pair.here, realm, "a").await.name,
            make_thing(&pair.here, realm, "b").await.name,
        ];
        for round in 0..2 * ROUNDS {
            let principal = put_certificate(&pair.here, realm, CertificateStatus::Active)
                .await
                .arn(realm);
            let theirs = match round % 2 {
                0 => PrincipalType::Exclusive,
                _ => PrincipalType::NonExclusive,
            };
            let attach = |deeds, thing, how| {
                things::attach_thing_principal_as(deeds, realm, thing, &principal, Some(how))
            };
            let (first, second) = tokio::join!(
                attach(&pair.here, &a, PrincipalType::Exclusive),
                attach(&pair.there, &b, theirs),
            );
            match (code(&first), code(&second)) {
                (None, Some(Code::InvalidRequest)) | (Some(Code::InvalidRequest), None) => {}
                _ => panic!("{first:?}, {second:?}"),
            }
            let page = crate::objects::first_page(10);
            let has = things::list_principal_things(&pair.here, realm, &principal, None, &page)
                .await
                .unwrap();
            assert_eq!(has.items.len(), 1);
        }
    }
}

async fn new_group(
    deeds: &Deeds,
    realm: &thingsmith_core::realms::RealmRecord,
    name: &str,
    count: usize,
) -> Arn {
    let tags = (0..count).map(|number| (format!("k{number}"), String::new()));
    let new = NewBillingGroup {
        name: name.parse().unwrap(),
        description: None,
        tags: tags.collect(),
    };
    let made = billing_groups::create_billing_group(deeds, realm, new)
        .await
        .unwrap();
    made.arn(realm).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_last_tags_at_once_one_finds_room() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let group = new_group(&pair.here, realm, &format!("g{round}"), 49).await;
            let one: Tags = [("one".to_owned(), String::new())].into();
            let other: Tags = [("other".to_owned(), String::new())].into();
            let (first, second) = tokio::join!(
                tags::tag_resource(&pair.here, realm, &group, &one),
                tags::tag_resource(&pair.there, realm, &group, &other),
            );
            match (code(&first), code(&second)) {
                (None, Some(Code::LimitExceeded)) | (Some(Code::LimitExceeded), None) => {}
                _ => panic!("{first:?}, {second:?}"),
            }
            let page = crate::objects::first_page(100);
            let has = tags::list_tags_for_resource(&pair.here, realm, &group, &page)
                .await
                .unwrap();
            assert_eq!(has.items.len(), 50);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tag_and_no_thing_hang_on_a_deleted_group() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let thing = make_thing(&pair.here, realm, "t").await.name;
        for round in 0..ROUNDS {
            let name = format!("g{round}").parse().unwrap();
            let group = new_group(&pair.here, realm, &format!("g{round}"), 1).await;
            let number = billing_groups::rows::find(pair.here.store(), realm.realm, &name)
                .await
                .unwrap()
                .unwrap()
                .number;
            let one: Tags = [("one".to_owned(), String::new())].into();
            let (tagged, added, deleted) = tokio::join!(
                tags::tag_resource(&pair.here, realm, &group, &one),
                billing_groups::add_thing_to_billing_group(
                    &pair.here,
                    realm,
                    billing_groups::Named {
                        name: Some(&name),
                        arn: None,
                        members: ("billingGroupName", "billingGroupArn"),
                    },
                    billing_groups::Named {
                        name: Some(&thing),
                        arn: None,
                        members: ("thingName", "thingArn"),
                    },
                ),
                billing_groups::delete_billing_group(&pair.there, realm, &name, None),
            );
            assert_eq!(code(&deleted), None);
            for answer in [&tagged, &added] {
                assert!(
                    matches!(code(answer), None | Some(Code::ResourceNotFound)),
                    "{answer:?}"
                );
            }
            let left = tags::rows::page(pair.here.store(), realm.realm, number, "", 10).await;
            assert_eq!(left.unwrap(), []);
            let thing = things::describe_thing(&pair.here, realm, &thing).await.unwrap();
            assert_eq!(thing.billing_group, None);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_learns_within_a_second_what_was_turned_on_at_another() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let limits = QueueLimits {
            messages: 10,
            bytes: 10_000,
        };
        let (subscriber, mut queue) = pair.here.router().subscriber(limits);
        let filter = TopicFilter::parse("$aws/events/#", &TopicLimits::default()).unwrap();
        pair.here.router().subscribe(
            realm.realm,
            &subscriber,
            &filter,
            Qos::AtLeastOnce,
            SubscriptionOptions::default(),
        );
        let mut heard = async |name: &str| {
            make_thing(&pair.here, realm, name).await;
            queue.try_next().is_some()
        };
        assert!(!heard("a").await);
        for (name, on) in [("b", true), ("c", false)] {
            let change = [(EventType::Thing, on)].into();
            events::update_event_configurations(&pair.there, realm, &change)
                .await
                .unwrap();
            pair.clock.advance(Duration::from_secs(1));
            assert_eq!(heard(name).await, on);
        }
    }
}
