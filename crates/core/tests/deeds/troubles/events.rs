//! What is told when the commit of a change was not answered: the change, once, if it happened.

use thingsmith_core::events::{EventType, update_event_configurations};
use thingsmith_core::messages::{Deliveries, QueueLimits};
use thingsmith_core::things::{create_thing, delete_thing, update_thing};
use thingsmith_mqtt::{Qos, SubscriptionOptions, TopicFilter, TopicLimits};

use super::{Registry, Trouble};
use crate::objects::{code, new_thing, replacing, thing_name};

async fn listen(registry: &Registry) -> Deliveries {
    let on = [(EventType::Thing, true)].into();
    update_event_configurations(&registry.deeds, &registry.realm, &on)
        .await
        .unwrap();
    let limits = QueueLimits {
        messages: 100,
        bytes: 100_000,
    };
    let router = registry.deeds.router();
    let (subscriber, queue) = router.subscriber(limits);
    let filter = TopicFilter::parse("$aws/events/thing/#", &TopicLimits::default()).unwrap();
    router.subscribe(
        registry.realm.realm,
        &subscriber,
        &filter,
        Qos::AtLeastOnce,
        SubscriptionOptions::default(),
    );
    queue
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_commit_was_lost_is_told_once() {
    use Trouble::{LostAfter, LostBefore, Overtaken};
    for troubles in [
        &[LostAfter] as &[Trouble],
        &[LostBefore],
        &[Overtaken, LostBefore, LostAfter],
    ] {
        let registry = Registry::new().await;
        let mut queue = listen(&registry).await;
        let (deeds, realm) = (&registry.deeds, &*registry.realm);
        let spoil = || registry.troubled.spoil(troubles);
        let mut told = |what: &str| {
            let delivery = queue.try_next().unwrap();
            assert_eq!(delivery.message.topic.as_str(), what, "{troubles:?}");
            assert!(queue.try_next().is_none(), "{troubles:?}");
        };
        spoil();
        create_thing(deeds, realm, new_thing("new", [])).await.unwrap();
        told("$aws/events/thing/new/created");
        spoil();
        update_thing(deeds, realm, &thing_name("new"), replacing([("a", "b")], Some(1)))
            .await
            .unwrap();
        told("$aws/events/thing/new/updated");
        spoil();
        delete_thing(deeds, realm, &thing_name("new"), Some(2))
            .await
            .unwrap();
        told("$aws/events/thing/new/deleted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_did_not_happen_is_not_told() {
    let registry = Registry::new().await;
    let mut queue = listen(&registry).await;
    registry.troubled.spoil_forever(Trouble::LostBefore);
    let answer = create_thing(&registry.deeds, &registry.realm, new_thing("new", [])).await;
    assert!(code(&answer).is_some());
    let answer = delete_thing(&registry.deeds, &registry.realm, &thing_name("pump"), None).await;
    assert!(code(&answer).is_some());
    assert!(queue.try_next().is_none());
}
