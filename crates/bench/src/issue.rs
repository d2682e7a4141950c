//! `bench issue`: CreateCertificateFromCsr over HTTP, beside what no server could leave out: the check of the request,
//! the signature under the certificate, and one durable write.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use bytes::Bytes;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use thingsmith_agent::DeviceKey;
use thingsmith_core::certificates::{Certificate, rows};
use thingsmith_core::schema::MIGRATIONS;
use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus, Realm, Timestamp};
use thingsmith_ports::{Batch, Store};
use thingsmith_store_sqlite::SqliteStore;
use thingsmith_x509::CertificateSigningRequest;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::caller::{Call, Caller, crowd};
use crate::machine::{self, Machine};
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, Spread, count, micros};
use crate::under_test;

/// At most so many times the CPU of the limit.
const BAR: f64 = 1.5;
/// Bytes that are signed under a certificate, about.
const TO_BE_SIGNED: usize = 420;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Connections at once, each kept open
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Certificates that each connection asks for in a round
    #[arg(long, default_value_t = 60)]
    certificates: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Make the registries below this directory, whose disk is measured [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Issued {
    machine: Machine,
    connections: usize,
    rounds: usize,
    certificates_a_round: usize,
    /// CPU of the check of a CSR: its form and its signature.
    check_us: Spread,
    /// CPU of a P-256 signature.
    sign_us: Spread,
    /// CPU of a durable write of a certificate's row, `connections` callers at once.
    write_us: Spread,
    cpu_us: Spread,
    rate: Spread,
    p50_us: Spread,
    p99_us: Spread,
    /// The server's CPU over the three together, round by round.
    ratio: Spread,
    bar: f64,
}

/// One round.
struct Figures {
    check_us: f64,
    sign_us: f64,
    write_us: f64,
    cpu_us: f64,
    rate: f64,
    latency: Latency,
}

pub(crate) fn run(flags: &Flags) -> Result<Issued> {
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(Some(directory.path()))?;
    let (mut process, announced) = under_test::start(directory.path(), 0, None)?;
    let caller = Arc::new(Caller::new(announced)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let limit = runtime.block_on(Limit::new(directory.path().join("limit")))?;
    let bodies: Arc<[Bytes]> = limit
        .requests
        .iter()
        .map(|csr| json!({ "certificateSigningRequest": csr }).to_string().into())
        .collect();
    let mut rounds = Vec::with_capacity(flags.rounds);
    for number in 0..=flags.rounds {
        let [check_us, sign_us] = [limit.check()?, limit.sign()?];
        let write_us = runtime.block_on(limit.write(flags.connections))?;
        let (before, started) = (process.cpu()?, Instant::now());
        let bodies = Arc::clone(&bodies);
        let issue = move |connection: usize, _| Call {
            method: "POST",
            target: "/certificates?setAsActive=true".into(),
            body: bodies[connection % bodies.len()].clone(),
        };
        let latencies = runtime.block_on(crowd(&caller, flags.connections, flags.certificates, issue))?;
        let took = started.elapsed();
        let cpu = process.cpu()?.saturating_sub(before);
        let certificates = count(latencies.len());
        if number > 0 {
            rounds.push(Figures {
                check_us,
                sign_us,
                write_us,
                cpu_us: micros(cpu) / certificates,
                rate: certificates / took.as_secs_f64(),
                latency: Latency::of(latencies),
            });
        }
    }
    let spread = |figure: fn(&Figures) -> f64| Spread::of(rounds.iter().map(figure));
    Ok(Issued {
        machine,
        connections: flags.connections,
        rounds: flags.rounds,
        certificates_a_round: flags.connections * flags.certificates,
        check_us: spread(|round| round.check_us),
        sign_us: spread(|round| round.sign_us),
        write_us: spread(|round| round.write_us),
        cpu_us: spread(|round| round.cpu_us),
        rate: spread(|round| round.rate),
        p50_us: spread(|round| round.latency.p50_us),
        p99_us: spread(|round| round.latency.p99_us),
        ratio: spread(|round| round.cpu_us / (round.check_us + round.sign_us + round.write_us)),
        bar: BAR,
    })
}

/// What is measured beside the server.
pub(crate) struct Limit {
    requests: Vec<String>,
    key: EcdsaKeyPair,
    store: Arc<dyn Store>,
    /// The number of the next row.
    next: Arc<AtomicI64>,
}

impl Limit {
    /// A store in a new directory, and requests to check.
    pub(crate) async fn new(directory: PathBuf) -> Result<Self> {
        std::fs::create_dir(&directory).context("no directory can be made for the limit")?;
        let store = SqliteStore::open(&thingsmith_store_sqlite::Config::new(&directory))?;
        store.migrate(MIGRATIONS).await?;
        let requests = (0..64)
            .map(|number| DeviceKey::generate()?.signing_request(&format!("device-{number}")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            requests,
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            store: Arc::new(store),
            next: Arc::new(AtomicI64::new(1)),
        })
    }

    /// CPU of the check of one request, in microseconds.
    pub(crate) fn check(&self) -> Result<f64> {
        let before = machine::cpu();
        for csr in self.requests.iter().cycle().take(1000) {
            CertificateSigningRequest::from_pem(csr)?;
        }
        Ok(micros(machine::cpu().saturating_sub(before)) / 1000.0)
    }

    /// CPU of one signature, in microseconds.
    pub(crate) fn sign(&self) -> Result<f64> {
        let random = SystemRandom::new();
        let before = machine::cpu();
        for number in 0..1000_u32 {
            let mut message = [0; TO_BE_SIGNED];
            message[..4].copy_from_slice(&number.to_be_bytes());
            self.key.sign(&random, &message)?;
        }
        Ok(micros(machine::cpu().saturating_sub(before)) / 1000.0)
    }

    /// Writes rows of certificates for a second, from as many callers as the server has connections.
    pub(crate) async fn write(&self, callers: usize) -> Result<f64> {
        let (before, started) = (machine::cpu(), Instant::now());
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (store, next) = (Arc::clone(&self.store), Arc::clone(&self.next));
            tasks.spawn(async move {
                let mut written = 0_usize;
                while started.elapsed() < Duration::from_secs(1) {
                    let mut batch = Batch::new();
                    rows::insert(
                        &mut batch,
                        Realm(1),
                        &record(next.fetch_add(1, Ordering::Relaxed)),
                    );
                    store.write(batch).await?;
                    written += 1;
                }
                anyhow::Ok(written)
            });
        }
        let mut written = 0;
        while let Some(done) = tasks.join_next().await {
            written += done??;
        }
        Ok(micros(machine::cpu().saturating_sub(before)) / count(written))
    }
}

/// A row as wide as an issued certificate's.
fn record(number: i64) -> Certificate {
    let id: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
    Certificate {
        number,
        id: CertificateId::from_sha256(id),
        status: CertificateStatus::Active,
        mode: CertificateMode::Default,
        der: vec![0x5a; TO_BE_SIGNED + 90],
        not_before: Timestamp::from_millis(0),
        not_after: Timestamp::from_millis(1),
        created_at: Timestamp::from_millis(number),
        modified_at: Timestamp::from_millis(number),
        customer_version: 1,
        generation_id: Uuid::nil(),
        ca: None,
        previous_owner: None,
    }
}

impl Report for Issued {
    fn text(&self) -> String {
        let mut text = format!(
            "issue: CreateCertificateFromCsr with P-256 over HTTP, SigV4 checked, durable on SQLite\n\
             \x20 {} connections kept open, {} rounds of {} certificates\n",
            self.connections, self.rounds, self.certificates_a_round
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["median (range)", "CPU us", "a second", "p50 us", "p99 us"]);
        for (name, cpu) in [
            ("check of the request", &self.check_us),
            ("signature", &self.sign_us),
            ("durable write", &self.write_us),
        ] {
            table.row([name.to_owned(), report::spread(cpu, 1)]);
        }
        let figures = [&self.cpu_us, &self.rate, &self.p50_us, &self.p99_us];
        let cells = figures
            .into_iter()
            .zip([1, 0, 0, 0])
            .map(|(figure, decimals)| report::spread(figure, decimals));
        table.row(["thingsmith".to_owned()].into_iter().chain(cells));
        text += &format!("\n{}\n", table.text());
        text + &format!(
            "  CPU over the three together: {}   bar: at most {:.1}, {}\n  Callers share the machine with the server.\n",
            report::spread(&self.ratio, 2),
            self.bar,
            report::bar(self.ratio.median <= self.bar)
        )
    }
}
