use thingsmith_core::realms::{self, RealmRecord};
use thingsmith_model::Realm;
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

fn record(realm: i64, account: &str, region: &str, endpoint_prefix: &str) -> RealmRecord {
    RealmRecord {
        realm: Realm(realm),
        account: account.parse().unwrap(),
        region: region.parse().unwrap(),
        endpoint_prefix: endpoint_prefix.into(),
    }
}

pub(super) async fn play(script: &mut Script) {
    let first = record(1, "000000000000", "us-east-1", "abc");
    let elsewhere = record(2, "000000000000", "eu-west-1", "def");
    for (new, outcome) in [
        (&first, Outcome::Done),
        (&elsewhere, Outcome::Done),
        // The second node that makes the same realm changes nothing.
        (&record(3, "000000000000", "us-east-1", "ghi"), Outcome::Done),
        // But another realm must not share a number or an endpoint.
        (
            &record(1, "111111111111", "us-east-1", "jkl"),
            Outcome::Duplicate(0),
        ),
        (
            &record(4, "111111111111", "us-east-1", "abc"),
            Outcome::Duplicate(0),
        ),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, realms::insert(new));
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (account, region, expected) in [
        ("000000000000", "us-east-1", Some(&first)),
        ("000000000000", "eu-west-1", Some(&elsewhere)),
        ("111111111111", "us-east-1", None),
    ] {
        let found = read!(
            script,
            realms::find(&account.parse().unwrap(), &region.parse().unwrap())
        );
        script.expect(found.as_ref(), expected);
    }
    for (number, expected) in [(1, Some(&first)), (2, Some(&elsewhere)), (3, None)] {
        let found = read!(script, realms::by_number(Realm(number)));
        script.expect(found.as_ref(), expected);
    }
    for (prefix, expected) in [("abc", Some(&first)), ("ABC", None), ("ab", None), ("ghi", None)] {
        let found = read!(script, realms::by_endpoint_prefix(prefix));
        script.expect(found.as_ref(), expected);
    }
}
