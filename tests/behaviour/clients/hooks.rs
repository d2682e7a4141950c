//! Pre-provisioning hooks of every kind, asked for devices that come to the gateway: a Python function that AWS's own runtime
//! client runs, a URL, and another Lambda, which is a second server here.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thingsmith_agent::Client;

use super::functions::runtimes;
use super::venv;
use crate::fleet::{Fleet, Given, connect, give};
use crate::operating::why::records;
use crate::receiver::{Answer, Received, Receiver};
use crate::server::{ACCOUNT, Home, REGION, Server};

/// Answers by the serial number, and only an event that has what AWS's has.
const HOOK: &str = r#"
import time

MEMBERS = ["certificateId", "certificatePem", "claimCertificateId", "clientId", "parameters", "templateArn"]

def handler(event, context):
    assert sorted(event) == MEMBERS, sorted(event)
    serial = event["parameters"]["SerialNumber"]
    if serial == "raises":
        raise ValueError("not this one")
    if serial == "never":
        time.sleep(3600)
    overrides = {"SerialNumber": event["clientId"] + "-" + serial}
    return {"allowProvisioning": serial != "denied", "parameterOverrides": overrides}
"#;

/// The same, as a server of somebody's own.
fn hook(received: &Received) -> Answer {
    let event = received.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let serial = text(&event["parameters"]["SerialNumber"]);
    match serial.as_str() {
        "raises" => Answer::Status(500, b"not this one".to_vec()),
        "lies" => Answer::Status(200, b"provision it".to_vec()),
        "never" => Answer::Silence,
        serial => Answer::json(&json!({
            "allowProvisioning": serial != "denied",
            "parameterOverrides": {"SerialNumber": format!("{}-{serial}", text(&event["clientId"]))},
        })),
    }
}

fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

fn template_arn(name: &str) -> String {
    format!("arn:aws:iot:{REGION}:{ACCOUNT}:provisioningtemplate/{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_of_every_kind_decide_about_devices() {
    let Some(venv) = venv() else { return };
    hooks_decide(&venv, Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_of_every_kind_decide_about_devices_on_postgresql() {
    let Some(venv) = venv() else { return };
    if let Some(home) = tokio::task::block_in_place(Home::postgres) {
        hooks_decide(&venv, home).await;
    }
}

async fn hooks_decide(venv: &Path, home: Home) {
    let far_home = Home::sqlite().config(&runtimes(venv));
    let far = far_home.start();
    let functions = json!({"hook": {"files": {"app.py": HOOK}, "sources": []}});
    Fleet::make_functions(venv, &far, &functions);
    let (id, secret) = far.credentials();
    let web = Receiver::start().await;
    web.answer_with(hook);
    let config = format!(
        "{}[[functions.http]]\nname = \"web\"\nurl = \"{}\"\ntimeout = \"60s\"\n\
         [[functions.remote]]\nname = \"far\"\nendpoint = \"{}\"\nfunction = \"hook\"\ntimeout = \"60s\"\n\
         access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n",
        runtimes(venv),
        web.url("/hook"),
        far.api,
    );
    let home = home.config(&config);
    let server = home.start();
    let templates = json!({"local": function_arn("local"), "web": function_arn("web"), "far": function_arn("far"),
        "stranger": function_arn("local")});
    let functions = json!({"local": {"files": {"app.py": HOOK}, "sources": [template_arn("local")]}});
    let fleet = Fleet::make(venv, &server, &templates, &functions);

    // What each says when it fails.
    let kinds = [
        ("local", "ValueError: not this one"),
        ("web", "answered with the status 500"),
        ("far", "ValueError: not this one"),
    ];
    for (kind, raised) in kinds {
        let mut device = Asking::new(&server, &fleet, kind).await;
        device
            .is_denied("denied", "it does not allow the provisioning")
            .await;
        device.is_denied("raises", raised).await;
        // A denial uses the token up no more than it makes anything.
        assert_eq!(device.register("1").await, Ok(format!("pump-{kind}-1")));
        let own = connect(&server, &device.given.identity(), "own").await.unwrap();
        own.disconnect().await.unwrap();
    }
    let mut device = Asking::new(&server, &fleet, "web").await;
    device.is_denied("lies", "something that is no JSON").await;
    let mut device = Asking::new(&server, &fleet, "stranger").await;
    device.is_denied("1", "does not permit iot.amazonaws.com").await;

    // Each is waited for until five seconds are over.
    let never = async |kind| {
        let mut device = Asking::new(&server, &fleet, kind).await;
        let began = Instant::now();
        let answer = device.given.register(&mut device.client, kind, "never").await;
        assert_eq!(answer, Err(denied()), "{kind}");
        assert!(began.elapsed() >= Duration::from_secs(5), "{kind}");
        assert!(device.reason().contains(LATE), "{kind}: {}", device.reason());
        device
    };
    let (mut local, mut http, mut remote) = tokio::join!(never("local"), never("web"), never("far"));
    assert_eq!(local.register("2").await, Ok("pump-local-2".into()));

    drop(web);
    far.kill();
    for device in [&mut http, &mut remote] {
        device.is_denied("3", "cannot be reached").await;
    }
    server.stop();
}

const LATE: &str = "did not answer in time";

fn denied() -> (u16, String) {
    (403, "AccessDenied".to_owned())
}

/// A device with a certificate that it is to register with a template.
struct Asking<'f> {
    server: &'f Server<'f>,
    template: &'f str,
    client: Client,
    given: Given,
}

impl<'f> Asking<'f> {
    async fn new(server: &'f Server<'f>, fleet: &Fleet<'_>, template: &'f str) -> Self {
        let mut client = fleet.connect(template).await;
        let given = give(&mut client).await.unwrap();
        Self {
            server,
            template,
            client,
            given,
        }
    }

    /// Why the last request was rejected.
    fn reason(&self) -> String {
        let found = records(self.server, &self.given.created.certificate_id)
            .pop()
            .unwrap();
        assert_eq!(
            (&found["stage"], &found["templateStep"]),
            (&json!("fleet_provisioning"), &json!("admission"))
        );
        found["reason"].as_str().unwrap().to_owned()
    }

    /// Registers, as often as it takes until the hook is in time: on a busy machine one that is well may be late.
    async fn register(&mut self, serial_number: &str) -> Result<String, (u16, String)> {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let answer = self
                .given
                .register(&mut self.client, self.template, serial_number)
                .await;
            let late = answer.is_err() && self.reason().contains(LATE);
            if !late || Instant::now() >= deadline {
                return answer;
            }
        }
    }

    async fn is_denied(&mut self, serial_number: &str, why: &str) {
        let answer = self.register(serial_number).await;
        assert_eq!(answer, Err(denied()), "{} {serial_number}", self.template);
        let reason = self.reason();
        assert!(reason.contains(why), "{reason} lacks {why}");
    }
}
