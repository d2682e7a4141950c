//! A client of the AWS API that signs its requests and keeps one connection, from a thread of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use thingsmith::SystemClock;
use thingsmith_model::Secret;
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};

use crate::server::REGION;

/// A caller with a key.
pub(crate) struct Caller {
    host: String,
    signer: Signer,
    connection: Option<BufReader<TcpStream>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The exception's name; empty for a success.
    pub(crate) exception: String,
    /// The body; null when there is none or it is no JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// A text of the body.
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member} in {self:?}"))
            .to_owned()
    }
}

impl Caller {
    pub(crate) fn new(url: &str, access_key_id: &str, secret: &str) -> Self {
        let signer = Signer {
            access_key_id: access_key_id.into(),
            secret_access_key: Secret::new(secret.into()),
            session_token: None,
            region: REGION.into(),
            service: "iot".into(),
        };
        let host = url.strip_prefix("http://").expect("it is a URL").to_owned();
        Self {
            host,
            signer,
            connection: None,
        }
    }

    /// The same caller with a connection of its own.
    pub(crate) fn another(&self) -> Self {
        Self {
            host: self.host.clone(),
            signer: self.signer.clone(),
            connection: None,
        }
    }

    /// Calls, and expects a success.
    pub(crate) fn must(&mut self, method: &str, target: &str, body: Value) -> Answer {
        let answer = self.call(method, target, &[], body).unwrap();
        assert_eq!(answer.status, 200, "{method} {target}: {answer:?}");
        answer
    }

    /// Calls with further headers. A body of null is none.
    ///
    /// # Errors
    /// When there is no whole answer: what became of the request is not known.
    pub(crate) fn call(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> io::Result<Answer> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let bytes = self.signed(method, target, headers, &body);
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        connection.get_mut().write_all(&bytes)?;
        let answer = read(&mut connection)?;
        self.connection = Some(connection);
        Ok(answer)
    }

    /// A signed request as bytes.
    pub(crate) fn signed(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
        let mut all: Vec<(&str, &str)> = vec![("host", &self.host)];
        all.extend(headers);
        if !body.is_empty() {
            all.push(("content-type", "application/json"));
        }
        let named: Vec<(&str, &[u8])> = all
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let request = Request {
            method,
            target: target.as_bytes(),
            headers: &named,
        };
        let added = sign(
            &self.signer,
            &request,
            PayloadHash::of(body.as_bytes()),
            SystemClock.now(),
        )
        .unwrap();
        let mut text = format!("{method} {target} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in all
            .into_iter()
            .chain(added.iter().map(|(name, value)| (*name, value.as_str())))
        {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        text.into_bytes()
    }

    /// A connection to the API.
    pub(crate) fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(&self.host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(BufReader::new(stream))
    }

    /// Makes a policy that allows everything to devices, and gives back its name.
    pub(crate) fn allow_all(&mut self) -> &'static str {
        let statement = json!({ "Effect": "Allow", "Action": "iot:*", "Resource": "*" });
        self.policy("allow-all", statement)
    }

    /// Makes a policy of one statement.
    pub(crate) fn policy<'n>(&mut self, name: &'n str, statement: Value) -> &'n str {
        let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        self.must(
            "POST",
            &format!("/policies/{name}"),
            json!({ "policyDocument": document }),
        );
        name
    }

    /// Attaches a policy to a certificate.
    pub(crate) fn attach_policy(&mut self, policy: &str, target: &str) {
        self.must(
            "PUT",
            &format!("/target-policies/{policy}"),
            json!({ "target": target }),
        );
    }

    /// Attaches a certificate to a thing.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(crate) fn attach_thing(&mut self, thing: &str, principal: &str) -> io::Result<Answer> {
        let target = format!("/things/{thing}/principals");
        self.call("PUT", &target, &[("x-amzn-principal", principal)], Value::Null)
    }

    /// Every entry of a list, page by page.
    pub(crate) fn list(&mut self, target: &str, member: &str) -> Vec<Value> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let answer = self.must("GET", &format!("{target}{next}"), Value::Null);
            all.extend(answer.body[member].as_array().expect("a list").iter().cloned());
            let separator = if target.contains('?') { '&' } else { '?' };
            let token = |name: &str, parameter: &str| {
                let token = answer.body[name].as_str()?;
                Some(format!("{separator}{parameter}={}", query_value(token)))
            };
            match token("nextToken", "nextToken").or_else(|| token("nextMarker", "marker")) {
                Some(token) => next = token,
                None => return all,
            }
        }
    }
}

/// Reads one answer; the connection may have more.
pub(crate) fn read(connection: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut line = String::new();
    let mut next = |connection: &mut BufReader<TcpStream>| {
        line.clear();
        match connection.read_line(&mut line)? {
            0 => Err(cut()),
            _ => Ok(line.trim_end().to_owned()),
        }
    };
    let first = next(connection)?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(cut)?;
    let (mut length, mut exception) = (0, String::new());
    loop {
        let header = next(connection)?;
        match header.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().map_err(|_| cut())?;
            }
            Some((name, value)) if name.eq_ignore_ascii_case("x-amzn-errortype") => {
                value.clone_into(&mut exception)
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok(Answer {
        status,
        exception,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn query_value(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
