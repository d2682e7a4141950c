//! A server whose objects another server keeps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thingsmith_model::Secret;
use thingsmith_objects_s3::{Config, Endpoint, Limits, Mount, Mounted, Place, Remote};
use thingsmith_ports::{Clock as _, Objects, Owner};
use thingsmith_testkit::{ACCOUNT, Client, Engine, REGION, TestServer};

use super::{OTHER, S3, done, get, refused, text};
use crate::http::named;
use crate::http::query::{self, iam};

/// The bucket at the other server.
const KEPT: &str = "kept-elsewhere";

/// The other server with a bucket, and the way to it under its administrator's key or with a wrong secret.
pub(super) async fn other_server() -> TestServer {
    let server = TestServer::start().await;
    done(&S3::administrator(&server).call("PUT", &format!("/{KEPT}")).await);
    server
}

fn endpoint(server: &TestServer, wrong: Option<&str>) -> Arc<Endpoint> {
    endpoint_at(server, server.address, wrong)
}

/// The other server, reached at this address.
pub(super) fn endpoint_at(server: &TestServer, address: SocketAddr, wrong: Option<&str>) -> Arc<Endpoint> {
    let signer = server.administrator().signer;
    let config = Config {
        url: format!("http://{address}"),
        region: REGION.into(),
        path_style: true,
        access_key_id: signer.access_key_id,
        secret_access_key: wrong.map_or(signer.secret_access_key, |wrong| Secret::new(wrong.into())),
        plain_http: false,
        tls: thingsmith_web::client_config("").unwrap(),
    };
    Endpoint::new(config, server.clock.clone()).unwrap()
}

pub(super) fn remote(endpoint: &Arc<Endpoint>) -> Arc<dyn Objects> {
    Arc::new(Remote::new(
        Place::new(Arc::clone(endpoint), KEPT, "node/"),
        Limits::default(),
    ))
}

/// A server whose bucket `fleet` is that of the other one.
async fn mounting(engine: Engine, other: &TestServer, wrong: Option<&str>) -> TestServer {
    let mount = Mount {
        name: "fleet".into(),
        owner: Owner {
            account: ACCOUNT.parse().unwrap(),
            region: REGION.parse().unwrap(),
        },
        place: Place::new(endpoint(other, wrong), KEPT, ""),
        object_bytes: 1 << 20,
    };
    let since = other.clock.now();
    let keeper = move |rest| Arc::new(Mounted::new([mount], rest, since)) as Arc<dyn Objects>;
    let server = TestServer::builder()
        .engine(engine)
        .key("stranger", OTHER, &[ALL])
        .keeper(keeper)
        .start()
        .await;
    role(&server.administrator()).await;
    server
}

const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const ROLE: &str = "arn:aws:iam::123456789012:role/bulk";

pub(super) async fn role(admin: &Client) {
    let trust = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "iot.amazonaws.com"}}});
    let role = json!({"RoleName": "bulk", "AssumeRolePolicyDocument": trust.to_string()});
    query::done(iam(admin, "CreateRole", role).await);
    let policy = json!({"RoleName": "bulk", "PolicyName": "all", "PolicyDocument": ALL});
    query::done(iam(admin, "PutRolePolicy", policy).await);
}

pub(super) fn task(key: &str) -> Value {
    let template = json!({
        "Parameters": {"ThingName": {"Type": "String"}},
        "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}}},
    });
    json!({"templateBody": template.to_string(), "inputFileBucket": "fleet", "inputFileKey": key, "roleArn": ROLE})
}

/// Starts a task and waits until it has ended.
async fn register(admin: &Client, key: &str) -> (String, Value) {
    let started = named(admin, "StartThingRegistrationTask", task(key)).await;
    let id = query::done(started).text("taskId");
    let begun = Instant::now();
    loop {
        let described = named(admin, "DescribeThingRegistrationTask", json!({"taskId": id})).await;
        let described = query::done(described).json();
        if described["status"] != "InProgress" {
            return (id, described);
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{described}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What the links to a task's results lead to.
pub(super) async fn results(server: &TestServer, task: &str) -> String {
    let input = json!({"taskId": task, "reportType": "RESULTS"});
    let listed = named(&server.administrator(), "ListThingRegistrationTaskReports", input).await;
    let listed = query::done(listed).json();
    let link = listed["resourceLinks"][0].as_str().unwrap().to_owned();
    let target = link.split_once("://").unwrap().1;
    // The link is this server's own: whoever follows it need not reach the other one.
    let target = target.strip_prefix(&server.address.to_string()).unwrap();
    text(&get(server, target).await)
}

#[tokio::test]
async fn a_fleet_is_registered_from_a_bucket_of_another_server() {
    for engine in Engine::available() {
        let other = other_server().await;
        let there = S3::administrator(&other);
        let lines: String = (0..300)
            .map(|number| format!("{{\"ThingName\": \"pump-{number}\"}}\n"))
            .collect();
        there.put(&format!("/{KEPT}/fleet.json"), &lines).await;

        let server = mounting(engine, &other, None).await;
        let admin = server.administrator();
        let (id, described) = register(&admin, "fleet.json").await;
        assert_eq!(
            (&described["status"], &described["successCount"]),
            (&json!("Completed"), &json!(300))
        );
        assert_eq!(results(&server, &id).await.lines().count(), 300);
        // The other bucket is as it was: reports stand elsewhere.
        let listed = text(&there.call("GET", &format!("/{KEPT}?list-type=2")).await);
        assert_eq!(listed.matches("<Key>").count(), 1, "{listed}");

        let missing = named(&admin, "StartThingRegistrationTask", task("none.json")).await;
        query::refused(&missing, 400, "InvalidRequestException");
        // It is the bucket of one account.
        let stranger = S3::of(&server, server.client("stranger"));
        refused(
            &stranger.call("GET", "/fleet/fleet.json").await,
            404,
            "NoSuchBucket",
        );
        refused(&stranger.call("PUT", "/fleet").await, 409, "BucketAlreadyExists");
        let s3 = S3::administrator(&server);
        assert_eq!(text(&s3.call("GET", "/fleet/fleet.json").await), lines);
        refused(&s3.call("DELETE", "/fleet").await, 403, "AccessDenied");
    }
}

#[tokio::test]
async fn what_the_other_server_refuses_is_said_to_whoever_starts_a_task() {
    for engine in Engine::available() {
        let other = other_server().await;
        S3::administrator(&other)
            .put(&format!("/{KEPT}/fleet.json"), "{}\n")
            .await;
        let server = mounting(engine, &other, Some("a wrong secret")).await;
        let admin = server.administrator();
        let started = named(&admin, "StartThingRegistrationTask", task("fleet.json")).await;
        query::refused(&started, 400, "InvalidRequestException");
        assert!(started.to_string().contains("SignatureDoesNotMatch"), "{started}");
        let s3 = S3::administrator(&server);
        refused(&s3.call("GET", "/fleet/fleet.json").await, 403, "AccessDenied");
        refused(
            &s3.send("PUT", "/fleet/new", &[], b"x").await,
            403,
            "AccessDenied",
        );
        // What is kept here is kept.
        done(&s3.call("PUT", "/own-bucket").await);
        s3.put("/own-bucket/key", "own").await;

        // And where it does not answer at all, a task is not started, and what is kept here is there still.
        other.stop().await;
        let started = named(&admin, "StartThingRegistrationTask", task("fleet.json")).await;
        query::refused(&started, 500, "InternalFailureException");
        refused(
            &s3.call("GET", "/fleet/fleet.json").await,
            503,
            "ServiceUnavailable",
        );
        assert_eq!(text(&s3.call("GET", "/own-bucket/key").await), "own");
    }
}

/// Two servers as two nodes: with one keeper what one puts the other has.
#[tokio::test]
async fn servers_that_share_a_keeper_share_their_objects() {
    for engine in Engine::available() {
        let other = other_server().await;
        let start = async || {
            let keeper = remote(&endpoint(&other, None));
            TestServer::builder()
                .engine(engine)
                .keeper(move |_| keeper)
                .start()
                .await
        };
        let (one, two) = (start().await, start().await);
        let (first, second) = (S3::administrator(&one), S3::administrator(&two));
        done(&first.call("PUT", "/fleet").await);
        done(&second.call("HEAD", "/fleet").await);
        let headers = [("content-type", "text/plain"), ("x-amz-meta-made-by", "a test")];
        done(
            &first
                .send(
                    "PUT",
                    "/fleet/fleet.json",
                    &headers,
                    b"{\"ThingName\": \"pump\"}\n",
                )
                .await,
        );
        let got = second.call("GET", "/fleet/fleet.json").await;
        assert_eq!(got.header("x-amz-meta-made-by"), Some("a test"));
        let copied = [("x-amz-copy-source", "/fleet/fleet.json"), ("if-none-match", "*")];
        done(&second.send("PUT", "/fleet/copy.json", &copied, b"").await);
        let again = first.send("PUT", "/fleet/copy.json", &copied, b"").await;
        refused(&again, 412, "PreconditionFailed");
        // An upload that the one begins the other completes.
        let begun = text(&first.call("POST", "/fleet/big?uploads").await);
        let id = begun
            .split(['<', '>'])
            .skip_while(|part| *part != "UploadId")
            .nth(1)
            .unwrap();
        let part = format!("/fleet/big?partNumber=1&uploadId={id}");
        let part = second.send("PUT", &part, &[], b"a part").await;
        let etag = part.header("etag").unwrap();
        let list = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
        );
        let target = format!("/fleet/big?uploadId={id}");
        done(&first.send("POST", &target, &[], list.as_bytes()).await);
        assert_eq!(text(&second.call("GET", "/fleet/big").await), "a part");
        let listed = text(&second.call("GET", "/fleet?list-type=2").await);
        assert_eq!(listed.matches("<Key>").count(), 3, "{listed}");

        // The report of a task on one node is read at the other.
        role(&one.administrator()).await;
        let (id, described) = register(&one.administrator(), "fleet.json").await;
        assert_eq!(described["status"], "Completed", "{described}");
        assert_eq!(results(&one, &id).await.lines().count(), 1);
        let bucket = format!(".reports.{ACCOUNT}.{REGION}");
        let owner = Owner {
            account: ACCOUNT.parse().unwrap(),
            region: REGION.parse().unwrap(),
        };
        let report = format!("{id}/results-000001.json");
        two.objects.head(&owner, &bucket, &report).await.unwrap();
    }
}

#[tokio::test]
async fn a_large_part_and_a_small_one_become_one_object() {
    for engine in Engine::available() {
        let other = other_server().await;
        let keeper = remote(&endpoint(&other, None));
        let server = TestServer::builder().engine(engine).keeper(move |_| keeper);
        let server = server.start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/fleet").await);
        // As large as what goes to the other server at once, a little larger, and much larger.
        for bytes in [8 << 20, (8 << 20) + 1, 17 << 20] {
            let begun = text(&s3.call("POST", "/fleet/big?uploads").await);
            let mut id = begun.split(['<', '>']).skip_while(|part| *part != "UploadId");
            let id = id.nth(1).unwrap();
            let large: Vec<u8> = (0..bytes).map(|at: u32| (at % 251) as u8).collect();
            let mut parts = String::new();
            for (number, part) in [(1, &large[..]), (2, b"small")] {
                let target = format!("/fleet/big?partNumber={number}&uploadId={id}");
                let put = s3.send("PUT", &target, &[], part).await;
                done(&put);
                let etag = put.header("etag").unwrap();
                parts.push_str(&format!(
                    "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
                ));
            }
            let listed = text(&s3.call("GET", &format!("/fleet/big?uploadId={id}")).await);
            for size in [bytes as usize, 5] {
                assert!(listed.contains(&format!("<Size>{size}</Size>")), "{listed}");
            }
            let list = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
            let target = format!("/fleet/big?uploadId={id}");
            done(&s3.send("POST", &target, &[], list.as_bytes()).await);
            let got = s3.call("GET", "/fleet/big").await;
            assert!(got.body == [&large[..], b"small"].concat(), "{bytes}");
            let tail = s3.send("GET", "/fleet/big", &[("range", "bytes=-6")], b"").await;
            assert_eq!(tail.body, [&large[large.len() - 1..], b"small"].concat());
            let left = text(&s3.call("GET", "/fleet?uploads").await);
            assert!(!left.contains("<UploadId>"), "{left}");
        }
    }
}
