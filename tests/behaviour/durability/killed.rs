//! A server that is killed while many callers register devices, again and again: whatever it acknowledged is there when
//! it comes back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thingsmith_agent::DeviceKey;

use crate::caller::Caller;
use crate::server::{Home, Server};

/// Callers at once.
const CALLERS: usize = 8;

/// What the server acknowledged.
#[derive(Default)]
struct Acknowledged {
    things: BTreeSet<String>,
    certificates: BTreeSet<String>,
    /// Thing, certificate ARN.
    principals: BTreeSet<(String, String)>,
    /// Certificate ARNs that have the policy.
    policies: BTreeSet<String>,
}

impl Acknowledged {
    fn add(&mut self, mut other: Self) {
        self.things.append(&mut other.things);
        self.certificates.append(&mut other.certificates);
        self.principals.append(&mut other.principals);
        self.policies.append(&mut other.policies);
    }

    fn len(&self) -> usize {
        self.things.len() + self.certificates.len() + self.principals.len() + self.policies.len()
    }
}

#[test]
fn twenty_kills_under_load_lose_nothing_that_was_acknowledged() {
    kill_again_and_again(&Home::sqlite(), 20);
}

#[test]
fn kills_under_load_lose_nothing_on_postgresql() {
    if let Some(home) = Home::postgres() {
        kill_again_and_again(&home, 5);
    }
}

fn kill_again_and_again(home: &Home, rounds: usize) {
    let key = DeviceKey::generate().unwrap();
    let mut all = Acknowledged::default();
    let mut server = home.start();
    server.administrator().allow_all();
    for round in 0..rounds {
        let (done, cut) = register_until_killed(server, round, &key);
        assert!(
            done.len() >= CALLERS,
            "round {round} acknowledged only {}",
            done.len()
        );
        // Else the server was killed at rest, which proves less.
        assert!(cut > 0, "round {round} was not under load");
        server = home.start();
        find(&server, &done);
        all.add(done);
    }
    find(&server, &all);
    find_in_lists(&mut server.administrator(), &all);
    println!("{} registrations acknowledged over {rounds} kills", all.len());
}

/// Registers devices from many threads and kills the server in the middle. Gives back what was acknowledged, and how
/// many requests got no answer.
fn register_until_killed(server: Server<'_>, round: usize, key: &DeviceKey) -> (Acknowledged, usize) {
    let caller = server.administrator();
    let count = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work: Vec<_> = (0..CALLERS)
            .map(|number| {
                let (mut caller, count) = (caller.another(), &count);
                scope.spawn(move || register(&mut caller, &format!("{round}-{number}"), key, count))
            })
            .collect();
        let deadline = Instant::now() + Duration::from_secs(20);
        while count.load(Ordering::Relaxed) < 2 * CALLERS && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Not always at the same moment of a commit.
        std::thread::sleep(Duration::from_micros(
            20_000 + 3_700 * u64::try_from(round).unwrap(),
        ));
        server.kill();
        let (mut done, mut cut) = (Acknowledged::default(), 0);
        for work in work {
            let (one, unanswered) = work.join().unwrap();
            done.add(one);
            cut += usize::from(unanswered);
        }
        (done, cut)
    })
}

/// Registers devices until there is no answer; whether the last request was sent on a connection that had answered.
fn register(caller: &mut Caller, prefix: &str, key: &DeviceKey, count: &AtomicUsize) -> (Acknowledged, bool) {
    let mut done = Acknowledged::default();
    for number in 0.. {
        if register_one(caller, &format!("{prefix}-{number}"), key, &mut done).is_err() {
            return (done, number > 0);
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("the server is killed before")
}

fn register_one(
    caller: &mut Caller,
    name: &str,
    key: &DeviceKey,
    done: &mut Acknowledged,
) -> std::io::Result<()> {
    let attributes = json!({ "attributePayload": { "attributes": { "name": name } } });
    let answer = caller.call("POST", &format!("/things/{name}"), &[], attributes)?;
    assert_eq!(answer.status, 200, "{answer:?}");
    done.things.insert(name.to_owned());
    let request = json!({ "certificateSigningRequest": key.signing_request(name).unwrap() });
    let answer = caller.call("POST", "/certificates?setAsActive=true", &[], request)?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let (id, arn) = (answer.text("certificateId"), answer.text("certificateArn"));
    done.certificates.insert(id);
    let answer = caller.attach_thing(name, &arn)?;
    assert_eq!(answer.status, 200, "{answer:?}");
    done.principals.insert((name.to_owned(), arn.clone()));
    let answer = caller.call("PUT", "/target-policies/allow-all", &[], json!({ "target": arn }))?;
    assert_eq!(answer.status, 200, "{answer:?}");
    done.policies.insert(arn);
    Ok(())
}

/// Asks for every acknowledged thing, certificate and attachment by itself.
fn find(server: &Server<'_>, acknowledged: &Acknowledged) {
    // The request, where in its answer to look, and what must stand there.
    let mut questions: Vec<(&str, String, &str, &str)> = Vec::new();
    for name in &acknowledged.things {
        questions.push(("GET", format!("/things/{name}"), "/attributes/name", name));
    }
    for id in &acknowledged.certificates {
        questions.push((
            "GET",
            format!("/certificates/{id}"),
            "/certificateDescription/status",
            "ACTIVE",
        ));
    }
    for (thing, arn) in &acknowledged.principals {
        questions.push(("GET", format!("/things/{thing}/principals"), "/principals/0", arn));
    }
    for arn in &acknowledged.policies {
        let target = format!(
            "/attached-policies/{}",
            arn.replace(':', "%3A").replace('/', "%2F")
        );
        questions.push(("POST", target, "/policies/0/policyName", "allow-all"));
    }
    let caller = server.administrator();
    std::thread::scope(|scope| {
        for questions in questions.chunks(questions.len().div_ceil(CALLERS).max(1)) {
            let mut caller = caller.another();
            scope.spawn(move || {
                for (method, target, place, wanted) in questions {
                    let answer = caller.must(method, target, Value::Null);
                    let found = answer.body.pointer(place).and_then(Value::as_str);
                    assert_eq!(found, Some(*wanted), "{target}: {answer:?}");
                }
            });
        }
    });
}

/// Looks for all of them in the lists, and sees that each stands there once.
fn find_in_lists(caller: &mut Caller, acknowledged: &Acknowledged) {
    let mut names = |target: &str, member: &str, name: &str| {
        let list = caller.list(target, member);
        let names: BTreeSet<String> = list
            .iter()
            .map(|it| it[name].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names.len(), list.len(), "{target} has something twice");
        names
    };
    let things = names("/things?maxResults=250", "things", "thingName");
    assert!(things.is_superset(&acknowledged.things));
    let certificates = names("/certificates?pageSize=250", "certificates", "certificateId");
    assert!(certificates.is_superset(&acknowledged.certificates));
    // At most one request of each caller and round was under way.
    assert!(things.len() - acknowledged.things.len() <= 20 * CALLERS);
}
