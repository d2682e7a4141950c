use thingsmith_core::identity_policies::{self, rows::Attached};
use thingsmith_core::managed_policies;
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::managed_policies::policy;
use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);
const HOLDER: i64 = 50;

pub(super) async fn play(script: &mut Script) {
    for (realm, name, document, characters, outcome) in [
        (HERE, "b", "{1}", 6, Outcome::Done),
        (HERE, "a", "{2}", 4, Outcome::Done),
        (HERE, "c", "{3}", 1, Outcome::Guard(0)),
        // One that takes another's place does not count twice.
        (HERE, "b", "{4}", 6, Outcome::Done),
        (HERE, "b", "{5}", 7, Outcome::Guard(0)),
        (ELSEWHERE, "c", "{6}", 10, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            identity_policies::put_inline(realm, HOLDER, name, document, (characters, 10))
        );
        assert_eq!(script.commit(batch).await, outcome, "{name} {document}");
    }
    for (name, characters) in [("a", 6), ("c", 10)] {
        let others = read!(script, identity_policies::characters_but(HERE, HOLDER, name));
        script.expect(others, characters);
    }
    for (realm, name, document) in [
        (HERE, "b", Some("{4}")),
        (HERE, "c", None),
        (ELSEWHERE, "b", None),
    ] {
        let found = read!(script, identity_policies::inline(realm, HOLDER, name));
        script.expect(found.as_deref(), document);
    }
    for (after, limit, names) in [("", 9, vec!["a", "b"]), ("a", 9, vec!["b"]), ("", 1, vec!["a"])] {
        let page = read!(
            script,
            identity_policies::page_of_inline(HERE, HOLDER, after, limit)
        );
        script.expect(page, names.into_iter().map(str::to_owned).collect());
    }

    let mut batch = Batch::new();
    managed_policies::rows::insert(&mut batch, HERE, &policy(7, "Seven", "/a/"));
    managed_policies::rows::insert_version(&mut batch, HERE, 7, 1, "{7}", Timestamp::from_millis(1));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (policy, limit, outcome) in [
        (7, 3, Outcome::Done),
        (7, 3, Outcome::Duplicate(0)),
        (-1, 3, Outcome::Done),
        (8, 2, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            identity_policies::attach(HERE, HOLDER, policy, limit)
        );
        assert_eq!(script.commit(batch).await, outcome, "{policy}");
    }
    for (realm, policy, expected) in [
        (HERE, 7, (2, true)),
        (HERE, 8, (2, false)),
        (ELSEWHERE, 7, (0, false)),
    ] {
        let attached = read!(script, identity_policies::attached(realm, HOLDER, policy));
        script.expect(attached, expected);
    }
    let all = read!(script, identity_policies::all_attached(HERE, HOLDER));
    let expected = [(-1, None), (7, Some(("Seven", "/a/")))].map(|(policy, named)| Attached {
        policy,
        name: named.map(|(name, _)| name.to_owned()),
        path: named.map(|(_, path)| path.to_owned()),
    });
    script.expect(all, expected.to_vec());
    let mut documents = read!(script, identity_policies::documents(HERE, HOLDER));
    documents.sort();
    let expected = [(-1, None), (0, Some("{2}")), (0, Some("{4}")), (7, Some("{7}"))];
    script.expect(
        documents,
        expected
            .map(|(number, text)| (number, text.map(str::to_owned)))
            .to_vec(),
    );

    let mut batch = Batch::new();
    step!(script, batch, identity_policies::detach(HERE, HOLDER, 7));
    step!(script, batch, identity_policies::delete_inline(HERE, HOLDER, "a"));
    assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        identity_policies::delete_inline(ELSEWHERE, HOLDER, "b")
    );
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
}
