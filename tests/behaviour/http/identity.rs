//! Who a caller is: `sts`, in the query protocol.

use thingsmith_testkit::{ACCOUNT, Reply, TestServer};

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
const IDENTITY: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";

/// The body without the request's id.
fn shown(reply: &Reply) -> String {
    let id = reply.header("x-amzn-requestid").unwrap();
    let body = String::from_utf8(reply.body.clone()).unwrap();
    assert!(body.contains(id));
    format!(
        "{} {}\n{}",
        reply.status,
        reply.header("content-type").unwrap(),
        body.replace(id, "ID")
    )
}

#[tokio::test]
async fn a_caller_learns_who_it_is_without_any_permission() {
    let server = TestServer::builder().key("nothing", ACCOUNT, &[]).start().await;
    let admin = server.administrator().service("sts");
    insta::assert_snapshot!(shown(&admin.send("POST", "/", FORM, IDENTITY).await), @r#"
    200 text/xml
    <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:root</Arn><UserId>123456789012</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>
    "#);
    let stranger = server.client("nothing").service("sts");
    insta::assert_snapshot!(shown(&stranger.send("POST", "/", FORM, IDENTITY).await), @r#"
    200 text/xml
    <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/nothing</Arn><UserId>AIDACSVXX5YEV557MRRO</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>
    "#);
    // Tools that hand their identity on sign a URL instead.
    let reply = stranger
        .call("GET", "/?Action=GetCallerIdentity&Version=2011-06-15")
        .await;
    assert_eq!(reply.status, 200, "{reply}");
}

#[tokio::test]
async fn sts_refuses_in_xml() {
    let server = TestServer::start().await;
    let admin = server.administrator().service("sts");
    let ask = |form: &'static [u8]| admin.send("POST", "/", FORM, form);
    insta::assert_snapshot!(shown(&ask(b"Action=GetSessionToken&Version=2011-06-15").await), @r#"
    501 text/xml
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Receiver</Type><Code>NotImplemented</Code><Message>The operation GetSessionToken is not implemented.</Message></Error><RequestId>ID</RequestId></ErrorResponse>
    "#);
    insta::assert_snapshot!(shown(&ask(b"Action=%3CNone%3E%0C&Version=2011-06-15").await), @r#"
    400 text/xml
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation &lt;None&gt;� for version 2011-06-15</Message></Error><RequestId>ID</RequestId></ErrorResponse>
    "#);
    insta::assert_snapshot!(shown(&ask(b"Action=GetCallerIdentity&Version=2010-01-01").await), @r#"
    400 text/xml
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation GetCallerIdentity for version 2010-01-01</Message></Error><RequestId>ID</RequestId></ErrorResponse>
    "#);
    insta::assert_snapshot!(shown(&ask(b"Action=GetCallerIdentity&Action=GetSessionToken&Version=2011-06-15").await), @r#"
    400 text/xml
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>MalformedInput</Code><Message>'Action' is given more than once.</Message></Error><RequestId>ID</RequestId></ErrorResponse>
    "#);
    let mut stranger = admin.clone();
    stranger.signer.access_key_id = "AKIANOBODY".into();
    insta::assert_snapshot!(shown(&stranger.send("POST", "/", FORM, IDENTITY).await), @r#"
    403 text/xml
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error><RequestId>ID</RequestId></ErrorResponse>
    "#);
    let mut forger = admin.clone();
    forger.signer.secret_access_key = thingsmith_model::Secret::new("another".into());
    insta::assert_snapshot!(shown(&forger.send("POST", "/", FORM, IDENTITY).await), @r#"
    403 text/xml
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.</Message></Error><RequestId>ID</RequestId></ErrorResponse>
    "#);
}

#[tokio::test]
async fn what_takes_no_signature_says_that_it_is_not_there_yet() {
    let server = TestServer::start().await;
    let unsigned = |form: &str| {
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{form}",
            form.len()
        );
        let address = server.address;
        async move { thingsmith_testkit::raw(address, request.as_bytes()).await }
    };
    let reply = unsigned("Action=AssumeRoleWithWebIdentity&Version=2011-06-15").await;
    assert_eq!(
        (reply.status, reply.exception()),
        (501, "NotImplemented"),
        "{reply}"
    );
    let reply = unsigned("Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(
        (reply.status, reply.exception()),
        (403, "MissingAuthenticationToken"),
        "{reply}"
    );
}
