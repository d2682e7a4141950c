use thingsmith_core::functions::{self, Function, Permission};
use thingsmith_core::layers::LayerOfFunction;
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn function(number: i64, name: &str) -> Function {
    Function {
        number,
        name: name.into(),
        role_arn: "arn:aws:iam::123456789012:role/line".into(),
        runtime: "python3.11".into(),
        handler: "app.handler".into(),
        description: String::new(),
        timeout_seconds: 3,
        memory_mib: 128,
        storage_mib: 512,
        architecture: "x86_64".into(),
        sealed_environment: (number == 1).then(|| vec![0, 255]),
        code_sha256: vec![1; 32],
        code_bytes: 3,
        revision: format!("r{number}"),
        policy_revision: format!("p{number}"),
        modified_at: Timestamp::from_millis(number),
        layers: layers(number),
    }
}

fn layers(number: i64) -> Vec<LayerOfFunction> {
    let layer = |name: &str, version| LayerOfFunction {
        number: version + 10,
        name: name.into(),
        version,
        code_bytes: 5,
    };
    match number {
        1 => vec![layer("b-_", 2), layer("a", 1)],
        _ => Vec::new(),
    }
}

fn permission(statement_id: &str) -> Permission {
    Permission {
        statement_id: statement_id.into(),
        action: "lambda:InvokeFunction".into(),
        principal: "iot.amazonaws.com".into(),
        source_arn: (statement_id == "a").then(|| "arn:aws:iot:us-east-1:123456789012:rule/*".into()),
        source_account: (statement_id == "a").then(|| "123456789012".into()),
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, new) in [
        (HERE, function(1, "b")),
        (HERE, function(2, "B")),
        (HERE, function(3, "a-_")),
        (ELSEWHERE, function(4, "b")),
    ] {
        step!(script, batch, functions::insert(realm, &new));
        step!(
            script,
            batch,
            functions::set_code(realm, new.number, &[1; 32], b"PK")
        );
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(script, batch, functions::insert(HERE, &function(5, "b")));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "b", Some(function(1, "b"))),
        (HERE, "B", Some(function(2, "B"))),
        (ELSEWHERE, "B", None),
        (ELSEWHERE, "b", Some(function(4, "b"))),
    ] {
        let found = read!(script, functions::find(realm, name));
        script.expect(found, expected);
    }
    for (after, limit, expected) in [("", 9, vec![2, 3, 1]), ("B", 1, vec![3]), ("b", 9, vec![])] {
        let page = read!(script, functions::page(HERE, after, limit));
        script.expect(page.iter().map(|it| it.number).collect::<Vec<_>>(), expected);
    }
    code(script).await;
    change(script).await;
    policy(script).await;
    for (realm, outcome) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, functions::delete(realm, 1));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let left = read!(script, functions::permissions(HERE, 1));
    script.expect(left, Vec::new());
    let left = read!(script, functions::code(HERE, 1, &[2; 32]));
    script.expect(left, None);
}

async fn code(script: &mut Script) {
    let mut batch = Batch::new();
    step!(script, batch, functions::set_code(HERE, 1, &[2; 32], b"PK\0\xff"));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, sha256, expected) in [
        (HERE, [1; 32], None),
        (HERE, [2; 32], Some(b"PK\0\xff".to_vec())),
        (ELSEWHERE, [2; 32], None),
    ] {
        let zip = read!(script, functions::code(realm, 1, &sha256));
        script.expect(zip, expected);
    }
}

async fn change(script: &mut Script) {
    let changed = Function {
        role_arn: "other".into(),
        runtime: "python3.12".into(),
        handler: "other".into(),
        description: "d".into(),
        timeout_seconds: 900,
        memory_mib: 256,
        storage_mib: 1024,
        architecture: "arm64".into(),
        sealed_environment: None,
        code_sha256: vec![2; 32],
        code_bytes: 4,
        revision: "later".into(),
        modified_at: Timestamp::from_millis(99),
        ..function(1, "b")
    };
    for (realm, before, outcome) in [
        (HERE, "other", Outcome::Guard(0)),
        (ELSEWHERE, "r1", Outcome::Guard(0)),
        (HERE, "r1", Outcome::Done),
        (HERE, "r1", Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, functions::update(realm, &changed, before));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, functions::find(HERE, "b"));
    script.expect(found, Some(changed));
}

async fn policy(script: &mut Script) {
    for (id, outcome) in [
        ("b", Outcome::Done),
        ("a", Outcome::Done),
        ("a", Outcome::Duplicate(0)),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            functions::insert_permission(HERE, 1, &permission(id))
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, functions::permissions(HERE, 1));
    script.expect(found, vec![permission("a"), permission("b")]);
    let found = read!(script, functions::permissions(ELSEWHERE, 1));
    script.expect(found, Vec::new());
    for (realm, revisions, outcome) in [
        (ELSEWHERE, ("p1", "p9"), Outcome::Guard(0)),
        (HERE, ("p0", "p9"), Outcome::Guard(0)),
        (HERE, ("p1", "p9"), Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, functions::revise_policy(realm, 1, revisions));
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (realm, outcome) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, functions::delete_permission(realm, 1, "a"));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, functions::permissions(HERE, 1));
    script.expect(found, vec![permission("b")]);
}
