use thingsmith_core::access_keys::{self, rows::Sealed};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

pub(super) async fn play(script: &mut Script) {
    assert!(read!(script, access_keys::administrator()).is_none());
    for (access_key_id, sealed_secret) in [("AKIAFIRST", vec![0, 255, 1]), ("AKIASECOND", vec![2])] {
        let key = Sealed {
            access_key_id: access_key_id.into(),
            account: "000000000000".into(),
            sealed_secret,
        };
        let mut batch = Batch::new();
        step!(script, batch, access_keys::insert_administrator(&key));
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    let kept = read!(script, access_keys::administrator()).unwrap();
    script.expect(
        (
            kept.access_key_id.as_str(),
            kept.account.as_str(),
            kept.sealed_secret,
        ),
        ("AKIAFIRST", "000000000000", vec![0, 255, 1]),
    );
}
