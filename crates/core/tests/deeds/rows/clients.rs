use thingsmith_core::clients::rows::AskedQuestion;
use thingsmith_core::clients::{self, Answer, Departure, Question, Report};
use thingsmith_model::Realm;
use thingsmith_mqtt::Message;
use thingsmith_ports::Batch;

use super::retained::{at, plain, rich};
use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const THERE: Realm = Realm(2);

fn asked(number: i64, question: Question) -> AskedQuestion {
    AskedQuestion {
        realm: HERE,
        number,
        asker: 7,
        asked_at: at(1_000 + number),
        client_id: "Pümp".into(),
        question,
    }
}

fn deliver(message: Message) -> Question {
    Question::Deliver {
        message: Some(message),
        confirmation_seconds: Some(15),
    }
}

fn report() -> Report {
    Report {
        thing_name: Some("pump".into()),
        keep_alive_seconds: 60,
        connected_at: at(5),
        session_expiry_seconds: 3_600,
        source: "[::1]:4000".parse().unwrap(),
        target: "127.0.0.1:8883".parse().unwrap(),
        subscriptions: vec![("a/#".into(), 0), ("b".into(), 1)],
    }
}

pub(super) async fn play(script: &mut Script) {
    nodes(script).await;
    let leave = Question::Leave {
        clean_session: true,
        prevent_will: false,
    };
    let questions = [
        asked(1, Question::Report),
        asked(2, leave),
        asked(3, deliver(plain("a/b", b"x"))),
        asked(4, deliver(rich("c", 10))),
    ];
    let mut batch = Batch::new();
    for question in &questions {
        step!(script, batch, clients::ask(question)).unwrap();
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for question in &questions {
        let found = read!(script, clients::question(HERE, question.number));
        script.expect(found, Some(question.clone()));
    }
    for (realm, number) in [(THERE, 1), (HERE, 9)] {
        let found = read!(script, clients::question(realm, number));
        script.expect(found, None);
    }

    let departure = Departure {
        report: report(),
        at: at(6),
        reason: "CONNECTION_LOST".into(),
    };
    let answers = [
        Answer::Absent,
        Answer::Departed(departure),
        Answer::Connected(report()),
        Answer::Done,
        Answer::Denied,
        Answer::Unconfirmed,
        Answer::Busy,
        Answer::Failed("why".into()),
    ];
    let mut batch = Batch::new();
    for (node, answer) in (10..).zip(&answers) {
        step!(script, batch, clients::answer(HERE, 1, node, answer)).unwrap();
    }
    // A node's first answer counts; nobody answers in another realm, or what was not asked.
    step!(script, batch, clients::answer(HERE, 1, 10, &Answer::Done)).unwrap();
    step!(script, batch, clients::answer(THERE, 1, 30, &Answer::Done)).unwrap();
    step!(script, batch, clients::answer(HERE, 9, 30, &Answer::Done)).unwrap();
    step!(script, batch, clients::answer(HERE, 2, 30, &Answer::Done)).unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, clients::answers(HERE, 1));
    script.expect(found, (10..).zip(answers).collect::<Vec<_>>());
    for (realm, number) in [(THERE, 1), (HERE, 9)] {
        let found = read!(script, clients::answers(realm, number));
        script.expect(found, vec![]);
    }

    let mut batch = Batch::new();
    step!(script, batch, clients::withdraw(THERE, 1));
    step!(script, batch, clients::withdraw(HERE, 2));
    step!(script, batch, clients::withdraw(HERE, 2));
    step!(script, batch, clients::delete_before(at(1_004), at(0)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (number, left) in [(1, false), (2, false), (3, false), (4, true)] {
        let found = read!(script, clients::question(HERE, number));
        script.expect(found.is_some(), left);
        let answers = read!(script, clients::answers(HERE, number));
        script.expect(answers, vec![]);
    }
}

async fn nodes(script: &mut Script) {
    let mut batch = Batch::new();
    for (node, seen) in [(3, 10), (2, 20), (1, 30), (3, 15)] {
        step!(script, batch, clients::see_node(node, at(seen)));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (node, after, expected) in [(0, 0, vec![1, 2, 3]), (2, 14, vec![1, 3]), (0, 15, vec![1, 2])] {
        let found = read!(script, clients::other_nodes(node, at(after)));
        script.expect(found, expected);
    }
    let mut batch = Batch::new();
    step!(script, batch, clients::delete_before(at(0), at(20)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, clients::other_nodes(0, at(0)));
    script.expect(found, vec![1, 2]);
}
