use thingsmith_core::logging::{self, Options, Target};
use thingsmith_model::Realm;
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn target(kind: &str, name: &str) -> Target {
    Target {
        kind: kind.into(),
        name: name.into(),
    }
}

pub(super) async fn play(script: &mut Script) {
    let none = read!(script, logging::options(HERE));
    script.expect(none, Options::default());
    for given in [
        Options {
            role_arn: Some("r".into()),
            disabled: Some(true),
            ..Options::default()
        },
        Options {
            events: Some("[]".into()),
            disabled: Some(false),
            ..Options::default()
        },
        Options {
            first_role_arn: Some("f".into()),
            first_level: Some("INFO".into()),
            ..Options::default()
        },
    ] {
        let mut batch = Batch::new();
        step!(script, batch, logging::put_options(HERE, &given));
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    let all = read!(script, logging::options(HERE));
    let expected = Options {
        role_arn: Some("r".into()),
        disabled: Some(false),
        events: Some("[]".into()),
        first_role_arn: Some("f".into()),
        first_level: Some("INFO".into()),
    };
    script.expect(all, expected);
    let elsewhere = read!(script, logging::options(ELSEWHERE));
    script.expect(elsewhere, Options::default());

    let mut batch = Batch::new();
    for (kind, name, level) in [
        ("DEFAULT", "", "INFO"),
        ("THING_GROUP", "b", "DEBUG"),
        ("CLIENT_ID", "a", "WARN"),
        ("THING_GROUP", "B", "ERROR"),
        ("THING_GROUP", "b", "DISABLED"),
    ] {
        step!(
            script,
            batch,
            logging::put_level(HERE, &target(kind, name), level)
        );
    }
    step!(
        script,
        batch,
        logging::put_level(ELSEWHERE, &target("CLIENT_ID", "z"), "INFO")
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (kind, after, limit, expected) in [
        (None, ("", ""), 9, vec!["a", "", "B", "b"]),
        (None, ("DEFAULT", ""), 1, vec!["B"]),
        (Some("THING_GROUP"), ("", ""), 9, vec!["B", "b"]),
        (Some("THING_GROUP"), ("THING_GROUP", "B"), 9, vec!["b"]),
        (Some("SOURCE_IP"), ("", ""), 9, vec![]),
    ] {
        let page = read!(script, logging::page(HERE, kind, after, limit));
        let names: Vec<_> = page.iter().map(|(target, _)| target.name.as_str()).collect();
        script.expect(names, expected);
    }
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        logging::delete_level(HERE, &target("CLIENT_ID", "a"))
    );
    step!(
        script,
        batch,
        logging::delete_level(HERE, &target("CLIENT_ID", "z"))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, kind, name, level) in [
        (HERE, "THING_GROUP", "b", Some("DISABLED")),
        (HERE, "CLIENT_ID", "a", None),
        (ELSEWHERE, "CLIENT_ID", "z", Some("INFO")),
    ] {
        let found = read!(script, logging::level(realm, &target(kind, name)));
        script.expect(found.as_deref(), level);
    }
}
