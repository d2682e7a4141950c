use thingsmith_core::authorities::{self, rows::Sealed};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

pub(super) async fn play(script: &mut Script) {
    assert!(read!(script, authorities::find("device-issuer")).is_none());
    for (name, certificate) in [
        ("device-issuer", vec![0x30, 0]),
        ("device-issuer", vec![0x31]),
        ("endpoint-root", vec![]),
    ] {
        let authority = Sealed {
            certificate,
            sealed_key: vec![0xff, 0],
        };
        let mut batch = Batch::new();
        step!(script, batch, authorities::insert_if_absent(name, &authority));
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    for (name, certificate) in [("device-issuer", vec![0x30, 0]), ("endpoint-root", vec![])] {
        let kept = read!(script, authorities::find(name)).unwrap();
        script.expect((kept.certificate, kept.sealed_key), (certificate, vec![0xff, 0]));
    }
}
