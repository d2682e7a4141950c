//! `bench create-thing`: CreateThing over HTTP, each request signed and each thing durable.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use thingsmith::SystemClock;
use thingsmith_model::Secret;
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::machine::Machine;
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, Spread, count, micros};
use crate::under_test::{self, Announcement};

/// At least so many things a second.
const RATE_BAR: f64 = 3000.0;
/// At most so many microseconds of the server's CPU for a thing.
const CPU_BAR: f64 = 250.0;
const BODY: &str = r#"{"attributePayload":{"attributes":{"model":"pump"}}}"#;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Connections at once, each kept open
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Things that each connection makes in a round
    #[arg(long, default_value_t = 150)]
    things: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Make the registry below this directory, whose disk is measured [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Things {
    machine: Machine,
    connections: usize,
    rounds: usize,
    things_a_round: usize,
    rate: Spread,
    cpu_us: Spread,
    p50_us: Spread,
    p99_us: Spread,
    rate_bar: f64,
    cpu_bar_us: f64,
}

/// One round.
struct Figures {
    rate: f64,
    cpu_us: f64,
    latency: Latency,
}

/// Who calls.
struct Caller {
    host: String,
    signer: Signer,
}

pub(crate) fn run(flags: &Flags) -> Result<Things> {
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(Some(directory.path()))?;
    // Not bound to a core: a server has the whole machine, its writer's thread included.
    let (mut process, announced) = under_test::start(directory.path(), 0, None)?;
    let caller = Arc::new(Caller::new(announced)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut rounds = Vec::with_capacity(flags.rounds);
    for number in 0..=flags.rounds {
        let before = process.cpu()?;
        let started = Instant::now();
        let latencies = runtime.block_on(round(&caller, flags, number))?;
        let took = started.elapsed();
        let cpu = process.cpu()?.saturating_sub(before);
        let things = count(latencies.len());
        if number > 0 {
            rounds.push(Figures {
                rate: things / took.as_secs_f64(),
                cpu_us: micros(cpu) / things,
                latency: Latency::of(latencies),
            });
        }
    }
    let spread = |figure: fn(&Figures) -> f64| Spread::of(rounds.iter().map(figure));
    Ok(Things {
        machine,
        connections: flags.connections,
        rounds: flags.rounds,
        things_a_round: flags.connections * flags.things,
        rate: spread(|round| round.rate),
        cpu_us: spread(|round| round.cpu_us),
        p50_us: spread(|round| round.latency.p50_us),
        p99_us: spread(|round| round.latency.p99_us),
        rate_bar: RATE_BAR,
        cpu_bar_us: CPU_BAR,
    })
}

async fn round(caller: &Arc<Caller>, flags: &Flags, round: usize) -> Result<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    for connection in 0..flags.connections {
        let (caller, things) = (Arc::clone(caller), flags.things);
        tasks.spawn(async move {
            let mut sender = caller.connect().await?;
            let mut latencies = Vec::with_capacity(things);
            for thing in 0..things {
                let target = format!("/things/bench-{round}-{connection}-{thing}");
                let started = Instant::now();
                caller.create(&mut sender, &target).await?;
                latencies.push(started.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    Ok(latencies)
}

impl Caller {
    fn new(announced: Announcement) -> Result<Self> {
        let host = announced
            .api
            .strip_prefix("http://")
            .context("the API's URL begins with http://")?
            .to_owned();
        let signer = Signer {
            access_key_id: announced.access_key_id,
            secret_access_key: Secret::new(announced.secret_access_key),
            session_token: None,
            region: announced.region,
            service: "iot".into(),
        };
        Ok(Self { host, signer })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let tcp = TcpStream::connect(&self.host)
            .await
            .context("the API cannot be reached")?;
        tcp.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
        // It ends with its sender; a failure shows in the request that was under way.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn create(&self, sender: &mut SendRequest<Full<Bytes>>, target: &str) -> Result<()> {
        let headers: [(&str, &[u8]); 2] = [
            ("content-type", b"application/json"),
            ("host", self.host.as_bytes()),
        ];
        let to_sign = Request {
            method: "POST",
            target: target.as_bytes(),
            headers: &headers,
        };
        let signature = sign(
            &self.signer,
            &to_sign,
            PayloadHash::of(BODY.as_bytes()),
            SystemClock.now(),
        )?;
        let mut request = hyper::Request::post(target)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in signature {
            request = request.header(HeaderName::from_static(name), value);
        }
        let answer = sender
            .send_request(request.body(Full::new(Bytes::from_static(BODY.as_bytes())))?)
            .await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(
            status.is_success(),
            "CreateThing: {status} {}",
            String::from_utf8_lossy(&body)
        );
        Ok(())
    }
}

impl Report for Things {
    fn text(&self) -> String {
        let mut text = format!(
            "create-thing: CreateThing with one attribute over HTTP, SigV4 checked, durable on SQLite\n\
             \x20 {} connections kept open, {} rounds of {} things\n",
            self.connections, self.rounds, self.things_a_round
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["median (range)", "a second", "server CPU us", "p50 us", "p99 us"]);
        let figures = [&self.rate, &self.cpu_us, &self.p50_us, &self.p99_us];
        let cells = figures
            .into_iter()
            .zip([0, 1, 0, 0])
            .map(|(figure, decimals)| report::spread(figure, decimals));
        table.row(["thingsmith".to_owned()].into_iter().chain(cells));
        text += &format!("\n{}\n", table.text());
        let fsyncs = self.machine.fsync.map_or(0.0, |fsync| fsync.per_second);
        let held = report::bar(self.rate.median >= self.rate_bar);
        let (rate, bar) = (self.rate.median, self.rate_bar);
        text += &format!(
            "  {rate:.0} a second; bar: at least {bar:.0}, {held}; {:.2} for each fsync\n",
            rate / fsyncs
        );
        let held = report::bar(self.cpu_us.median <= self.cpu_bar_us);
        let (cpu, bar) = (self.cpu_us.median, self.cpu_bar_us);
        text + &format!(
            "  {cpu:.0} us of the server's CPU; bar: at most {bar:.0}, {held}\n  Callers share the machine with the server.\n"
        )
    }
}
