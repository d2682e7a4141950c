//! Calls in the query protocol: forms in, XML out.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use thingsmith_model::Secret;
use thingsmith_testkit::{Client, Reply, TestServer};

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")];

/// Calls an operation of IAM.
pub(crate) async fn iam(client: &Client, action: &str, input: Value) -> Reply {
    query(client, "iam", "2010-05-08", action, &input).await
}

/// Calls an operation of STS.
pub(crate) async fn sts(client: &Client, action: &str, input: Value) -> Reply {
    query(client, "sts", "2011-06-15", action, &input).await
}

async fn query(client: &Client, service: &str, version: &str, action: &str, input: &Value) -> Reply {
    let mut form = format!("Action={action}&Version={version}");
    flatten(&mut form, "", input);
    let client = client.clone().service(service);
    client.send("POST", "/", FORM, form.as_bytes()).await
}

fn flatten(form: &mut String, name: &str, value: &Value) {
    let dot = if name.is_empty() { "" } else { "." };
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                flatten(form, &format!("{name}{dot}{member}"), value);
            }
        }
        Value::Array(items) => {
            for (number, item) in (1..).zip(items) {
                flatten(form, &format!("{name}.member.{number}"), item);
            }
        }
        simple => {
            let text = simple.as_str().map_or_else(|| simple.to_string(), str::to_owned);
            let text = utf8_percent_encode(&text, NON_ALPHANUMERIC);
            form.push_str(&format!("&{name}={text}"));
        }
    }
}

/// The text of the first element of this name.
pub(super) fn element(reply: &Reply, name: &str) -> String {
    elements(reply, name)
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("there is no {name} in {reply}"))
}

/// The texts of every element of this name.
pub(super) fn elements(reply: &Reply, name: &str) -> Vec<String> {
    let text = String::from_utf8(reply.body.clone()).unwrap();
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = text.split(&open).skip(1);
    parts
        .map(|part| part.split(&close).next().unwrap().to_owned())
        .collect()
}

/// Asserts that a call succeeded.
#[track_caller]
pub(crate) fn done(reply: Reply) -> Reply {
    assert_eq!(reply.status, 200, "{reply}");
    reply
}

/// Asserts that a call was refused so.
#[track_caller]
pub(super) fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.exception()), (status, code), "{reply}");
}

/// A client with a key, and a session token where it is a session's.
pub(super) fn client(server: &TestServer, id: &str, secret: &str, token: Option<&str>) -> Client {
    let mut client = server.client(id);
    client.signer.secret_access_key = Secret::new(secret.to_owned());
    client.signer.session_token = token.map(str::to_owned);
    client
}

/// A client with the credentials of a reply.
pub(crate) fn client_of(server: &TestServer, reply: &Reply) -> Client {
    let token = elements(reply, "SessionToken");
    client(
        server,
        &element(reply, "AccessKeyId"),
        &element(reply, "SecretAccessKey"),
        token.first().map(String::as_str),
    )
}
