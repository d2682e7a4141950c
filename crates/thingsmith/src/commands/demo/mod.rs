//! `thingsmith demo`: the ways of provisioning, live.
//!
//! Each starts from nothing: AWS API calls with a real key over HTTP, a device with its own key over mutual TLS, and
//! beside each thing that must work the nearest thing that must not.

mod accounts;
mod aws;
mod bench_top;
mod bulk;
mod by_claim;
mod csr;
mod fleet;
mod jitp;
mod jitr;
mod keys;
mod own_ca;
mod secure_element;
mod single;
mod trusted_user;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use thingsmith_core::access_keys::AccessKey;
use thingsmith_model::{Region, Secret};

use crate::commands::Arguments;
use crate::say;
use crate::wiring::{Server, StartError};
use accounts::Place;
use aws::Aws;
use bench_top::BenchTop;

/// A use case as it was shown.
struct Row {
    /// The use case's number; [`BESIDE`] for a way beside the eight.
    number: u8,
    name: &'static str,
    steps: usize,
    result: Result<()>,
    took: Duration,
}

/// The number of ways that fill the registry beside the eight use cases.
const BESIDE: u8 = 0;

pub(super) fn run() -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    let directory = tempfile::tempdir().context("no temporary directory can be made")?;
    let rows = runtime.block_on(show(directory.path()))?;
    let failed = rows.iter().filter(|row| row.result.is_err()).count();
    say::line("");
    say::line(format!(
        "{:>2}  {:<62} {:>5} {:>8}  result",
        "no", "use case", "steps", "ms"
    ));
    for Row {
        number,
        name,
        steps,
        result,
        took,
    } in &rows
    {
        let result = match result {
            Ok(()) => "passed".to_owned(),
            Err(cause) => format!("FAILED: {cause:#}"),
        };
        say::line(format!(
            "{:>2}  {name:<62} {steps:>5} {:>8.1}  {result}",
            label(*number),
            took.as_secs_f64() * 1e3
        ));
    }
    say::line("");
    say::line(format!("{} passed, {failed} failed", rows.len() - failed));
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn show(directory: &Path) -> Result<Vec<Row>> {
    let data = directory.join("data");
    let file = directory.join("thingsmith.toml");
    std::fs::write(&file, configuration()).context("the configuration cannot be written")?;
    let flags = [
        "--account",
        "123456789012",
        "--api",
        "127.0.0.1:0",
        "--mqtt",
        "127.0.0.1:0",
        "--https",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--data-dir",
    ];
    let arguments = ["thingsmith", "serve"]
        .into_iter()
        .chain(flags)
        .map(Into::into)
        .chain([data.into_os_string(), "--config".into(), file.into_os_string()]);
    let settings = Arguments::try_parse_from(arguments)?
        .serve_settings()
        .context("serve has settings")?;
    let server = Server::start(&settings).await.map_err(|error| match error {
        StartError::Configuration(cause) | StartError::Failed(cause) => cause,
    })?;
    let endpoints = server.endpoints();
    say::line(format!(
        "A server for account {} listens: API {}, MQTT {}",
        endpoints.account, endpoints.api, endpoints.mqtt
    ));
    let key = server
        .new_administrator()
        .context("a first start makes the administrator's key")?;
    let aws = Aws::new(&endpoints.api, key, &endpoints.region)?;
    let mut rows = Vec::new();
    rows.push(
        row(
            1,
            "Key and certificate by the service",
            &aws,
            &server,
            async |top| keys::show(top).await,
        )
        .await,
    );
    rows.push(
        row(
            2,
            "Certificate by the service from a CSR",
            &aws,
            &server,
            async |top| csr::show(top).await,
        )
        .await,
    );
    rows.push(
        row(
            3,
            "Own CA and device certificate registered in advance",
            &aws,
            &server,
            async |top| own_ca::show(top).await,
        )
        .await,
    );
    rows.push(
        row(
            4,
            "Device certificate alone registered in advance",
            &aws,
            &server,
            async |top| secure_element::show(top).await,
        )
        .await,
    );
    let places = places(&aws, &endpoints.api, &endpoints.region)?;
    rows.push(
        row(
            4,
            "The same certificate in several accounts and regions",
            &aws,
            &server,
            async |top| accounts::show(top, &places).await,
        )
        .await,
    );
    rows.push(
        row(
            5,
            "Just-in-time provisioning (JITP)",
            &aws,
            &server,
            async |top| jitp::show(top).await,
        )
        .await,
    );
    rows.push(
        row(
            6,
            "Just-in-time registration (JITR) with the customer's own check",
            &aws,
            &server,
            async |top| jitr::show(top).await,
        )
        .await,
    );
    rows.push(
        row(7, "Fleet provisioning by claim", &aws, &server, async |top| {
            by_claim::show(top, directory).await
        })
        .await,
    );
    rows.push(
        row(
            8,
            "Fleet provisioning by a trusted user",
            &aws,
            &server,
            async |top| trusted_user::show(top, directory).await,
        )
        .await,
    );
    rows.push(
        row(
            BESIDE,
            "A single thing by a template (RegisterThing)",
            &aws,
            &server,
            async |top| single::show(top).await,
        )
        .await,
    );
    rows.push(
        row(
            BESIDE,
            "Bulk registration from a file",
            &aws,
            &server,
            async |top| bulk::show(top).await,
        )
        .await,
    );
    server.stop().await;
    Ok(rows)
}

/// How a row begins.
fn label(number: u8) -> String {
    match number {
        BESIDE => "+".to_owned(),
        number => number.to_string(),
    }
}

/// The accounts and regions in which one certificate is registered: the server's own account in two, another in one.
fn places(own: &Aws, api: &str, region: &Region) -> Result<Vec<Place>> {
    let elsewhere = "eu-central-1".parse()?;
    let other = AccessKey {
        access_key_id: OTHER_KEY.into(),
        account: OTHER_ACCOUNT.parse()?,
        secret: Secret::new(OTHER_SECRET.into()),
    };
    Ok(vec![
        Place {
            aws: Aws::new(api, &other, region)?,
            name: "another account",
        },
        Place {
            aws: own.in_region(&elsewhere),
            name: "another region",
        },
        Place {
            aws: Aws::new(api, &other, &elsewhere)?,
            name: "another account's other region",
        },
    ])
}

const OTHER_ACCOUNT: &str = "210987654321";
const OTHER_KEY: &str = "AKIADEMOOTHERACCOUNT";
/// It opens a server that is of this run alone.
const OTHER_SECRET: &str = "a secret of the demo, which nobody else uses";

/// A second account, and functions whose Python is the one that `THINGSMITH_DEMO_PYTHON` names, else that of the
/// repository's tests if the demo is run there, else the system's.
fn configuration() -> String {
    let of_tests = || {
        let path = std::path::absolute(".tests/venv/bin/python").ok()?;
        path.exists().then(|| path.display().to_string())
    };
    let python = std::env::var("THINGSMITH_DEMO_PYTHON").ok();
    let python = python.or_else(of_tests).unwrap_or_else(|| "python3".to_owned());
    format!(
        "[[access_keys]]\naccess_key_id = {OTHER_KEY:?}\nsecret_access_key = {OTHER_SECRET:?}\n\
         account = {OTHER_ACCOUNT:?}\nname = \"other\"\n\
         policy = '{{\"Version\": \"2012-10-17\", \"Statement\": \
         {{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}}}}'\n\n\
         [functions]\nlocal = true\n\n[[functions.runtimes]]\nruntime = \"python3*\"\n\
         command = [{python:?}, \"-m\", \"awslambdaric\", \"{{handler}}\"]\n"
    )
}

async fn row(
    number: u8,
    name: &'static str,
    aws: &Aws,
    server: &Server,
    show: impl AsyncFnOnce(&mut BenchTop<'_>) -> Result<()>,
) -> Row {
    say::line(format!("\n{}  {name}", label(number)));
    let began = Instant::now();
    let mut top = BenchTop::new(aws, server);
    let result = show(&mut top).await;
    Row {
        number,
        name,
        steps: top.steps(),
        result,
        took: began.elapsed(),
    }
}
