//! Objects and their bytes.

use std::time::Duration;

use ::bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::{BUCKET, OBJECT_BYTES, ObjectsPlace, get, keys, owner, pieces, prepared, put, read};
use crate::{Condition, NewObject, Object, ObjectBytes, ObjectError};

/// With what was said of it, and its MD5.
pub async fn what_was_put_comes_back(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let new = NewObject {
        content_type: Some("text/plain; charset=utf-8".into()),
        metadata: vec![
            ("made-by".into(), "a test".into()),
            ("leer".into(), String::new()),
        ],
        ..NewObject::default()
    };
    let bytes = pieces(["The quick brown fox jumps ", "", "over the lazy dog"]);
    let answered = objects
        .put(&owner(1), BUCKET, "key", new.clone(), bytes)
        .await
        .unwrap();
    let expected = Object {
        key: "key".into(),
        size: 43,
        etag: "9e107d9d372bb6826bd81d3542a419d6".into(),
        modified: answered.modified,
        content_type: new.content_type,
        metadata: new.metadata,
    };
    assert_eq!(answered, expected);
    assert_eq!(objects.head(&owner(1), BUCKET, "key").await.unwrap(), expected);
    let text = get(&objects, "key").await.unwrap();
    assert_eq!(text, "The quick brown fox jumps over the lazy dog");

    let empty = put(&objects, "empty", "").await.unwrap();
    assert_eq!(
        (empty.size, &*empty.etag),
        (0, "d41d8cd98f00b204e9800998ecf8427e")
    );
    assert_eq!(get(&objects, "empty").await.unwrap(), "");

    let new = NewObject {
        etag: Some("of-parts-2".into()),
        ..NewObject::default()
    };
    let parts = objects
        .put(&owner(1), BUCKET, "parts", new, pieces(["x"]))
        .await
        .unwrap();
    if place.keeps_tags() {
        assert_eq!(parts.etag, "of-parts-2");
    }
    assert_eq!(objects.head(&owner(1), BUCKET, "parts").await.unwrap(), parts);
}

/// A range may end behind the last byte, or begin there.
pub async fn a_range_is_cut_out(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let text: String = (0..100_000).map(|number| format!("{number:06}\n")).collect();
    put(&objects, "key", &text).await.unwrap();
    for (start, end) in [
        (0, 1),
        (0, 700_000),
        (699_999, 900_000),
        (7, 14),
        (300_000, 600_001),
        (5, 5),
    ] {
        let (object, bytes) = objects.get(&owner(1), BUCKET, "key", start..end).await.unwrap();
        assert_eq!(object.size, 700_000);
        let (start, end) = (
            usize::try_from(start).unwrap(),
            usize::try_from(end.min(700_000)).unwrap(),
        );
        assert!(
            read(bytes).await.unwrap() == text.as_bytes()[start..end],
            "{start}..{end}"
        );
    }
    let (_, bytes) = objects
        .get(&owner(1), BUCKET, "key", 700_000..u64::MAX)
        .await
        .unwrap();
    assert_eq!(read(bytes).await.unwrap(), b"");
}

/// What was begun is read to the end, whatever becomes of the key.
pub async fn a_reader_of_a_replaced_object_goes_on(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let long = "first ".repeat(200_000);
    put(&objects, "key", &long).await.unwrap();
    let (object, mut bytes) = objects.get(&owner(1), BUCKET, "key", 0..u64::MAX).await.unwrap();
    let mut had = bytes.next().await.unwrap().unwrap().to_vec();
    put(&objects, "key", "second").await.unwrap();
    assert_eq!(get(&objects, "key").await.unwrap(), "second");
    objects.delete(&owner(1), BUCKET, "key").await.unwrap();
    had.extend(read(bytes).await.unwrap());
    assert!(had == long.as_bytes());
    assert_eq!(object.size, long.len() as u64);
}

/// Neither a new key nor one that was there.
pub async fn bytes_that_fail_change_nothing(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    put(&objects, "old", "text").await.unwrap();
    for key in ["old", "new"] {
        let broken = ObjectError::BadBytes("the client is gone".into());
        let bytes = stream::iter([Ok(Bytes::from_static(b"half")), Err(broken.clone())]);
        let new = NewObject::default();
        let refused = objects.put(&owner(1), BUCKET, key, new, Box::pin(bytes)).await;
        assert_eq!(refused, Err(broken));
    }
    assert_eq!(get(&objects, "old").await.unwrap(), "text");
    assert_eq!(keys(&objects, "", "", 10).await, ["old"]);
}

/// However its bytes come.
pub async fn an_object_that_is_too_large_changes_nothing(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let bytes = |count: u64| -> ObjectBytes {
        let pieces = count.div_ceil(1000);
        let piece = move |number: u64| {
            let length = usize::try_from((count - number * 1000).min(1000)).unwrap();
            Ok(Bytes::from(vec![b'x'; length]))
        };
        Box::pin(stream::iter((0..pieces).map(piece)))
    };
    let new = NewObject::default;
    let most = objects
        .put(&owner(1), BUCKET, "key", new(), bytes(OBJECT_BYTES))
        .await
        .unwrap();
    assert_eq!(most.size, OBJECT_BYTES);
    let refused = objects
        .put(&owner(1), BUCKET, "key", new(), bytes(OBJECT_BYTES + 1))
        .await;
    assert_eq!(refused, Err(ObjectError::TooLarge));
    assert_eq!(objects.head(&owner(1), BUCKET, "key").await.unwrap(), most);
}

/// Its caller went away before the last byte.
pub async fn a_put_that_nobody_waits_for_changes_nothing(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let first = stream::iter([Ok(Bytes::from_static(b"half"))]);
    let bytes = Box::pin(first.chain(stream::pending()));
    let owner = owner(1);
    let put = objects.put(&owner, BUCKET, "key", NewObject::default(), bytes);
    let given_up = tokio::time::timeout(Duration::from_millis(50), put).await;
    assert!(given_up.is_err(), "it waits for the rest");
    assert_eq!(keys(&objects, "", "", 10).await, Vec::<String>::new());
    assert_eq!(get(&objects, "key").await, Err(ObjectError::NoSuchKey));
}

/// On an object that is as it was, or on none. What is refused changes nothing.
pub async fn a_put_may_depend_on_what_is_there(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let put = async |condition: &Condition, text: &'static str| {
        let new = NewObject {
            condition: condition.clone(),
            ..NewObject::default()
        };
        objects.put(&owner(1), BUCKET, "key", new, pieces([text])).await
    };
    let absent = Condition::Absent;
    let other = Condition::Matches("0".repeat(32));
    assert_eq!(put(&other, "x").await, Err(ObjectError::NoSuchKey));
    assert_eq!(keys(&objects, "", "", 10).await, Vec::<String>::new());
    let first = put(&absent, "first").await.unwrap();
    assert_eq!(put(&absent, "x").await, Err(ObjectError::ConditionFailed));
    assert_eq!(put(&other, "x").await, Err(ObjectError::ConditionFailed));
    assert_eq!(get(&objects, "key").await.unwrap(), "first");
    let same = Condition::Matches(first.etag);
    put(&same, "second").await.unwrap();
    assert_eq!(put(&same, "x").await, Err(ObjectError::ConditionFailed));
    assert_eq!(get(&objects, "key").await.unwrap(), "second");
    objects.delete(&owner(1), BUCKET, "key").await.unwrap();
    put(&absent, "third").await.unwrap();
    assert_eq!(get(&objects, "key").await.unwrap(), "third");
}

/// Also when all begin before one is done.
pub async fn of_many_that_must_not_replace_one_is_kept(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let objects = objects.clone();
        writers.spawn(async move {
            let new = NewObject {
                condition: Condition::Absent,
                ..NewObject::default()
            };
            let bytes = stream::iter([Ok(Bytes::from(number.to_string()))]);
            let put = objects.put(&owner(1), BUCKET, "key", new, Box::pin(bytes)).await;
            (number, put)
        });
    }
    let mut kept = Vec::new();
    while let Some(written) = writers.join_next().await {
        match written.unwrap() {
            (number, Ok(_)) => kept.push(number),
            (_, Err(error)) => assert_eq!(error, ObjectError::ConditionFailed),
        }
    }
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(get(&objects, "key").await.unwrap(), kept[0].to_string());
}

/// What would be another file, or none, to a file system.
pub async fn any_key_is_a_key(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let long = "k".repeat(place.longest_key());
    let all = [
        "..",
        "../../etc/passwd",
        "/",
        "//",
        "a/",
        "a//b",
        "a/./b",
        "a",
        "A",
        "\u{e4}",
        "a\u{308}",
        "\u{10ffff}",
        "bucket.json",
        "with space",
        "%2e%2e%2f",
        "\u{1}\n",
        "nul\0",
        &long,
    ];
    for key in all {
        put(&objects, key, key).await.unwrap();
    }
    for key in all {
        assert_eq!(get(&objects, key).await.unwrap(), key);
    }
    let mut sorted = all.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(keys(&objects, "", "", 1000).await, sorted);
}

/// Never a mixture.
pub async fn of_two_at_once_one_is_whole(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let texts = ["a".repeat(60_000), "b".repeat(40_000)];
    let mut writers = tokio::task::JoinSet::new();
    for turn in 0..20 {
        let (objects, text) = (objects.clone(), texts[turn % 2].clone());
        writers.spawn(async move { put(&objects, "key", &text).await.unwrap() });
    }
    for _ in 0..20 {
        match get(&objects, "key").await {
            Ok(text) => assert!(texts.contains(&text)),
            Err(error) => assert_eq!(error, ObjectError::NoSuchKey),
        }
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    assert!(texts.contains(&get(&objects, "key").await.unwrap()));
}

/// And not missed the second time.
pub async fn what_is_deleted_is_gone(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    put(&objects, "key", "text").await.unwrap();
    for _ in 0..2 {
        objects.delete(&owner(1), BUCKET, "key").await.unwrap();
        assert_eq!(get(&objects, "key").await, Err(ObjectError::NoSuchKey));
        assert_eq!(
            objects.head(&owner(1), BUCKET, "key").await,
            Err(ObjectError::NoSuchKey)
        );
        assert_eq!(keys(&objects, "", "", 10).await, Vec::<String>::new());
    }
    let elsewhere = objects.delete(&owner(1), "no-such-bucket", "key").await;
    assert_eq!(elsewhere, Err(ObjectError::NoSuchBucket));
}
