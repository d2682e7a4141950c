use proptest::prelude::*;

use super::*;

fn text(text: &str) -> Member {
    Member::Text(text.to_owned())
}

#[test]
fn nothing_is_an_empty_map() {
    for (format, payload) in [
        (Format::Json, "".as_bytes()),
        (Format::Json, b"{}"),
        (Format::Json, b" {} "),
        (Format::Cbor, b""),
        (Format::Cbor, b"\xa0"),
        (Format::Cbor, b"\xbf\xff"),
    ] {
        assert_eq!(Request::read(format, payload), Ok(Request::default()));
    }
}

#[test]
fn both_formats_say_the_same() {
    let json = br#"{"a":"b","p":{"x":"1","y":2},"n":null,"o":[1,[2]],"a":"c"}"#;
    // The same with an indefinite map, and a text in two pieces.
    let cbor =
        b"\xbf\x61a\x61b\x61p\xa2\x61x\x611\x61y\x02\x61n\xf6\x61o\x82\x01\x81\x02\x61a\x7f\x60\x61c\xff\xff";
    let expected = Request(BTreeMap::from([
        ("a".to_owned(), text("c")),
        ("o".to_owned(), Member::Other),
        (
            "p".to_owned(),
            Member::Map(BTreeMap::from([
                ("x".to_owned(), Some("1".to_owned())),
                ("y".to_owned(), None),
            ])),
        ),
    ]));
    assert_eq!(Request::read(Format::Json, json).as_ref(), Ok(&expected));
    assert_eq!(Request::read(Format::Cbor, cbor), Ok(expected));
}

#[test]
fn what_is_no_map_of_texts_is_refused() {
    let deep = [b"\xa1\x61a".as_slice(), &[0x81; 100], b"\x01"].concat();
    for (format, payload) in [
        (Format::Json, b"[]".as_slice()),
        (Format::Json, b"\"x\""),
        (Format::Json, b"{\"a\":}"),
        (Format::Json, b"{} x"),
        (Format::Json, b"{\"a\":\"\xff\"}"),
        (Format::Json, b"\xa0"),
        (Format::Cbor, b"{}"),
        (Format::Cbor, b"\x80"),
        (Format::Cbor, b"\xa1"),
        (Format::Cbor, b"\xa1\x01\x02"),
        (Format::Cbor, b"\xa1\x61a\x61\xff"),
        (Format::Cbor, b"\xa0\x00"),
        (Format::Cbor, b"\xbf\x61a\xff"),
        (Format::Cbor, b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Format::Cbor, b"\xa1\x61a\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Format::Cbor, b"\xa1\x61a\xff"),
        (Format::Cbor, &deep),
    ] {
        assert!(Request::read(format, payload).is_err(), "{payload:?}");
    }
}

#[test]
fn an_answer_is_in_the_order_in_which_it_was_made() {
    let map = [("k".to_owned(), "v".to_owned())];
    let reply = Reply::default()
        .number("statusCode", 400)
        .text("a", "\"\n")
        .map("m", &map);
    assert_eq!(
        reply.write(Format::Json).as_slice(),
        br#"{"statusCode":400,"a":"\"\n","m":{"k":"v"}}"#
    );
    assert_eq!(
        reply.write(Format::Cbor).as_slice(),
        b"\xa3\x6astatusCode\x19\x01\x90\x61a\x62\"\n\x61m\xa1\x61k\x61v"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Request::read(Format::Json, &payload);
        let _ = Request::read(Format::Cbor, &payload);
    }

    #[test]
    fn what_is_written_is_read(a in any::<String>(), map in prop::collection::btree_map(any::<String>(), any::<String>(), 0..9)) {
        let pairs: Vec<_> = map.clone().into_iter().collect();
        for format in [Format::Json, Format::Cbor] {
            let written = Reply::default().text("a", &a).map("m", &pairs).write(format);
            let read = Request::read(format, &written).unwrap();
            prop_assert_eq!(read.get("a"), Some(&text(&a)));
            let texts = map.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
            prop_assert_eq!(read.get("m"), Some(&Member::Map(texts)));
        }
    }
}
