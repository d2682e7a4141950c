//! What strangers can reach, under arbitrary input: the property tests, and the replay of what the fuzz targets of
//! the same names have found worth keeping.

mod surfaces {
    pub(crate) mod decode;
    pub(crate) mod session;
}

use std::path::Path;

use proptest::prelude::*;
use surfaces::{decode, session};

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut played = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus is in the repository") {
        check(&std::fs::read(entry.expect("a corpus can be listed").path()).expect("its files can be read"));
        played += 1;
    }
    assert!(played > 0, "{} is empty", folder.display());
}

#[test]
fn the_decode_corpus_still_holds() {
    replay("mqtt_decode", decode::check);
}

#[test]
fn the_session_corpus_still_holds() {
    replay("mqtt_session", session::check);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_from_anywhere_are_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..200)) {
        decode::check(&data);
    }

    /// Bytes that look like packets get further.
    #[test]
    fn near_packets_are_read_or_refused(
        piece in any::<u8>(),
        connect in any::<bool>(),
        packets in prop::collection::vec(
            (prop::sample::select(vec![0x10u8, 0x30, 0x32, 0x40, 0x82, 0xa2, 0xc0, 0xe0, 0xf0]),
             prop::collection::vec(prop_oneof![3 => 0u8..5, 1 => any::<u8>()], 0..30)),
            0..6,
        ),
    ) {
        let mut data = vec![piece];
        if connect {
            // What follows is MQTT 5.
            data.extend(b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01c");
        }
        for (first, body) in packets {
            data.extend([first, body.len() as u8]);
            data.extend(body);
        }
        decode::check(&data);
    }

    #[test]
    fn a_session_keeps_its_rules_whatever_happens(script in prop::collection::vec(any::<u8>(), 0..400)) {
        session::check(&script);
    }

    /// The same once the client is in.
    #[test]
    fn a_connected_session_keeps_its_rules(
        connect in prop::sample::select(vec![6, 0x16, 0x14, 0x1b]),
        script in prop::collection::vec((3u8..17, any::<u8>()), 0..300),
    ) {
        let connected = [0, connect, 1, 0].into_iter();
        let script: Vec<u8> = connected.chain(script.into_iter().flat_map(|(what, number)| [what, number])).collect();
        session::check(&script);
    }
}
