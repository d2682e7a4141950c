use thingsmith_core::identity_policies;
use thingsmith_core::roles::{self, Role, rows::Burden};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn role(number: i64, name: &str, path: &str, description: Option<&str>) -> Role {
    Role {
        number,
        name: name.into(),
        path: path.into(),
        id: format!("AROA{number}"),
        trust: "{\"€\": \"$1\"}".into(),
        description: description.map(str::to_owned),
        longest_session_seconds: 3600,
        created_at: Timestamp::from_millis(number),
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        roles::insert(HERE, &role(1, "Line", "/", Some("d")))
    );
    step!(
        script,
        batch,
        roles::insert(HERE, &role(2, "lab", "/service-role/", None))
    );
    step!(
        script,
        batch,
        roles::insert(ELSEWHERE, &role(3, "line", "/", None))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(script, batch, roles::insert(HERE, &role(4, "LINE", "/", None)));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "line", Some(role(1, "Line", "/", Some("d")))),
        (ELSEWHERE, "lab", None),
    ] {
        let found = read!(script, roles::find(realm, name));
        script.expect(found, expected);
    }
    for (realm, number, there) in [(HERE, 2, true), (ELSEWHERE, 2, false)] {
        let found = read!(script, roles::by_number(realm, number));
        script.expect(found.is_some(), there);
    }
    for (prefix, after, limit, expected) in [
        ("/", "", 10, vec![2, 1]),
        ("/", "lab", 10, vec![1]),
        ("/", "", 1, vec![2]),
        ("/service-role/", "", 10, vec![2]),
    ] {
        let page = read!(script, roles::page(HERE, prefix, after, limit));
        script.expect(page.iter().map(|role| role.number).collect::<Vec<_>>(), expected);
    }
    let mut batch = Batch::new();
    step!(script, batch, roles::hold(HERE, 2, Hold::Exclusive));
    step!(script, batch, roles::update_trust(HERE, 1, "{}"));
    identity_policies::rows::attach(&mut batch, HERE, 1, -1, 10);
    identity_policies::rows::put_inline(&mut batch, HERE, 2, "p", "{}", (2, 10));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    assert_eq!(read!(script, roles::find(HERE, "line")).unwrap().trust, "{}");
    let mut batch = Batch::new();
    step!(script, batch, roles::update_trust(ELSEWHERE, 1, "{}"));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    for (realm, number, attached, inline, outcome) in [
        (HERE, 1, true, false, Outcome::Guard(1)),
        (HERE, 2, false, true, Outcome::Guard(1)),
        (ELSEWHERE, 3, false, false, Outcome::Done),
    ] {
        let burden = read!(script, roles::burden(realm, number));
        script.expect(burden, Burden { attached, inline });
        let mut batch = Batch::new();
        step!(script, batch, roles::delete(realm, number));
        assert_eq!(script.commit(batch).await, outcome);
    }
}
