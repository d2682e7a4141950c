//! What goes wrong on the way to the other server, and at it.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use thingsmith_objects_s3::{Endpoint, Limits, Mount, Mounted, PART_BYTES, Place, Remote};
use thingsmith_ports::{Clock as _, Condition, NewObject, ObjectBytes, ObjectError, Objects, Owner};
use thingsmith_testkit::TestServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{BUCKET, PREFIX, elsewhere, endpoint, endpoint_at, keeper};

fn owner() -> &'static Owner {
    static OWNER: LazyLock<Owner> = LazyLock::new(|| Owner {
        account: "000000000001".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    });
    &OWNER
}

fn bytes(all: Vec<u8>) -> ObjectBytes {
    let pieces: Vec<_> = all
        .chunks(100_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    Box::pin(stream::iter(pieces))
}

fn numbered(length: usize) -> Vec<u8> {
    (0..length / 8)
        .flat_map(|number| format!("{number:07}\n").into_bytes())
        .collect()
}

async fn read(mut bytes: ObjectBytes) -> Result<Vec<u8>, ObjectError> {
    let mut all = Vec::new();
    while let Some(piece) = bytes.next().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}

/// A way to a server that breaks off: the first connections each after so many bytes of answers.
async fn breaking_way(server: &TestServer, limits: &[usize]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let there = server.address;
    let limits = Arc::new(Mutex::new(VecDeque::from(limits.to_vec())));
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let limit = limits.lock().unwrap().pop_front().unwrap_or(usize::MAX);
            tokio::spawn(async move {
                let far = TcpStream::connect(there).await.unwrap();
                let ((mut from_near, mut to_near), (mut from_far, mut to_far)) =
                    (near.into_split(), far.into_split());
                let asking = tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut from_near, &mut to_far).await;
                });
                let (mut left, mut buffer) = (limit, vec![0; 16 * 1024]);
                while left > 0 {
                    let here = buffer.len().min(left);
                    let Ok(count @ 1..) = from_far.read(&mut buffer[..here]).await else {
                        break;
                    };
                    if to_near.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                    left -= count;
                }
                asking.abort();
            });
        }
    });
    port
}

/// A keeper of larger objects than the suite's.
fn large(endpoint: &Arc<Endpoint>) -> Remote {
    Remote::new(
        Place::new(Arc::clone(endpoint), BUCKET, PREFIX),
        Limits::default(),
    )
}

#[tokio::test]
async fn a_reader_goes_on_where_the_way_broke() {
    let place = elsewhere(true).await.unwrap();
    let direct = large(&endpoint(&place.server, true, None));
    direct.create_bucket(owner(), "bucket").await.unwrap();
    let text = numbered(3 << 20);
    direct
        .put(
            owner(),
            "bucket",
            "key",
            NewObject::default(),
            bytes(text.clone()),
        )
        .await
        .unwrap();
    let port = breaking_way(&place.server, &[700_000, 100, 0, 900_000, 200_000]).await;
    let broken = large(&endpoint_at(&place.server, port, true, None));
    let (object, got) = broken.get(owner(), "bucket", "key", 8..u64::MAX).await.unwrap();
    assert_eq!(object.size, text.len() as u64);
    assert!(read(got).await.unwrap() == text[8..]);
}

#[tokio::test]
async fn what_was_replaced_is_not_mixed_when_the_way_breaks() {
    let place = elsewhere(true).await.unwrap();
    let direct = large(&endpoint(&place.server, true, None));
    direct.create_bucket(owner(), "bucket").await.unwrap();
    let put = async |text: Vec<u8>| {
        let put = direct.put(owner(), "bucket", "key", NewObject::default(), bytes(text));
        put.await.unwrap();
    };
    // More than the buffers on the way hold.
    put(numbered(24 << 20)).await;
    let port = breaking_way(&place.server, &[20 << 20]).await;
    let broken = large(&endpoint_at(&place.server, port, true, None));
    let (_, mut got) = broken.get(owner(), "bucket", "key", 0..u64::MAX).await.unwrap();
    got.next().await.unwrap().unwrap();
    put(numbered(16)).await;
    let failed = read(got).await;
    assert!(
        matches!(failed, Err(ObjectError::Unavailable(_))),
        "{:?}",
        failed.map(|all| all.len())
    );
}

#[tokio::test]
async fn a_large_object_goes_in_parts() {
    let place = elsewhere(true).await.unwrap();
    let remote = large(&endpoint(&place.server, true, None));
    remote.create_bucket(owner(), "bucket").await.unwrap();
    let text = numbered(2 * PART_BYTES + 400_000);
    let new = |condition| NewObject {
        content_type: Some("text/plain".into()),
        metadata: vec![("made-by".into(), "a test".into())],
        condition,
        ..NewObject::default()
    };
    let put = async |condition| {
        let put = remote.put(owner(), "bucket", "key", new(condition), bytes(text.clone()));
        put.await
    };
    let object = put(Condition::Absent).await.unwrap();
    assert!(object.etag.ends_with("-3"), "{}", object.etag);
    assert_eq!(object.content_type.as_deref(), Some("text/plain"));
    assert_eq!(object.metadata, new(Condition::Always).metadata);
    assert_eq!(put(Condition::Absent).await, Err(ObjectError::ConditionFailed));
    let (_, got) = remote.get(owner(), "bucket", "key", 0..u64::MAX).await.unwrap();
    assert!(read(got).await.unwrap() == text);
    // One that ends with a part.
    let whole = numbered(PART_BYTES);
    let put = remote.put(
        owner(),
        "bucket",
        "key",
        new(Condition::Always),
        bytes(whole.clone()),
    );
    assert!(put.await.unwrap().etag.ends_with("-1"));
    let (_, got) = remote.get(owner(), "bucket", "key", 0..u64::MAX).await.unwrap();
    assert!(read(got).await.unwrap() == whole);
}

#[tokio::test]
async fn an_upload_that_fails_is_given_up() {
    let place = elsewhere(true).await.unwrap();
    let remote = large(&endpoint(&place.server, true, None));
    remote.create_bucket(owner(), "bucket").await.unwrap();
    let gone = ObjectError::BadBytes("the client is gone".into());
    let failing = bytes(numbered(PART_BYTES + 8)).chain(stream::iter([Err(gone.clone())]));
    let put = remote.put(owner(), "bucket", "key", NewObject::default(), Box::pin(failing));
    assert_eq!(put.await, Err(gone));
    assert_eq!(
        remote.head(owner(), "bucket", "key").await,
        Err(ObjectError::NoSuchKey)
    );
    let client = place.server.administrator().service("s3");
    let hash = thingsmith_sigv4::PayloadHash::of(b"").to_hex();
    let headers = [("x-amz-content-sha256", hash.as_str())];
    for _ in 0..3000 {
        let listed = client
            .send("GET", &format!("/{BUCKET}?uploads"), &headers, b"")
            .await;
        let listed = String::from_utf8(listed.body).unwrap();
        if !listed.contains("<Upload>") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the upload stays");
}

#[tokio::test]
async fn what_the_server_refuses_is_told_apart_from_one_that_is_not_there() {
    let place = elsewhere(true).await.unwrap();
    let wrong = keeper(&endpoint(&place.server, true, Some("another secret")));
    let refused = |error: ObjectError, code: &str| match error {
        ObjectError::Refused(reason) => assert!(reason.contains(code), "{reason}"),
        error => panic!("{error:?}"),
    };
    refused(wrong.check().await.unwrap_err(), "SignatureDoesNotMatch");
    let head = wrong.head(owner(), "bucket", "key").await;
    refused(head.unwrap_err(), "SignatureDoesNotMatch");
    let put = wrong.put(owner(), "bucket", "key", NewObject::default(), bytes(vec![1]));
    refused(put.await.unwrap_err(), "SignatureDoesNotMatch");

    let good = endpoint(&place.server, true, None);
    let missing = Remote::new(Place::new(good, "no-such-bucket", ""), Limits::default());
    refused(missing.check().await.unwrap_err(), "does not exist");
    let head = missing.head(owner(), "bucket", "key").await;
    assert!(matches!(head, Err(ObjectError::Unavailable(_))), "{head:?}");

    let remote = keeper(&endpoint(&place.server, true, None));
    remote.check().await.unwrap();
    place.server.stop().await;
    let down = remote.check().await;
    assert!(matches!(down, Err(ObjectError::Unavailable(_))), "{down:?}");
}

#[tokio::test]
async fn a_mounted_bucket_is_its_owners_alone() {
    let place = elsewhere(true).await.unwrap();
    let there = endpoint(&place.server, true, None);
    let mount = |name: &str, bucket: &str| Mount {
        name: name.into(),
        owner: owner().clone(),
        place: Place::new(Arc::clone(&there), bucket, "fleet/"),
        object_bytes: 1000,
    };
    let since = place.server.clock.now();
    let mounts = [mount("mounted", BUCKET), mount("missing", "no-such-bucket")];
    let rest: Arc<dyn Objects> = Arc::new(keeper(&there));
    let objects = Mounted::new(mounts, rest, since);
    objects.create_bucket(owner(), "mounted").await.unwrap();
    objects.create_bucket(owner(), "own").await.unwrap();
    let new = NewObject::default;
    objects
        .put(owner(), "mounted", "key", new(), bytes(vec![b'x'; 9]))
        .await
        .unwrap();
    let too_large = objects
        .put(owner(), "mounted", "key", new(), bytes(vec![b'x'; 1001]))
        .await;
    assert_eq!(too_large, Err(ObjectError::TooLarge));
    // As it is: nothing but the prefix stands before the key.
    let seen = place
        .server
        .objects
        .list(&theirs(), BUCKET, "fleet/", "", 9)
        .await
        .unwrap();
    assert_eq!(seen[0].key, "fleet/key");
    let (_, got) = objects.get(owner(), "mounted", "key", 1..3).await.unwrap();
    assert_eq!(read(got).await.unwrap(), b"xx");
    let listed = objects.list(owner(), "mounted", "", "", 9).await.unwrap();
    assert_eq!(listed[0].key, "key");
    let names: Vec<String> = objects
        .buckets(owner())
        .await
        .unwrap()
        .into_iter()
        .map(|bucket| bucket.name)
        .collect();
    assert_eq!(names, ["missing", "mounted", "own"]);

    let stranger = Owner {
        region: "eu-west-2".parse().unwrap(),
        ..owner().clone()
    };
    let not_seen = Err(ObjectError::NoSuchBucket);
    assert_eq!(objects.head(&stranger, "mounted", "key").await, not_seen);
    let taken = objects.create_bucket(&stranger, "mounted").await;
    assert_eq!(taken, Err(ObjectError::BucketTaken));
    assert_eq!(objects.buckets(&stranger).await.unwrap(), []);

    assert_eq!(objects.head(owner(), "missing", "key").await, not_seen);
    let kept = objects.delete_bucket(owner(), "mounted").await;
    assert!(matches!(kept, Err(ObjectError::Refused(_))), "{kept:?}");
    objects.reset().await.unwrap();
    objects.head(owner(), "mounted", "key").await.unwrap();
    objects.delete(owner(), "mounted", "key").await.unwrap();
    let gone = objects.head(owner(), "mounted", "key").await;
    assert_eq!(gone, Err(ObjectError::NoSuchKey));
}

/// Whose the buckets are at the other server.
fn theirs() -> Owner {
    Owner {
        account: thingsmith_testkit::ACCOUNT.parse().unwrap(),
        region: thingsmith_testkit::REGION.parse().unwrap(),
    }
}
