//! A server that is killed while devices provision themselves: after it comes back each of them is there whole or not at
//! all, and its next connections make it whole.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Authority, Client, DeviceKey, Identity, Options};

use crate::caller::Caller;
use crate::clients::aws_cli::Aws;
use crate::clients::{registering_role, template};
use crate::server::{Home, Server};

/// Devices that connect at once.
const DEVICES: usize = 8;
const PATIENCE: Duration = Duration::from_secs(20);

/// A device that has begun to connect.
struct Device {
    certificate: String,
    key: String,
    /// Whether it was let in.
    admitted: bool,
}

#[test]
fn ten_kills_leave_each_device_whole_or_absent() {
    kill_again_and_again(&Home::sqlite(), 10);
}

#[test]
fn kills_leave_each_device_whole_or_absent_on_postgresql() {
    if let Some(home) = Home::postgres() {
        kill_again_and_again(&home, 4);
    }
}

fn kill_again_and_again(home: &Home, rounds: usize) {
    let factory = Authority::generate("factory").unwrap();
    let mut server = home.start();
    {
        let Some(aws) = Aws::new(&server) else { return };
        let role = registering_role(&aws, home.scratch());
        let policy = server.administrator().allow_all();
        let body = json!({
            "caCertificate": factory.certificate(),
            "certificateMode": "SNI_ONLY",
            "registrationConfig": {"templateBody": template(policy).to_string(), "roleArn": role},
        });
        let target = "/cacertificate?setAsActive=true&allowAutoRegistration=true";
        server.administrator().must("POST", target, body);
    }
    let mut whole = 0;
    for round in 0..rounds {
        let devices = connect_until_killed(server, &factory, round);
        server = home.start();
        let mut caller = server.administrator();
        for (name, device) in &devices {
            let there = look(&mut caller, name, device);
            assert!(there || !device.admitted, "{name} was let in and is gone");
            whole += usize::from(there);
        }
        // Whoever did not make it tries again.
        for (name, device) in &devices {
            let tries = (0..3).filter(|_| connect(&server, name, device).is_ok()).count();
            assert!(tries >= 2, "{name} came in {tries} times of three");
            assert!(look(&mut caller, name, device));
        }
    }
    let mut caller = server.administrator();
    let things = caller.list("/things?maxResults=250", "things");
    assert!(things.iter().all(|thing| thing["version"] == 1));
    println!(
        "{whole} devices were whole after {rounds} kills, of {}",
        things.len()
    );
    server.stop();
}

/// Devices connect, twice each, until the server is killed among them.
fn connect_until_killed(server: Server<'_>, factory: &Authority, round: usize) -> BTreeMap<String, Device> {
    let devices = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for thread in 0..DEVICES {
            let (devices, server) = (&devices, &server);
            scope.spawn(move || {
                // At most so many, should the server die late.
                for number in 0..50 {
                    let name = format!("pump-{round}-{thread}-{number}");
                    let key = DeviceKey::generate().unwrap();
                    let device = || Device {
                        certificate: factory.certify(&key, &name).unwrap(),
                        key: key.to_pem().to_string(),
                        admitted: false,
                    };
                    let mut device = device();
                    let put = |device: Device| devices.lock().unwrap().insert(name.clone(), device);
                    let _ = connect(server, &name, &device);
                    let second = connect(server, &name, &device);
                    device.admitted = second.is_ok();
                    let alive = device.admitted;
                    put(device);
                    if !alive {
                        return;
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(60 + 17 * u64::try_from(round).unwrap()));
        server.signal(Signal::KILL);
    });
    server.ended();
    devices.into_inner().unwrap()
}

fn connect(server: &Server<'_>, name: &str, device: &Device) -> Result<(), AgentError> {
    let roots = std::fs::read_to_string(server.ca()).unwrap();
    let identity = Identity::from_pem(&device.certificate, &device.key).unwrap();
    let options = Options {
        host: "127.0.0.1",
        port: server.mqtt_port(),
        server_name: "localhost",
        roots_pem: &roots,
        identity: &identity,
        client_id: name,
        patience: PATIENCE,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { Client::connect(&options).await?.disconnect().await })
}

/// Whether a device is there, whole; nothing of one that is not may be there.
fn look(caller: &mut Caller, name: &str, device: &Device) -> bool {
    let id = thingsmith_x509::Certificate::from_pem(&device.certificate)
        .unwrap()
        .id();
    let certificate = caller
        .call("GET", &format!("/certificates/{id}"), &[], Value::Null)
        .unwrap();
    let thing = caller
        .call("GET", &format!("/things/{name}"), &[], Value::Null)
        .unwrap();
    if certificate.status == 404 {
        assert_eq!(thing.status, 404, "{name} has no certificate");
        return false;
    }
    assert_eq!((certificate.status, thing.status), (200, 200), "{name}");
    let description = &certificate.body["certificateDescription"];
    assert_eq!(description["status"], "ACTIVE");
    let arn = description["certificateArn"].as_str().unwrap();
    let principals = caller.must("GET", &format!("/things/{name}/principals"), Value::Null);
    assert_eq!(principals.body["principals"], json!([arn]));
    let target = arn.replace(':', "%3A").replace('/', "%2F");
    let policies = caller.must("POST", &format!("/attached-policies/{target}"), Value::Null);
    assert_eq!(policies.body["policies"].as_array().map(Vec::len), Some(1));
    true
}
