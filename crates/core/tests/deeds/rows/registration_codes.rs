use thingsmith_core::registration_codes;
use thingsmith_model::Realm;
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

pub(super) async fn play(script: &mut Script) {
    let none = read!(script, registration_codes::find(Realm(1)));
    script.expect(none, None);
    for (realm, code) in [(1, "aa"), (1, "bb"), (2, "cc")] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            registration_codes::insert_if_absent(Realm(realm), code)
        );
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    for (realm, code, outcome) in [
        (1, "bb", Outcome::Guard(0)),
        (2, "aa", Outcome::Guard(0)),
        (1, "aa", Outcome::Done),
        (1, "aa", Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, registration_codes::delete(Realm(realm), code));
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (realm, expected) in [(1, None), (2, Some("cc".to_owned()))] {
        let found = read!(script, registration_codes::find(Realm(realm)));
        script.expect(found, expected);
    }
}
