use thingsmith_core::functions;
use thingsmith_core::layers::{self, Compatible, LayerOfFunction, LayerVersion};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn version(number: i64, name: &str, version: i64, runtimes: &[&str]) -> LayerVersion {
    LayerVersion {
        number,
        name: name.into(),
        version,
        description: "d".into(),
        license: String::new(),
        runtimes: runtimes.iter().map(|it| (*it).to_owned()).collect(),
        architectures: vec!["x86_64".into()],
        code_sha256: vec![1; 32],
        code_bytes: 2,
        created_at: Timestamp::from_millis(number),
    }
}

fn of_function(version: &LayerVersion) -> LayerOfFunction {
    LayerOfFunction {
        number: version.number,
        name: version.name.clone(),
        version: version.version,
        code_bytes: version.code_bytes,
    }
}

pub(super) async fn play(script: &mut Script) {
    let one = version(1, "a", 1, &["python3.1", "python3.11"]);
    let two = version(2, "a", 2, &["python3.12"]);
    let other = version(3, "B", 1, &[]);
    let theirs = version(4, "a", 1, &[]);
    let mut batch = Batch::new();
    step!(script, batch, layers::insert_layer(HERE, "a"));
    step!(script, batch, layers::count_up(HERE, "a", 1));
    step!(script, batch, layers::insert_layer(HERE, "B"));
    step!(script, batch, layers::insert_layer(ELSEWHERE, "a"));
    for (realm, new) in [(HERE, &one), (HERE, &two), (HERE, &other), (ELSEWHERE, &theirs)] {
        step!(script, batch, layers::insert(realm, new));
        step!(script, batch, layers::set_code(realm, new.number, b"PK"));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, name, expected) in [
        (HERE, "a", Some(2)),
        (HERE, "b", None),
        (HERE, "B", Some(1)),
        (ELSEWHERE, "B", None),
    ] {
        let newest = read!(script, layers::newest_version(realm, name));
        script.expect(newest, expected);
    }
    let mut batch = Batch::new();
    step!(script, batch, layers::count_up(HERE, "a", 1));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let mut batch = Batch::new();
    step!(script, batch, layers::insert_layer(HERE, "a"));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    lists(script, &one, &two, &other).await;
    for (realm, number, expected) in [(HERE, 1, Some(one.clone())), (ELSEWHERE, 1, None)] {
        let found = read!(script, layers::by_number(realm, number));
        script.expect(found, expected);
    }
    deleting(script, &one, &two).await;
}

async fn lists(script: &mut Script, one: &LayerVersion, two: &LayerVersion, other: &LayerVersion) {
    let of = |runtime: Option<&str>, architecture: Option<&str>| Compatible {
        runtime: runtime.map(str::to_owned),
        architecture: architecture.map(str::to_owned),
    };
    let all = of(None, None);
    for (compatible, before, expected) in [
        (&all, 9, vec![two.clone(), one.clone()]),
        (&all, 2, vec![one.clone()]),
        (&of(Some("python3.1"), None), 9, vec![one.clone()]),
        (&of(Some("python3.12"), Some("x86_64")), 9, vec![two.clone()]),
        (&of(None, Some("arm64")), 9, vec![]),
    ] {
        let page = read!(script, layers::versions(HERE, "a", compatible, before, 9));
        script.expect(page, expected);
    }
    for (compatible, after, limit, expected) in [
        (&all, "", 9, vec![other.clone(), two.clone()]),
        (&all, "B", 1, vec![two.clone()]),
        (&of(Some("python3.11"), None), "", 9, vec![one.clone()]),
        (&of(None, Some("arm64")), "", 9, vec![]),
    ] {
        let page = read!(script, layers::newest(HERE, compatible, after, limit));
        script.expect(page, expected);
    }
}

async fn deleting(script: &mut Script, one: &LayerVersion, two: &LayerVersion) {
    let mut batch = Batch::new();
    let both = [of_function(two), of_function(one)];
    step!(script, batch, layers::give(HERE, 100, &both));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, outcome) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, layers::mark_deleted(realm, 1));
        step!(script, batch, layers::sweep(realm));
        assert_eq!(script.commit(batch).await, outcome);
    }
    // It is out of sight, and the function has it still.
    let found = read!(script, layers::find(HERE, "a", 1));
    script.expect(found, None);
    let code = read!(script, layers::code(HERE, 1));
    script.expect(code, Some(b"PK".to_vec()));
    let mut batch = Batch::new();
    step!(script, batch, layers::give(HERE, 101, &both));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let mut batch = Batch::new();
    step!(script, batch, layers::take_all(ELSEWHERE, 100));
    step!(script, batch, layers::sweep(HERE));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let code = read!(script, layers::code(HERE, 1));
    script.expect(code, Some(b"PK".to_vec()));
    let mut batch = Batch::new();
    step!(script, batch, layers::take_all(HERE, 100));
    step!(script, batch, layers::sweep(HERE));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, number, expected) in [
        (HERE, 1, None),
        (HERE, 2, Some(b"PK".to_vec())),
        (ELSEWHERE, 4, Some(b"PK".to_vec())),
    ] {
        let code = read!(script, layers::code(realm, number));
        script.expect(code, expected);
    }
    let found = read!(script, layers::find(HERE, "a", 2));
    script.expect(found, Some(two.clone()));
    let none = read!(script, functions::find(HERE, "a"));
    script.expect(none, None);
}
