use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use tempfile::TempDir;

use super::peer::{Peer, Service};
use super::*;
use crate::{Format, Parameters};

/// Time that passes only while a device waits.
#[derive(Default)]
struct Turned {
    waits: Mutex<Vec<f64>>,
}

#[async_trait]
impl Pace for Turned {
    fn now(&self) -> SystemTime {
        let waited: f64 = self.waits.lock().unwrap().iter().sum();
        UNIX_EPOCH + Duration::from_secs(1_800_000_000) + Duration::from_secs_f64(waited)
    }

    fn chance(&self) -> f64 {
        1.0
    }

    async fn wait(&self, duration: Duration) {
        self.waits.lock().unwrap().push(duration.as_secs_f64());
    }
}

/// A device with a directory and a claim.
struct Bench {
    place: TempDir,
    pace: Turned,
    claim: Identity,
    gives_up_after: Duration,
}

impl Bench {
    fn new() -> Self {
        Self {
            place: tempfile::tempdir().unwrap(),
            pace: Turned::default(),
            claim: pair("claim"),
            gives_up_after: Duration::from_secs(60),
        }
    }

    fn directory(&self) -> Directory {
        Directory::at(self.place.path())
    }

    fn device<'d>(&'d self, directory: &'d Directory) -> Device<'d> {
        Device {
            directory,
            pace: &self.pace,
            backoff: Backoff::default(),
            patience: Duration::from_secs(10),
            gives_up_after: self.gives_up_after,
            progress: &|_| {},
        }
    }

    async fn provision(&self, peer: &Peer, client_id: Option<&str>) -> Result<Kept, AgentError> {
        let claim = Claim {
            identity: &self.claim,
            client_id: "claim-1",
        };
        let directory = self.directory();
        let device = self.device(&directory);
        device
            .provision_by_claim(&peer.endpoint, &claim, &request(), client_id)
            .await
    }

    fn waits(&self) -> Vec<f64> {
        self.pace.waits.lock().unwrap().clone()
    }
}

fn pair(name: &str) -> Identity {
    let key = DeviceKey::generate().unwrap();
    Identity::from_pem(&key.self_signed(name).unwrap(), &key.to_pem()).unwrap()
}

fn request() -> Request {
    Request {
        template: "fleet".into(),
        parameters: Parameters::from([("SerialNumber".into(), "lamp-1".into())]),
        creation: Creation::Keys,
        format: Format::Cbor,
    }
}

#[tokio::test]
async fn a_device_is_named_by_the_service() {
    let (bench, peer) = (Bench::new(), Peer::start(Service::default()).await);
    let kept = bench.provision(&peer, None).await.unwrap();
    assert_eq!(kept.record.client_id, "lamp-1");
    assert_eq!(kept.record.certificate_id.as_deref(), Some("certificate-1"));
    assert_eq!(kept.record.device_configuration["a"], "b");
    assert_eq!(bench.directory().current().unwrap().record, kept.record);
    let again = bench.provision(&peer, None).await.unwrap();
    assert_eq!(again.record, kept.record);
    assert_eq!(peer.service().created, 1);
    assert_eq!(bench.waits(), [0.0; 0]);
}

#[tokio::test]
async fn a_device_that_lost_its_power_after_its_certificate_came_goes_on_with_it() {
    let (mut bench, peer) = (
        Bench::new(),
        Peer::start(Service {
            closes_after_creating: 1,
            ..Service::default()
        })
        .await,
    );
    bench.gives_up_after = Duration::ZERO;
    assert!(bench.provision(&peer, None).await.is_err());
    let kept = bench.provision(&peer, None).await.unwrap();
    assert_eq!(kept.record.certificate_id.as_deref(), Some("certificate-1"));
    assert_eq!(peer.service().created, 1);
}

#[tokio::test]
async fn a_lost_answer_is_no_second_registration_where_the_device_knows_its_name() {
    for (client_id, created) in [(Some("lamp-1"), 1), (None, 2)] {
        let (bench, peer) = (
            Bench::new(),
            Peer::start(Service {
                loses_answers: 1,
                ..Service::default()
            })
            .await,
        );
        let kept = bench.provision(&peer, client_id).await.unwrap();
        assert_eq!(peer.service().created, created);
        assert_eq!(kept.record.client_id, "lamp-1");
        assert_eq!(bench.waits(), [1.0]);
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again_with_the_same_certificate_and_longer_waits() {
    let service = Service {
        busy: 4,
        ..Service::default()
    };
    let (bench, peer) = (Bench::new(), Peer::start(service).await);
    bench.provision(&peer, None).await.unwrap();
    assert_eq!(bench.waits(), [1.0, 2.0, 4.0, 8.0]);
    assert_eq!(peer.service().created, 1);

    let service = Service {
        busy: 100,
        ..Service::default()
    };
    let (bench, peer) = (Bench::new(), Peer::start(service).await);
    let cause = bench.provision(&peer, None).await.map(drop).unwrap_err();
    assert!(
        matches!(cause, AgentError::Rejected { status: 429, .. }),
        "{cause}"
    );
    assert_eq!(bench.waits(), [1.0, 2.0, 4.0, 8.0, 16.0]);
}

#[tokio::test]
async fn a_refused_claim_gives_up_soon_and_a_device_just_in_time_comes_back() {
    let service = || Service {
        refusals: 5,
        ..Service::default()
    };
    let (bench, peer) = (Bench::new(), Peer::start(service()).await);
    let cause = bench.provision(&peer, None).await.map(drop).unwrap_err();
    assert!(cause.is_refusal(), "{cause}");
    assert_eq!(bench.waits(), [1.0, 2.0]);

    let (bench, peer) = (Bench::new(), Peer::start(service()).await);
    let key = DeviceKey::generate().unwrap();
    let certificate = key.self_signed("pump-1").unwrap();
    let directory = bench.directory();
    let device = bench.device(&directory);
    device
        .provision_just_in_time(&peer.endpoint, &certificate, &key.to_pem(), "pump-1")
        .await
        .unwrap();
    assert_eq!(bench.waits(), [1.0, 2.0, 4.0, 8.0, 16.0]);
    assert_eq!(directory.current().unwrap().record.client_id, "pump-1");
    let cause = device.rotate(None).await.map(drop).unwrap_err();
    assert!(matches!(cause, AgentError::Incomplete(_)), "{cause}");
}

#[tokio::test]
async fn a_rotation_asks_by_the_device_itself_and_is_undone_when_the_new_certificate_is_not_let_in() {
    let (bench, peer) = (Bench::new(), Peer::start(Service::default()).await);
    bench.provision(&peer, None).await.unwrap();
    let directory = bench.directory();
    let kept = bench.device(&directory).rotate(None).await.unwrap();
    assert_eq!(kept.record.certificate_id.as_deref(), Some("certificate-2"));
    assert_eq!(peer.service().connected, ["claim-1", "lamp-1", "lamp-1"]);

    // Refuses from the third connection of this rotation on.
    peer.service().closes_after_creating = 0;
    let current = directory.current().unwrap().record;
    let refusing = async {
        loop {
            if peer.service().created == 3 {
                peer.service().strangers.insert("lamp-1".into());
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let device = bench.device(&directory);
    let (rotated, ()) = tokio::join!(device.rotate(None), refusing);
    let cause = rotated.map(drop).unwrap_err();
    assert!(cause.is_refusal(), "{cause}");
    assert_eq!(directory.current().unwrap().record, current);
    // Nothing of the failed one is left.
    peer.service().strangers.clear();
    let kept = device.rotate(None).await.unwrap();
    assert_eq!(kept.record.certificate_id.as_deref(), Some("certificate-4"));
}

#[tokio::test]
async fn a_lasting_connection_is_made_anew_and_subscribes_again() {
    let service = Service {
        refusals: 0,
        ..Service::default()
    };
    let (bench, peer) = (Bench::new(), Peer::start(service).await);
    bench.provision(&peer, None).await.unwrap();
    {
        let mut service = peer.service();
        service.says = Some("hello".into());
        service.refusals = 2;
    }
    let directory = bench.directory();
    let device = bench.device(&directory);
    let mut lasting = device.stay_connected(vec!["news".into()]);
    for _ in 0..3 {
        let message = lasting.next_message().await.unwrap();
        assert_eq!(
            (message.topic.as_str(), &message.payload[..]),
            ("news", &b"hello"[..])
        );
    }
    // What answers makes the next wait a short one again.
    assert_eq!(bench.waits(), [1.0, 2.0, 1.0, 1.0]);
}
