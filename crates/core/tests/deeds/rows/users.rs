use thingsmith_core::users::{self, User, rows::Burden};
use thingsmith_core::{identity_policies, user_keys};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};
use super::user_keys::key;

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn user(number: i64, name: &str, path: &str) -> User {
    User {
        number,
        name: name.into(),
        path: path.into(),
        id: format!("AIDA{number}"),
        created_at: Timestamp::from_millis(number),
    }
}

fn names(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.name.as_str()).collect()
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for new in [
        user(1, "Ann", "/"),
        user(2, "bob", "/line/"),
        user(3, "Cy_", "/line/4/"),
        user(4, "cy%", "/lines/"),
    ] {
        step!(script, batch, users::insert(HERE, &new));
    }
    step!(script, batch, users::insert(ELSEWHERE, &user(5, "ann", "/")));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(script, batch, users::insert(HERE, &user(6, "ANN", "/")));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));

    for (realm, name, expected) in [
        (HERE, "ann", Some(user(1, "Ann", "/"))),
        (ELSEWHERE, "ann", Some(user(5, "ann", "/"))),
        (HERE, "Ann", None),
        (ELSEWHERE, "bob", None),
    ] {
        let found = read!(script, users::find(realm, name));
        script.expect(found, expected);
    }
    for (prefix, after, limit, expected) in [
        ("/", "", 10, vec!["Ann", "bob", "cy%", "Cy_"]),
        ("/", "ann", 2, vec!["bob", "cy%"]),
        ("/line/", "", 10, vec!["bob", "Cy_"]),
        ("/line", "bob", 10, vec!["cy%", "Cy_"]),
        ("/l_ne", "", 10, vec![]),
    ] {
        let page = read!(script, users::page(HERE, prefix, after, limit));
        script.expect(names(&page), expected);
    }

    let mut batch = Batch::new();
    step!(script, batch, users::hold(HERE, 1, Hold::Exclusive));
    user_keys::rows::insert(&mut batch, HERE, &key("AKIAANN", 1), &[1], 2);
    identity_policies::rows::attach(&mut batch, HERE, 2, -1, 10);
    identity_policies::rows::put_inline(&mut batch, HERE, 3, "p", "{}", (2, 10));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (number, keys, attached, inline) in [
        (1, true, false, false),
        (2, false, true, false),
        (3, false, false, true),
        (4, false, false, false),
    ] {
        let burden = read!(script, users::burden(HERE, number));
        let expected = Burden {
            keys,
            attached,
            inline,
        };
        script.expect(burden, expected);
        let mut batch = Batch::new();
        step!(script, batch, users::delete(HERE, number));
        // Its hold is step 0, the delete step 1.
        let outcome = if number == 4 {
            Outcome::Done
        } else {
            Outcome::Guard(1)
        };
        assert_eq!(script.commit(batch).await, outcome);
    }
    let mut batch = Batch::new();
    step!(script, batch, users::hold(ELSEWHERE, 1, Hold::Shared));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
}
