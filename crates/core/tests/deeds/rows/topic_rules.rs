use thingsmith_core::topic_rules::{self, Settings, TopicRule};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn rule(number: i64, name: &str, disabled: bool) -> TopicRule {
    TopicRule {
        number,
        name: name.into(),
        settings: Settings::new("SELECT * FROM 'a'".into(), None, vec![], None, None),
        filter: (number != 3).then(|| "a".into()),
        disabled,
        revision: number,
        created_at: Timestamp::from_millis(number),
    }
}

fn text(rule: &TopicRule) -> String {
    serde_json::to_string(&rule.settings).unwrap()
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, new) in [
        (HERE, rule(1, "b", false)),
        (HERE, rule(2, "B", true)),
        (HERE, rule(3, "a_1", false)),
        (ELSEWHERE, rule(4, "b", false)),
    ] {
        step!(script, batch, topic_rules::insert(realm, &new, &text(&new)));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    let taken = rule(5, "b", false);
    step!(script, batch, topic_rules::insert(HERE, &taken, &text(&taken)));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "B", Some(rule(2, "B", true))),
        (ELSEWHERE, "B", None),
        (ELSEWHERE, "b", Some(rule(4, "b", false))),
    ] {
        let found = read!(script, topic_rules::find(realm, name));
        script.expect(found, expected);
    }
    let realms = read!(script, topic_rules::realms());
    script.expect(realms, vec![HERE, ELSEWHERE]);
    for (after, limit, expected) in [(0, 9, vec![1, 3]), (1, 9, vec![3]), (0, 1, vec![1])] {
        let page = read!(script, topic_rules::enabled(HERE, after, limit));
        let numbers: Vec<_> = page.iter().map(|rule| rule.number).collect();
        script.expect(numbers, expected);
    }
    for (disabled, after, limit, expected) in [
        (None, "", 9, vec!["B", "a_1", "b"]),
        (None, "B", 1, vec!["a_1"]),
        (Some(false), "", 9, vec!["a_1", "b"]),
        (Some(true), "", 9, vec!["B"]),
    ] {
        let page = read!(script, topic_rules::page(HERE, disabled, after, limit));
        let names: Vec<_> = page.iter().map(|rule| rule.name.as_str()).collect();
        script.expect(names, expected);
    }
    let other = Settings::new("SELECT a FROM 'b'".into(), Some("c".into()), vec![], None, None);
    let other_text = serde_json::to_string(&other).unwrap();
    for (realm, revision, outcome) in [
        (ELSEWHERE, 1, Outcome::Guard(0)),
        (HERE, 7, Outcome::Guard(0)),
        (HERE, 1, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        let content = (other_text.as_str(), Some("b"), true);
        step!(
            script,
            batch,
            topic_rules::replace(realm, (1, revision), content, 9)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let replaced = TopicRule {
        settings: other,
        filter: Some("b".into()),
        disabled: true,
        revision: 9,
        ..rule(1, "b", false)
    };
    let found = read!(script, topic_rules::find(HERE, "b"));
    script.expect(found, Some(replaced));
    for (revision, outcome) in [(1, Outcome::Guard(0)), (9, Outcome::Done)] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            topic_rules::set_disabled(HERE, (1, revision), false, 10)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, topic_rules::find(HERE, "b")).unwrap();
    assert_eq!((found.disabled, found.revision), (false, 10));
    for (realm, outcome) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, topic_rules::delete(realm, 1));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let mut batch = Batch::new();
    step!(script, batch, topic_rules::hold(HERE, 2, Hold::Shared));
    assert_eq!(script.commit(batch).await, Outcome::Done);
}
