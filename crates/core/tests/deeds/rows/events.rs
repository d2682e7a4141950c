use thingsmith_core::events::{self, EventType};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

pub(super) async fn play(script: &mut Script) {
    let none = read!(script, events::all(HERE));
    script.expect(none, vec![]);
    for (at, enabled) in [(5, true), (7, false)] {
        let mut batch = Batch::new();
        for event_type in [EventType::ThingGroup, EventType::CaCertificate] {
            step!(
                script,
                batch,
                events::set(HERE, event_type, enabled, Timestamp::from_millis(at))
            );
        }
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    let mut batch = Batch::new();
    let at = Timestamp::from_millis(9);
    step!(script, batch, events::set(HERE, EventType::Thing, true, at));
    step!(script, batch, events::set(ELSEWHERE, EventType::Thing, false, at));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let configuration = |event_type, enabled, created_at, modified_at| events::rows::Configuration {
        event_type,
        enabled,
        created_at: Timestamp::from_millis(created_at),
        modified_at: Timestamp::from_millis(modified_at),
    };
    let here = read!(script, events::all(HERE));
    script.expect(
        here,
        vec![
            configuration(EventType::CaCertificate, false, 5, 7),
            configuration(EventType::Thing, true, 9, 9),
            configuration(EventType::ThingGroup, false, 5, 7),
        ],
    );
    let elsewhere = read!(script, events::all(ELSEWHERE));
    script.expect(elsewhere, vec![configuration(EventType::Thing, false, 9, 9)]);
}
