use thingsmith_core::thing_registration_tasks::{self, Floor, Progress, Task, TaskStatus};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn task(number: i64, status: TaskStatus) -> Task {
    Task {
        number,
        id: format!("task-{number}"),
        template_body: "{\"ü\": 1}".into(),
        bucket: "fleet".into(),
        key: "a/b".into(),
        etag: "0123".into(),
        size: 1 << 40,
        role_arn: "arn:aws:iam::123456789012:role/bulk".into(),
        status,
        message: (!status.is_under_way()).then(|| "why".into()),
        created_at: at(number),
        modified_at: at(number),
        ended_at: (!status.is_under_way()).then(|| at(number + 10)),
        epoch: 0,
        lease_until: at(0),
        result_parts: 0,
        error_parts: 0,
    }
}

pub(super) async fn play(script: &mut Script) {
    insert_and_find(script).await;
    lease(script).await;
    lines(script).await;
    end(script).await;
}

async fn insert_and_find(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, new) in [
        (HERE, task(1, TaskStatus::Failed)),
        (HERE, task(2, TaskStatus::Completed)),
        (HERE, task(3, TaskStatus::InProgress)),
        (ELSEWHERE, task(4, TaskStatus::Cancelling)),
    ] {
        step!(script, batch, thing_registration_tasks::insert(realm, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, status, outcome) in [
        (HERE, TaskStatus::InProgress, Outcome::Duplicate(0)),
        (HERE, TaskStatus::Cancelling, Outcome::Duplicate(0)),
        (ELSEWHERE, TaskStatus::InProgress, Outcome::Duplicate(0)),
        (HERE, TaskStatus::Cancelled, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            thing_registration_tasks::insert(realm, &task(5, status))
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (realm, id, expected) in [
        (HERE, "task-1", Some(task(1, TaskStatus::Failed))),
        (HERE, "task-3", Some(task(3, TaskStatus::InProgress))),
        (HERE, "task-4", None),
        (ELSEWHERE, "task-4", Some(task(4, TaskStatus::Cancelling))),
    ] {
        let found = read!(script, thing_registration_tasks::find(realm, id));
        script.expect(found, expected);
    }
    for (realm, expected) in [(HERE, Some(3)), (ELSEWHERE, Some(4)), (Realm(3), None)] {
        let found = read!(script, thing_registration_tasks::under_way(realm));
        script.expect(found.map(|found| found.number), expected);
    }
    for (status, before, limit, expected) in [
        ("", i64::MAX, 9, vec![5, 3, 2, 1]),
        ("", 3, 1, vec![2]),
        ("Failed", i64::MAX, 9, vec![1]),
        ("Cancelling", i64::MAX, 9, vec![]),
    ] {
        let page = read!(
            script,
            thing_registration_tasks::page(HERE, status, before, limit)
        );
        script.expect(page.iter().map(|found| found.0).collect::<Vec<_>>(), expected);
    }
    for (before, limit, expected) in [
        (at(11), 9, vec![]),
        (at(99), 9, vec![1, 2, 5]),
        (at(99), 1, vec![1]),
    ] {
        let found = read!(script, thing_registration_tasks::ended_before(before, limit));
        script.expect(
            found.iter().map(|found| found.1.number).collect::<Vec<_>>(),
            expected,
        );
    }
}

async fn lease(script: &mut Script) {
    let waiting = read!(script, thing_registration_tasks::waiting(at(0), 9));
    script.expect(
        waiting,
        vec![
            (HERE, task(3, TaskStatus::InProgress)),
            (ELSEWHERE, task(4, TaskStatus::Cancelling)),
        ],
    );
    let unread = task(3, TaskStatus::InProgress);
    for (task, epoch, outcome) in [(&unread, 7, Outcome::Done), (&unread, 8, Outcome::Guard(0))] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            thing_registration_tasks::take(HERE, task, epoch, at(100))
        );
        for lane in [0, 1] {
            step!(
                script,
                batch,
                thing_registration_tasks::take_lane(HERE, 3, lane, epoch)
            );
        }
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (epoch, outcome) in [(7, Outcome::Done), (8, Outcome::Guard(0))] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            thing_registration_tasks::renew(HERE, (3, epoch), (at(50), at(200)), Some("it rests"))
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (now, expected) in [(at(199), vec![4]), (at(200), vec![3, 4])] {
        let waiting = read!(script, thing_registration_tasks::waiting(now, 9));
        script.expect(
            waiting.iter().map(|found| found.1.number).collect::<Vec<_>>(),
            expected,
        );
    }
}

async fn lines(script: &mut Script) {
    let floor = |line| Floor {
        line,
        offset: line * 10,
    };
    for (lane, epoch, line, failed, outcome) in [
        (0, 7, 1, false, Outcome::Done),
        (1, 7, 2, true, Outcome::Done),
        (0, 7, 4, false, Outcome::Done),
        (0, 7, 4, true, Outcome::Duplicate(1)),
        (0, 8, 5, true, Outcome::Guard(0)),
        (2, 7, 5, true, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        let place = (3, lane, epoch);
        step!(
            script,
            batch,
            thing_registration_tasks::count_line(HERE, place, failed, 10, floor(line - 1))
        );
        step!(
            script,
            batch,
            thing_registration_tasks::insert_line(HERE, 3, line, failed, &format!("{{\"ü\":{line}}}"))
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let progress = read!(script, thing_registration_tasks::progress(HERE, 3));
    script.expect(
        progress,
        Progress {
            successes: 2,
            failures: 1,
            bytes: 30,
        },
    );
    let progress = read!(script, thing_registration_tasks::progress(ELSEWHERE, 3));
    script.expect(progress, Progress::default());
    for (realm, expected) in [(HERE, floor(3)), (ELSEWHERE, Floor::default())] {
        let found = read!(script, thing_registration_tasks::floor(realm, 3));
        script.expect(found, expected);
    }
    for (realm, place, expected) in [
        (HERE, (3, 0, 4), (true, Some(7))),
        (HERE, (3, 1, 5), (false, Some(7))),
        (HERE, (3, 9, 5), (false, None)),
        (ELSEWHERE, (3, 0, 4), (false, None)),
    ] {
        let found = read!(script, thing_registration_tasks::standing(realm, place));
        script.expect(found, expected);
    }
    for (after, limit, expected) in [(0, 9, vec![1, 2, 4]), (1, 1, vec![2]), (4, 9, vec![])] {
        let done = read!(
            script,
            thing_registration_tasks::done_after(HERE, 3, after, limit)
        );
        script.expect(done, expected);
    }
    let kept = |line: i64, failed: bool| (line, failed, format!("{{\"ü\":{line}}}"));
    let found = read!(script, thing_registration_tasks::lines(HERE, 3, 1, 9));
    script.expect(found, vec![kept(2, true), kept(4, false)]);
    let found = read!(script, thing_registration_tasks::failed_lines(HERE, 3, 0, 9));
    script.expect(found, vec![(2, "{\"ü\":2}".to_owned())]);
}

async fn end(script: &mut Script) {
    for (realm, outcome) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, thing_registration_tasks::cancel(realm, 3, at(60)));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, thing_registration_tasks::ended_with_lines(9));
    script.expect(found, vec![]);
    let mut ended = task(3, TaskStatus::Cancelled);
    ended.epoch = 7;
    (ended.result_parts, ended.error_parts) = (2, 1);
    for (from, outcome) in [
        (TaskStatus::InProgress, Outcome::Guard(0)),
        (TaskStatus::Cancelling, Outcome::Done),
        (TaskStatus::Cancelled, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, thing_registration_tasks::end(HERE, &ended, from));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, thing_registration_tasks::find(HERE, "task-3")).unwrap();
    script.expect(
        (
            found.status,
            found.message,
            found.ended_at,
            found.result_parts,
            found.error_parts,
        ),
        (TaskStatus::Cancelled, Some("why".to_owned()), Some(at(13)), 2, 1),
    );
    let found = read!(script, thing_registration_tasks::ended_with_lines(9));
    script.expect(found, vec![(HERE, 3)]);
    let mut batch = Batch::new();
    step!(script, batch, thing_registration_tasks::delete_lines(HERE, 3, 2));
    step!(
        script,
        batch,
        thing_registration_tasks::delete_lines(ELSEWHERE, 3, 9)
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let done = read!(script, thing_registration_tasks::done_after(HERE, 3, 0, 9));
    script.expect(done, vec![4]);
    let mut batch = Batch::new();
    step!(script, batch, thing_registration_tasks::delete(ELSEWHERE, 3));
    step!(script, batch, thing_registration_tasks::delete(HERE, 3));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, thing_registration_tasks::find(HERE, "task-3"));
    script.expect(found, None);
    let progress = read!(script, thing_registration_tasks::progress(HERE, 3));
    script.expect(progress, Progress::default());
}
