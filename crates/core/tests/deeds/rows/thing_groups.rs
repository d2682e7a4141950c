use thingsmith_core::thing_groups::rows::Member;
use thingsmith_core::thing_groups::{self, NamedGroup, ThingGroup};
use thingsmith_core::things::{self, Thing};
use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::{attributes, group_name, thing_group, thing_name};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

/// `a` with `b` and `c` below it, `d` below `b`, and `E` alone.
struct Tree {
    a: ThingGroup,
    b: ThingGroup,
    d: ThingGroup,
    e: ThingGroup,
}

pub(super) async fn play(script: &mut Script) {
    let tree = tree(script).await;
    find(script, &tree).await;
    pages(script).await;
    members(script, &tree).await;
    update_and_delete(script, &tree).await;
}

async fn tree(script: &mut Script) -> Tree {
    let a = thing_group(10, "a", None);
    let b = thing_group(12, "b", Some(&a));
    let c = thing_group(11, "c", Some(&a));
    let d = thing_group(13, "d", Some(&b));
    let e = thing_group(14, "E", None);
    let mut batch = Batch::new();
    for group in [&a, &b, &c, &d, &e] {
        step!(script, batch, thing_groups::insert(HERE, group, 2)).unwrap();
    }
    step!(
        script,
        batch,
        thing_groups::insert(ELSEWHERE, &thing_group(15, "a", None), 0)
    )
    .unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (group, outcome) in [
        // The name is taken; the number is; there are two children.
        (thing_group(20, "a", None), Outcome::Duplicate(1)),
        (thing_group(10, "new", None), Outcome::Duplicate(1)),
        (thing_group(20, "new", Some(&a)), Outcome::Guard(1)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, thing_groups::hold(HERE, 10, Hold::Exclusive));
        step!(script, batch, thing_groups::insert(HERE, &group, 2)).unwrap();
        assert_eq!(script.commit(batch).await, outcome, "{}", group.name);
    }
    Tree { a, b, d, e }
}

async fn find(script: &mut Script, tree: &Tree) {
    for (realm, name, expected) in [
        (HERE, "a", Some(tree.a.clone())),
        (HERE, "d", Some(tree.d.clone())),
        (HERE, "e", None),
        (ELSEWHERE, "d", None),
    ] {
        let found = read!(script, thing_groups::find(realm, &group_name(name)));
        script.expect(found, expected);
    }
    for (realm, number, expected) in [
        (HERE, 13, vec!["a", "b", "d"]),
        (HERE, 14, vec!["E"]),
        (HERE, 0, vec![]),
        (ELSEWHERE, 13, vec![]),
    ] {
        let line = read!(script, thing_groups::line(realm, number));
        script.expect(names(&line), expected);
    }
    for (realm, number, expected) in [(HERE, 10, 2), (HERE, 12, 1), (HERE, 13, 0), (ELSEWHERE, 10, 0)] {
        let children = read!(script, thing_groups::children(realm, number));
        script.expect(children, expected);
    }
}

async fn pages(script: &mut Script) {
    for (realm, prefix, after, limit, expected) in [
        (HERE, "", None, 10, vec!["E", "a", "b", "c", "d"]),
        (HERE, "", Some("a"), 2, vec!["b", "c"]),
        (HERE, "b", None, 10, vec!["b"]),
        (HERE, "b", Some("b"), 10, vec![]),
        (ELSEWHERE, "", None, 10, vec!["a"]),
    ] {
        let page = read!(script, thing_groups::page(realm, prefix, after, limit));
        script.expect(names(&page), expected);
    }
    for (parent, prefix, after, limit, expected) in [
        (0, "", None, 10, vec!["E", "a"]),
        (10, "", None, 10, vec!["b", "c"]),
        (10, "", Some("b"), 1, vec!["c"]),
        (10, "c", None, 10, vec!["c"]),
        (13, "", None, 10, vec![]),
    ] {
        let page = read!(
            script,
            thing_groups::page_of_children(HERE, parent, prefix, after, limit)
        );
        script.expect(names(&page), expected);
    }
    for (realm, ancestor, prefix, after, limit, expected) in [
        (HERE, 10, "", 0, 10, vec!["c", "b", "d"]),
        (HERE, 10, "", 11, 1, vec!["b"]),
        (HERE, 10, "d", 0, 10, vec!["d"]),
        (HERE, 13, "", 0, 10, vec![]),
        (ELSEWHERE, 10, "", 0, 10, vec![]),
    ] {
        let page = read!(
            script,
            thing_groups::page_below(realm, ancestor, prefix, after, limit)
        );
        script.expect(names(&page), expected);
    }
}

/// The things 1, 2 and 3: 1 and 2 are in `d`, 3 is in `b`, and 1 is in `E` too.
async fn members(script: &mut Script, tree: &Tree) {
    let mut batch = Batch::new();
    for number in 1..=3 {
        let thing = Thing {
            number,
            name: thing_name(&format!("t{number}")),
            thing_id: Uuid::from_u128(1),
            version: 1,
            attributes: attributes([]),
            thing_type: None,
            billing_group: None,
        };
        things::rows::insert(&mut batch, HERE, &thing).unwrap();
    }
    for (thing, group) in [(1, &tree.d), (2, &tree.d), (3, &tree.b), (1, &tree.e)] {
        step!(script, batch, thing_groups::join(HERE, thing, group, 2));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let other = thing_group(30, "other", None);
    for (thing, group, limit, outcome) in [
        // In it already; in another of the hierarchy; in as many as it may be.
        (1, &tree.d, 9, Outcome::Duplicate(0)),
        (3, &tree.d, 9, Outcome::Duplicate(0)),
        (1, &other, 2, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, thing_groups::join(HERE, thing, group, limit));
        assert_eq!(script.commit(batch).await, outcome, "{thing} {}", group.name);
    }
    for (realm, thing, expected) in [
        (HERE, 1, vec![("d", 10), ("E", 14)]),
        (HERE, 3, vec![("b", 10)]),
        (HERE, 4, vec![]),
        (ELSEWHERE, 1, vec![]),
    ] {
        let found = read!(script, thing_groups::memberships(realm, thing));
        let told = found.iter().map(|found| (found.group.name.as_str(), found.root));
        script.expect(told.collect::<Vec<_>>(), expected);
    }
    for (realm, group, after, limit, expected) in [
        (HERE, 13, 0, 10, vec![(13, 1), (13, 2)]),
        (HERE, 13, 1, 10, vec![(13, 2)]),
        (HERE, 13, 0, 1, vec![(13, 1)]),
        (HERE, 10, 0, 10, vec![]),
        (ELSEWHERE, 13, 0, 10, vec![]),
    ] {
        let page = read!(script, thing_groups::page_of_things(realm, group, after, limit));
        script.expect(numbers(&page), expected);
    }
    for (realm, group, after, limit, expected) in [
        (HERE, 10, (0, 0), 10, vec![(12, 3), (13, 1), (13, 2)]),
        (HERE, 10, (12, 3), 1, vec![(13, 1)]),
        (HERE, 10, (13, 1), 10, vec![(13, 2)]),
        (HERE, 10, (13, 2), 10, vec![]),
        (HERE, 14, (0, 0), 10, vec![(14, 1)]),
        (ELSEWHERE, 10, (0, 0), 10, vec![]),
    ] {
        let page = read!(
            script,
            thing_groups::page_of_things_below(realm, group, after, limit)
        );
        script.expect(numbers(&page), expected);
    }
    let mut batch = Batch::new();
    for _ in 0..2 {
        step!(script, batch, thing_groups::leave(HERE, 2, 13));
    }
    step!(script, batch, thing_groups::leave_all(ELSEWHERE, 1));
    step!(script, batch, thing_groups::leave_all(HERE, 3));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let left = read!(script, thing_groups::page_of_things_below(HERE, 10, (0, 0), 10));
    script.expect(numbers(&left), vec![(13, 1)]);
}

async fn update_and_delete(script: &mut Script, tree: &Tree) {
    let after = ThingGroup {
        version: 2,
        description: Some("€".into()),
        attributes: attributes([]),
        ..tree.d.clone()
    };
    for outcome in [Outcome::Done, Outcome::Guard(0)] {
        let mut batch = Batch::new();
        step!(script, batch, thing_groups::update(HERE, &after)).unwrap();
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, thing_groups::find(HERE, &group_name("d")));
    script.expect(found, Some(after.clone()));
    for (realm, group, outcome) in [
        // Not its version; a child; not there.
        (HERE, &tree.d, Outcome::Guard(1)),
        (HERE, &tree.b, Outcome::Guard(1)),
        (ELSEWHERE, &after, Outcome::Guard(0)),
        (HERE, &after, Outcome::Done),
        (HERE, &tree.b, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, thing_groups::delete(realm, group));
        assert_eq!(script.commit(batch).await, outcome, "{}", group.name);
    }
    let left = read!(script, thing_groups::page_below(HERE, 10, "", 0, 10));
    script.expect(names(&left), vec!["c"]);
    let left = read!(script, thing_groups::memberships(HERE, 1));
    script.expect(left.len(), 1);
}

fn names(groups: &[NamedGroup]) -> Vec<&str> {
    groups.iter().map(|group| group.name.as_str()).collect()
}

fn numbers(members: &[Member]) -> Vec<(i64, i64)> {
    members
        .iter()
        .map(|member| (member.group, member.thing))
        .collect()
}
