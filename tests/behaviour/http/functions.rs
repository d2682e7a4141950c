//! Functions: the part of Lambda's API that brings code here and calls it.

mod code_in_buckets;
mod invoking;
mod layers;
mod life;
mod permissions;
mod refusals;
mod services;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use thingsmith_testkit::{Client, Reply};

use super::query::{done, iam};

const ROLE: &str = "arn:aws:iam::123456789012:role/worker";
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// A role that functions can be given.
async fn role(client: &Client, name: &str, service: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"Service": service}, "Action": "sts:AssumeRole"}});
    let new = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    done(iam(client, "CreateRole", new).await);
}

/// A zip file of one entry, as far as it is looked at without being unpacked.
fn zip(content: &str) -> String {
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &[0; 10]].concat();
    STANDARD.encode([b"PK\x03\x04".as_slice(), content.as_bytes(), &end].concat())
}

/// The members that every function needs.
fn new(name: &str) -> Value {
    json!({"FunctionName": name, "Role": ROLE, "Runtime": "python3.11", "Handler": "app.handler",
        "Code": {"ZipFile": zip("1")}})
}

fn with(mut value: Value, more: Value) -> Value {
    let (own, more) = (value.as_object_mut().unwrap(), more.as_object().unwrap().clone());
    own.extend(more);
    value
}

async fn create(client: &Client, input: Value) -> Reply {
    let client = client.clone().service("lambda");
    client.call_with("POST", "/2015-03-31/functions", input).await
}

/// A path of a function, with `more` behind its name.
fn path(name: &str, more: &str) -> String {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("/2015-03-31/functions/{name}{more}")
}

async fn call(client: &Client, method: &str, name: &str, more: &str, input: Option<Value>) -> Reply {
    let client = client.clone().service("lambda");
    match input {
        Some(input) => client.call_with(method, &path(name, more), input).await,
        None => client.call(method, &path(name, more)).await,
    }
}

async fn invoke(client: &Client, name: &str, headers: &[(&str, &str)], event: &[u8]) -> Reply {
    let client = client.clone().service("lambda");
    client
        .send("POST", &path(name, "/invocations"), headers, event)
        .await
}
