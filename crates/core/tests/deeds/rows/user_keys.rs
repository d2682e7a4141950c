use thingsmith_core::realms::{self, RealmRecord};
use thingsmith_core::user_keys::{self, Status, UserKey};
use thingsmith_core::users::{self, User};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

pub(super) fn key(id: &str, holder: i64) -> UserKey {
    UserKey {
        access_key_id: id.into(),
        holder,
        status: Status::Active,
        created_at: Timestamp::from_millis(7),
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    let realm = RealmRecord {
        realm: HERE,
        account: "123456789012".parse().unwrap(),
        region: "aws-global".parse().unwrap(),
        endpoint_prefix: "a".into(),
    };
    realms::rows::insert(&mut batch, &realm);
    let user = User {
        number: 1,
        name: "Ann".into(),
        path: "/a/".into(),
        id: "AIDA1".into(),
        created_at: Timestamp::from_millis(1),
    };
    users::rows::insert(&mut batch, HERE, &user);
    for id in ["AKIA1", "AKIA2"] {
        step!(script, batch, user_keys::insert(HERE, &key(id, 1), &[0, 255], 2));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, id, holder, outcome) in [
        (HERE, "AKIA3", 1, Outcome::Guard(0)),
        (ELSEWHERE, "AKIA1", 2, Outcome::Duplicate(0)),
        (ELSEWHERE, "AKIA4", 2, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, user_keys::insert(realm, &key(id, holder), &[], 2));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let signing = read!(script, user_keys::signing("AKIA1")).unwrap();
    assert_eq!(
        (
            signing.account.as_str(),
            signing.user_name.as_str(),
            signing.holder
        ),
        ("123456789012", "Ann", 1)
    );
    assert_eq!(signing.sealed_secret, [0, 255]);
    script.note(signing);
    // A key whose user is not there is nobody's.
    for id in ["AKIA4", "AKIA9"] {
        let nobody = read!(script, user_keys::signing(id));
        script.expect(nobody, None);
    }
    for (realm, holder, count) in [(HERE, 1, 2), (HERE, 2, 0), (ELSEWHERE, 2, 1)] {
        let found = read!(script, user_keys::count(realm, holder));
        script.expect(found, count);
    }
    for (after, limit, expected) in [
        ("", 9, vec!["AKIA1", "AKIA2"]),
        ("AKIA1", 9, vec!["AKIA2"]),
        ("", 1, vec!["AKIA1"]),
    ] {
        let page = read!(script, user_keys::page(HERE, 1, after, limit));
        let ids: Vec<_> = page.iter().map(|key| key.access_key_id.as_str()).collect();
        script.expect(ids, expected);
    }
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        user_keys::update(HERE, 1, "AKIA1", Status::Inactive)
    );
    step!(script, batch, user_keys::delete(HERE, 1, "AKIA2"));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (id, status) in [
        ("AKIA1", Some(Status::Inactive)),
        ("AKIA2", None),
        ("AKIA4", None),
    ] {
        let found = read!(script, user_keys::of_holder(HERE, 1, id));
        script.expect(found.map(|key| key.status), status);
    }
    let mut batch = Batch::new();
    step!(script, batch, user_keys::update(HERE, 1, "AKIA4", Status::Active));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let mut batch = Batch::new();
    step!(script, batch, user_keys::delete(ELSEWHERE, 2, "AKIA1"));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
}
