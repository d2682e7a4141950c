//! A boto3 client that makes one call after the other: one process for a whole walk, where the AWS CLI starts one for each
//! call and spends most of a second of CPU on that.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::{repository, venv, with_aws_environment};
use crate::server::Server;

/// `tests/clients/boto3_calls.py` with the administrator's key.
pub(super) struct Boto3 {
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Boto3 {
    pub(super) fn new(server: &Server<'_>) -> Option<Self> {
        let (id, secret) = server.credentials();
        let mut command = with_aws_environment(&venv()?.join("bin/python"), server, (&id, &secret));
        let mut process = command
            .arg(repository().join("tests/clients/boto3_calls.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asks, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let answers = BufReader::new(answers);
        Some(Self {
            process,
            asks,
            answers,
        })
    }

    fn ask(&mut self, asked: &Value) -> Value {
        writeln!(self.asks, "{asked}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{asked}: {line:?}"))
    }

    /// Calls an operation that is to succeed.
    pub(super) fn call(&mut self, operation: &str, arguments: Value) -> Value {
        let mut told = self.ask(&json!({"operation": operation, "arguments": arguments}));
        assert!(told.get("answer").is_some(), "{operation} {arguments}: {told}");
        told["answer"].take()
    }

    /// Calls an operation that is to be refused; `CODE: MESSAGE`.
    pub(super) fn refused(&mut self, operation: &str, arguments: Value) -> String {
        let told = self.ask(&json!({"operation": operation, "arguments": arguments}));
        let said = told["refused"].as_str();
        said.unwrap_or_else(|| panic!("{operation} {arguments}: {told}"))
            .to_owned()
    }

    /// The entries of all pages of a list, of which each has no more than `size`.
    pub(super) fn list(
        &mut self,
        operation: &str,
        member: &str,
        size: usize,
        arguments: Value,
    ) -> Vec<Value> {
        let told = self.ask(&json!({"operation": operation, "arguments": arguments, "page_size": size}));
        let pages = told["answer"].as_array();
        let pages = pages.unwrap_or_else(|| panic!("{operation} {arguments}: {told}"));
        let entries = |page: &Value| page[member].as_array().unwrap().clone();
        let pages: Vec<Vec<Value>> = pages.iter().map(entries).collect();
        assert!(pages.iter().all(|page| page.len() <= size), "{told}");
        pages.concat()
    }
}

impl Drop for Boto3 {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The texts of a member in a list.
pub(super) fn texts(items: &[Value], member: &str) -> Vec<String> {
    let text = |item: &Value| item[member].as_str().unwrap().to_owned();
    items.iter().map(text).collect()
}
