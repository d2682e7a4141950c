//! `bench bulk`: a file of lines with P-256 CSRs becomes registered devices, beside what no server could leave out: the check of
//! each request, the signature under its certificate, and one durable registration.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::rand::SystemRandom as SigningRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use clap::Args;
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use thingsmith::{RsaKeyPool, SystemClock, SystemRandom};
use thingsmith_agent::DeviceKey;
use thingsmith_core::identity_policies::{Holder, put_inline};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::roles::{NewRole, create_role};
use thingsmith_core::thing_registration_tasks::{self, NewTask, TaskStatus, describe_task, start_task};
use thingsmith_core::{Deeds, SealKey, World, iam, objects};
use thingsmith_model::Account;
use thingsmith_objects_directory::{Directory, Limits};
use thingsmith_ports::{Clock, NewObject, NoFunctions, NoWeb};
use thingsmith_store_sqlite::SqliteStore;
use thingsmith_x509::CertificateSigningRequest;
use tokio::task::JoinSet;

use crate::machine::{self, Machine};
use crate::register::Devices;
use crate::report::{self, Report, Table};
use crate::statistics::{Spread, count, micros};

/// At least so many lines a second, or what the limit allows where that is less.
const BAR: f64 = 3000.0;
/// Lines that are on their way at once, as in a task.
const LANES: usize = 64;
/// Bytes that are signed under a certificate, about.
const TO_BE_SIGNED: usize = 420;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Lines of the file of a round
    #[arg(long, default_value_t = 10_000)]
    lines: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Make the registry below this directory, whose disk is measured [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Bulk {
    machine: Machine,
    lines: usize,
    rounds: usize,
    /// Lines a second, from the start of the task to its reports.
    rate: Spread,
    cpu_us: Spread,
    /// Registrations a second of the limit: check, signature and durable batch.
    limit_rate: Spread,
    limit_cpu_us: Spread,
    bar: f64,
}

/// One round.
struct Figures {
    rate: f64,
    cpu_us: f64,
    limit_rate: f64,
    limit_cpu_us: f64,
}

pub(crate) fn run(flags: &Flags) -> Result<Bulk> {
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(Some(directory.path()))?;
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    let rounds = runtime.block_on(measure(flags, directory.path()))?;
    let spread = |figure: fn(&Figures) -> f64| Spread::of(rounds.iter().map(figure));
    Ok(Bulk {
        machine,
        lines: flags.lines,
        rounds: flags.rounds,
        rate: spread(|round| round.rate),
        cpu_us: spread(|round| round.cpu_us),
        limit_rate: spread(|round| round.limit_rate),
        limit_cpu_us: spread(|round| round.limit_cpu_us),
        bar: BAR,
    })
}

async fn measure(flags: &Flags, directory: &Path) -> Result<Vec<Figures>> {
    let deeds = open(directory).await?;
    let realm = deeds
        .realm(&Account::development(), &"us-east-1".parse()?)
        .await?;
    let devices = Arc::new(Devices::new(&deeds, &realm).await?);
    let role_arn = make_role(&deeds, &realm).await?;
    let owner = objects::owner(&realm);
    deeds.objects().create_bucket(&owner, "fleet").await?;
    let running = thing_registration_tasks::run(Arc::clone(&deeds), true, std::future::pending());
    let running = tokio::spawn(running);
    let requests: Arc<[String]> = (0..64)
        .map(|number| DeviceKey::generate()?.signing_request(&format!("device-{number}")))
        .collect::<Result<Vec<_>, _>>()?
        .into();
    let mut rounds = Vec::with_capacity(flags.rounds);
    for number in 0..=flags.rounds {
        let (limit_rate, limit_cpu_us) = limit(&deeds, &realm, &devices, &requests, flags.lines).await?;
        let file = (0..flags.lines).map(|line| {
            let csr = &requests[line % requests.len()];
            Ok((json!({"ThingName": format!("bulk-{number}-{line}"), "CSR": csr}).to_string() + "\n").into())
        });
        let file = Box::pin(stream::iter(file.collect::<Vec<_>>()));
        deeds
            .objects()
            .put(&owner, "fleet", "file", NewObject::default(), file)
            .await?;
        let (rate, cpu_us) = task(&deeds, &realm, &role_arn, flags.lines).await?;
        if number > 0 {
            rounds.push(Figures {
                rate,
                cpu_us,
                limit_rate,
                limit_cpu_us,
            });
        }
    }
    running.abort();
    Ok(rounds)
}

/// Registers the file by a task.
async fn task(deeds: &Arc<Deeds>, realm: &RealmRecord, role_arn: &str, lines: usize) -> Result<(f64, f64)> {
    let (started, cpu) = (Instant::now(), machine::cpu());
    let new = NewTask {
        template_body: template(),
        bucket: "fleet".into(),
        key: "file".into(),
        role_arn: role_arn.into(),
    };
    let task = start_task(deeds, realm, new).await?;
    loop {
        let (found, progress) = describe_task(deeds, realm, &task.id).await?;
        if !found.status.is_under_way() {
            ensure!(
                found.status == TaskStatus::Completed && usize::try_from(progress.successes)? == lines,
                "the task is {} after {progress:?}: {:?}",
                found.status,
                found.message
            );
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (took, cpu) = (started.elapsed(), machine::cpu().saturating_sub(cpu));
    Ok((count(lines) / took.as_secs_f64(), micros(cpu) / count(lines)))
}

/// Does what no server could leave out, as often.
async fn limit(
    deeds: &Arc<Deeds>,
    realm: &Arc<RealmRecord>,
    devices: &Arc<Devices>,
    requests: &Arc<[String]>,
    lines: usize,
) -> Result<(f64, f64)> {
    let key = Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?);
    let (started, cpu) = (Instant::now(), machine::cpu());
    let mut tasks = JoinSet::new();
    for lane in 0..LANES {
        let (deeds, realm, devices) = (Arc::clone(deeds), Arc::clone(realm), Arc::clone(devices));
        let (requests, key) = (Arc::clone(requests), Arc::clone(&key));
        tasks.spawn(async move {
            let random = SigningRandom::new();
            for line in (lane..lines).step_by(LANES) {
                CertificateSigningRequest::from_pem(&requests[line % requests.len()])?;
                let mut message = [0; TO_BE_SIGNED];
                message[..8].copy_from_slice(&(line as u64).to_be_bytes());
                key.sign(&random, &message)?;
                devices.register(&deeds, realm.realm).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let (took, cpu) = (started.elapsed(), machine::cpu().saturating_sub(cpu));
    Ok((count(lines) / took.as_secs_f64(), micros(cpu) / count(lines)))
}

fn template() -> String {
    json!({
        "Parameters": {"ThingName": {"Type": "String"}, "CSR": {"Type": "String"}},
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {
                "ThingName": {"Ref": "ThingName"}, "AttributePayload": {"model": "pump"}}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
                "CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}},
            "first": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "bench-0"}},
            "second": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "bench-1"}},
        },
    })
    .to_string()
}

async fn make_role(deeds: &Deeds, realm: &RealmRecord) -> Result<String> {
    let own = iam::realm(deeds, &realm.account).await?;
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "iot.amazonaws.com"}}});
    let new = NewRole {
        name: "bulk".into(),
        path: "/".into(),
        trust: trust.to_string(),
        description: None,
        longest_session_seconds: 3600,
    };
    let role = create_role(deeds, &own, new).await?;
    let all = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": ["iot:*", "s3:GetObject"], "Resource": "*"}});
    put_inline(deeds, &own, Holder::Role("bulk"), "all", &all.to_string()).await?;
    Ok(role.arn(&realm.account).to_string())
}

async fn open(directory: &Path) -> Result<Arc<Deeds>> {
    let config = thingsmith_store_sqlite::Config::new(directory);
    let store = SqliteStore::open(&config)?;
    let messages = store.open_beside(&config.messages())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let kept = Directory::open(&directory.join("objects"), Limits::default(), Arc::clone(&clock))?;
    let world = World {
        store: Arc::new(store),
        messages: Arc::new(messages),
        clock,
        random: Arc::new(SystemRandom),
        rsa_keys: Arc::new(RsaKeyPool::unfilled()),
        functions: Arc::new(NoFunctions),
        web: Arc::new(NoWeb),
        objects: Arc::new(kept),
        // The registry ends with the run, and so do its secrets.
        seal: SealKey::new(&mut [7; 32]),
    };
    let opened = Deeds::open(world).await;
    Ok(Arc::new(opened.context("the registry cannot be opened")?))
}

impl Report for Bulk {
    fn text(&self) -> String {
        let mut text = format!(
            "bulk: {} lines a task, each a thing with a certificate for its P-256 CSR and two policies\n",
            self.lines
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["median (range)", "a second", "CPU us a line"]);
        for (name, rate, cpu) in [
            ("check, sign, durable batch", &self.limit_rate, &self.limit_cpu_us),
            ("task, with its reports", &self.rate, &self.cpu_us),
        ] {
            table.row([name.into(), report::spread(rate, 0), report::spread(cpu, 1)]);
        }
        text += &format!("\n{}\n", table.text());
        let bar = self.bar.min(self.limit_rate.median);
        text += &format!(
            "  {:.0} lines a second; bar: at least {:.0}, or the limit if that is less: {}\n",
            self.rate.median,
            self.bar,
            report::bar(self.rate.median >= bar)
        );
        text + "  CPU is user and system time of this process, task and store together.\n"
    }
}
