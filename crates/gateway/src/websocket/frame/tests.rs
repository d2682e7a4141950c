use proptest::prelude::*;

use super::*;

/// A client's frame with a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match payload.len() {
        length @ ..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ ..0x10000 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// What was heard, and what the frame said.
type Said = (Heard, Vec<u8>);

/// What comes of bytes in pieces of this size: the data, and what was heard besides.
fn decode(bytes: &[u8], piece: usize) -> Result<(Vec<u8>, Vec<Said>), FrameError> {
    let mut decoder = Decoder::default();
    let (mut data, mut heard) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        let mut piece = piece.to_vec();
        let (mut taken, mut kept) = (0, 0);
        while taken < piece.len() {
            if let Some(said) = decoder.decode(&mut piece, &mut taken, &mut kept)? {
                heard.push((said, decoder.control()));
            }
        }
        data.extend_from_slice(&piece[..kept]);
    }
    Ok((data, heard))
}

#[test]
fn data_is_one_stream_whatever_its_frames_and_pieces() {
    let long = vec![7; 70_000];
    let mut bytes = frame(0x82, b"one");
    bytes.extend(frame(0x02, b"two"));
    bytes.extend(frame(0x89, b"ping"));
    bytes.extend(frame(0x00, b""));
    bytes.extend(frame(0x8a, b"pong"));
    bytes.extend(frame(0x80, &long));
    bytes.extend(frame(0x82, &[1; 200]));
    bytes.extend(frame(0x88, b"\x03\xe8bye"));
    bytes.extend(b"whatever");
    let mut data = b"onetwo".to_vec();
    data.extend(&long);
    data.extend([1; 200]);
    for piece in [1, 2, 3, 7, 64, 1000, bytes.len()] {
        let (got, heard) = decode(&bytes, piece).unwrap();
        assert!(got == data, "pieces of {piece}");
        let close = (Heard::Close(Some(1000)), b"\x03\xe8bye".to_vec());
        assert_eq!(heard, [(Heard::Ping, b"ping".to_vec()), close]);
    }
}

#[test]
fn what_a_client_must_not_send_is_refused() {
    let mut unmasked = frame(0x82, b"x");
    unmasked[1] &= 0x7f;
    let too_long = |first: u8, length: u64| {
        let mut bytes = vec![first, 0xff];
        bytes.extend(length.to_be_bytes());
        bytes.extend([0; 4]);
        bytes
    };
    let mut in_parts = frame(0x02, &vec![0; 1024 * 1024 - 1]);
    in_parts.extend(frame(0x80, b"xy"));
    let second = |first: Vec<u8>, second: Vec<u8>| [first, second].concat();
    for (bytes, error) in [
        (frame(0x81, b"text"), FrameError::Text),
        (frame(0x01, b"text"), FrameError::Text),
        (unmasked, FrameError::NotMasked),
        (frame(0xc2, b"x"), FrameError::Reserved),
        (frame(0x92, b"x"), FrameError::Reserved),
        (frame(0x83, b"x"), FrameError::Reserved),
        (frame(0x8b, b"x"), FrameError::Reserved),
        (vec![0x82, 0xfe, 0, 125, 0, 0, 0, 0], FrameError::Length),
        (too_long(0x82, 65_535), FrameError::Length),
        (too_long(0x82, 1 << 63), FrameError::Length),
        (too_long(0x82, MESSAGE_BYTES + 1), FrameError::TooLong),
        (too_long(0x82, u64::MAX >> 1), FrameError::TooLong),
        (in_parts, FrameError::TooLong),
        (frame(0x09, b"ping"), FrameError::Control),
        (frame(0x89, &[0; 126]), FrameError::Control),
        (frame(0x80, b"x"), FrameError::Fragment),
        (second(frame(0x02, b"x"), frame(0x82, b"x")), FrameError::Fragment),
        (second(frame(0x02, b"x"), frame(0x81, b"x")), FrameError::Fragment),
        (frame(0x88, b"\x03"), FrameError::Close),
        (frame(0x88, b"\x03\xed"), FrameError::Close),
        (frame(0x88, b"\x03\xe8\xff"), FrameError::Close),
    ] {
        for piece in [1, bytes.len()] {
            assert_eq!(decode(&bytes, piece).err(), Some(error), "{:?}", &bytes[..2]);
        }
    }
    assert!(decode(&too_long(0x82, MESSAGE_BYTES), 5).is_ok());
}

#[test]
fn a_servers_frame_has_the_shortest_length() {
    for (length, head) in [
        (0, vec![0x82, 0]),
        (125, vec![0x82, 125]),
        (126, vec![0x82, 126, 0, 126]),
        (65_535, vec![0x82, 126, 255, 255]),
        (65_536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let mut out = Vec::new();
        write(Opcode::Binary, &vec![1; length], &mut out);
        assert_eq!((&out[..head.len()], out.len()), (&head[..], head.len() + length));
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_read_the_same_in_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..400), piece in 1_usize..50) {
        let whole = decode(&bytes, bytes.len().max(1));
        let pieces = decode(&bytes, piece);
        prop_assert_eq!(whole, pieces);
    }
}
