//! A server that is killed while devices provision themselves by a claim: what was accepted is there once, and nothing of a
//! private key is on disk.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Client, DeviceKey, Identity, Options};

use crate::clients::aws_cli::Aws;
use crate::clients::fleet::Fleet;
use crate::server::{Home, Server};

/// Devices at once.
const DEVICES: usize = 8;
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn ten_kills_lose_no_device_that_was_accepted() {
    kill_again_and_again(&Home::sqlite(), 10);
}

#[test]
fn kills_lose_no_device_that_was_accepted_on_postgresql() {
    if let Some(home) = Home::postgres() {
        kill_again_and_again(&home, 4);
    }
}

/// A device that was told that it is registered.
struct Accepted {
    thing: String,
    certificate: String,
    key: String,
}

fn kill_again_and_again(home: &Home, rounds: usize) {
    let mut server = home.start();
    let fleet = {
        let Some(aws) = Aws::new(&server) else { return };
        Fleet::new(&aws, &server, home.scratch())
    };
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let claim = Identity::from_pem(&read(&fleet.certificate), &read(&fleet.key)).unwrap();
    let mut all = 0;
    for round in 0..rounds {
        let accepted = provision_until_killed(server, &claim, round);
        server = home.start();
        let mut caller = server.administrator();
        for device in &accepted {
            let thing = &device.thing;
            let found = caller.must("GET", &format!("/things/{thing}"), Value::Null);
            assert_eq!(found.body["version"], 1, "{thing}");
            let id = thingsmith_x509::Certificate::from_pem(&device.certificate)
                .unwrap()
                .id();
            let found = caller.must("GET", &format!("/certificates/{id}"), Value::Null);
            let description = &found.body["certificateDescription"];
            assert_eq!(description["status"], "ACTIVE", "{thing}");
            let principals = caller.must("GET", &format!("/things/{thing}/principals"), Value::Null);
            assert_eq!(
                principals.body["principals"],
                json!([description["certificateArn"]]),
                "{thing}"
            );
            let own = Identity::from_pem(&device.certificate, &device.key).unwrap();
            run(async { connect(&server, &own, thing).await?.disconnect().await }).unwrap();
        }
        all += accepted.len();
    }
    let things = server.administrator().list("/things?maxResults=250", "things");
    println!(
        "{all} devices were accepted in {rounds} rounds, of {} there are",
        things.len()
    );
    assert!(all > 0);
    server.stop();
    for entry in std::fs::read_dir(home.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().is_some_and(|name| name != "seal.key") {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(19).any(|window| window == b"RSA PRIVATE KEY----");
            assert!(!found, "{} holds a private key", path.display());
        }
    }
}

/// Devices provision themselves, one after the other in each thread, until the server is killed among them.
fn provision_until_killed(server: Server<'_>, claim: &Identity, round: usize) -> Vec<Accepted> {
    let accepted = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..DEVICES {
            let (accepted, server) = (&accepted, &server);
            scope.spawn(move || {
                for number in 0..25 {
                    let serial = format!("{round}-{thread}-{number}");
                    // One in eight lets the server make its key.
                    match run(provision(server, claim, &serial, thread == 0)) {
                        Ok(device) => accepted.lock().unwrap().push(device),
                        Err(_) => return,
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(150 + 37 * u64::try_from(round).unwrap()));
        server.signal(Signal::KILL);
    });
    server.ended();
    accepted.into_inner().unwrap()
}

async fn provision(
    server: &Server<'_>,
    claim: &Identity,
    serial: &str,
    with_keys: bool,
) -> Result<Accepted, AgentError> {
    let mut client = connect(server, claim, &format!("claim-{serial}")).await?;
    let (topic, request, own_key) = match with_keys {
        true => ("$aws/certificates/create/json", json!({}), None),
        false => {
            let key = DeviceKey::generate().unwrap();
            let csr = key.signing_request("device").unwrap();
            let request = json!({"certificateSigningRequest": csr});
            (
                "$aws/certificates/create-from-csr/json",
                request,
                Some(key.to_pem().to_string()),
            )
        }
    };
    let answer = ask(&mut client, topic, &request).await?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let (certificate, token) = (text("certificatePem"), text("certificateOwnershipToken"));
    let request = json!({"certificateOwnershipToken": token, "parameters": {"SerialNumber": serial}});
    let topic = "$aws/provisioning-templates/fleet/provision/json";
    let registered = ask(&mut client, topic, &request).await?;
    assert_eq!(registered["thingName"], format!("pump-{serial}"), "{registered}");
    let key = own_key.unwrap_or_else(|| text("privateKey"));
    client.disconnect().await?;
    Ok(Accepted {
        thing: format!("pump-{serial}"),
        certificate,
        key,
    })
}

async fn ask(client: &mut Client, topic: &str, request: &Value) -> Result<Value, AgentError> {
    client.subscribe(&format!("{topic}/+")).await?;
    client.publish(topic, request.to_string()).await?;
    let answer = client.next_message().await?;
    Ok(serde_json::from_slice(&answer.payload).unwrap())
}

async fn connect(server: &Server<'_>, identity: &Identity, client_id: &str) -> Result<Client, AgentError> {
    let roots = std::fs::read_to_string(server.ca()).unwrap();
    Client::connect(&Options {
        host: "127.0.0.1",
        port: server.mqtt_port(),
        server_name: "localhost",
        roots_pem: &roots,
        identity,
        client_id,
        patience: PATIENCE,
    })
    .await
}

fn run<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(what)
}
