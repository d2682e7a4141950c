//! Frames of a WebSocket from anybody: read the same in one piece and in many, and never more data than bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thingsmith_gateway::websocket::Decoder;

fn decode(bytes: &[u8], piece: usize) -> Option<Vec<u8>> {
    let mut decoder = Decoder::default();
    let mut data = Vec::new();
    for piece in bytes.chunks(piece) {
        let mut piece = piece.to_vec();
        let (mut taken, mut kept) = (0, 0);
        while taken < piece.len() {
            let heard = decoder.decode(&mut piece, &mut taken, &mut kept).ok()?;
            assert!(kept <= taken && taken <= piece.len());
            if heard.is_some() {
                assert!(decoder.control().len() <= 125);
            }
        }
        data.extend_from_slice(&piece[..kept]);
    }
    Some(data)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let whole = decode(bytes, bytes.len().max(1));
    assert_eq!(whole, decode(bytes, usize::from(piece).max(1)));
});
