//! The whole of it: a device's way through the server, with each store; and the program's own server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use thingsmith::Server;
use thingsmith::config::{Settings, StoreChoice};
use thingsmith_agent::{AgentError, Client, DeviceKey, Identity, Options};
use thingsmith_core::{certificates, policies};
use thingsmith_gateway::Config;
use thingsmith_model::CertificateStatus::{Active, Inactive};
use thingsmith_mqtt::Qos::AtLeastOnce;
use thingsmith_testkit::Engine;

use super::lab::{EVERYTHING, Lab, PATIENCE, allow};

#[tokio::test]
async fn a_device_lives_with_every_store() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        lab.thing("pump", &[]).await;
        let name = "${iot:Connection.Thing.ThingName}";
        let document = allow(&[
            ("Connect", &format!("client/{name}")),
            ("Publish", &format!("topic/{name}/*")),
            ("Subscribe", &format!("topicfilter/{name}/*")),
            ("Receive", &format!("topic/{name}/*")),
        ]);
        let device = lab.device(&document).await;
        assert!(
            lab.dial(&device).try_connect("pump").await.is_none(),
            "it is not attached"
        );
        lab.attach_to_thing(&device, "pump").await;
        let mut pump = lab.dial(&device).connect("pump").await;
        pump.subscribe("pump/#", AtLeastOnce).await;
        pump.publish_qos_0("pump/state", b"on").await;
        assert_eq!(pump.text().await, "on");
        lab.set_status(&device, Inactive).await;
        lab.advance(Duration::from_secs(1));
        assert!(!pump.publish("pump/state", b"off").await);
        assert!(lab.dial(&device).try_connect("pump").await.is_none());
        lab.stop().await;
    }
}

#[tokio::test]
async fn the_programs_server_serves_devices_until_it_is_stopped() {
    serves("127.0.0.1").await;
}

#[tokio::test]
async fn the_programs_server_serves_devices_over_ipv6() {
    serves("::1").await;
}

async fn serves(host: &'static str) {
    let address: std::net::IpAddr = host.parse().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        dev: true,
        config: None,
        data_dir: directory.path().to_owned(),
        account: None,
        region: thingsmith_testkit::REGION.parse().unwrap(),
        api: "127.0.0.1:0".parse().unwrap(),
        mqtt: (address, 0).into(),
        https: vec!["127.0.0.1:0".parse().unwrap()],
        https_browsers: Vec::new(),
        admin: "127.0.0.1:0".parse().unwrap(),
        domain: "localhost".into(),
        store: StoreChoice::Sqlite,
        seal_key: None,
        api_tls: false,
    };
    let server = Server::start(&settings).await.unwrap();
    let deeds = Arc::clone(server.deeds());
    let realm = deeds
        .realm(&server.endpoints().account, &server.endpoints().region)
        .await
        .unwrap();

    let key = DeviceKey::generate().unwrap();
    let request = key.signing_request("pump").unwrap();
    let certificate = certificates::create_certificate_from_csr(&deeds, &realm, &request, Active)
        .await
        .unwrap();
    let name = "everything".parse().unwrap();
    policies::create_policy(&deeds, &realm, name, EVERYTHING)
        .await
        .unwrap();
    let name = "everything".parse().unwrap();
    policies::attach_policy(&deeds, &realm, &name, &certificate.arn(&realm))
        .await
        .unwrap();

    let identity = Identity::from_pem(&certificate.pem(), &key.to_pem()).unwrap();
    let roots = std::fs::read_to_string(directory.path().join("ca.pem")).unwrap();
    let (_, port) = server.endpoints().mqtt.rsplit_once(':').unwrap();
    let options = Options {
        host,
        port: port.parse().unwrap(),
        server_name: "localhost",
        roots_pem: &roots,
        identity: &identity,
        client_id: "pump",
        patience: PATIENCE,
    };
    let mut client = Client::connect(&options).await.unwrap();
    client.subscribe("a/#").await.unwrap();
    client.publish("a/b", &b"hello"[..]).await.unwrap();
    let message = client.next_message().await.unwrap();
    assert_eq!(
        (message.topic.as_str(), &message.payload[..]),
        ("a/b", &b"hello"[..])
    );

    let begin = Instant::now();
    server.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(matches!(client.next_message().await, Err(AgentError::Closed)));
    assert!(Client::connect(&options).await.is_err());
}
