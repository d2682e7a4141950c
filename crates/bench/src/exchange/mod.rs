//! `bench deliver` and `bench fan-out`: what a message from one device to another costs the server, beside a server that
//! decrypts it and encrypts it again for each listener, and does nothing else.

mod talk;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use thingsmith_mqtt::Qos;

use crate::bare;
use crate::connect::Load;
use crate::fleet::Fleet;
use crate::machine::{self, Machine};
use crate::process::Process;
use crate::report::{self, Report, Table};
use crate::statistics::{Spread, count, micros};
use crate::under_test;
use talk::{Language, Manner, Talk};

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Pairs of devices
    #[arg(long, default_value_t = 16)]
    pairs: usize,
    /// Messages of each pair in one round
    #[arg(long, default_value_t = 4000)]
    messages: usize,
    /// Messages of a pair that are on their way at once
    #[arg(long, default_value_t = 128)]
    window: usize,
    /// Messages that a device sends with one write
    #[arg(long, default_value_t = 32)]
    burst: usize,
    /// Bytes of a message's payload
    #[arg(long, default_value_t = 64)]
    payload: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

#[derive(Debug, Args)]
pub(crate) struct FanOutFlags {
    /// Devices that listen
    #[arg(long, default_value_t = 1000)]
    listeners: usize,
    /// Messages in one round
    #[arg(long, default_value_t = 200)]
    messages: usize,
    /// Messages that are on their way at once
    #[arg(long, default_value_t = 16)]
    window: usize,
    /// Messages that the device sends with one write
    #[arg(long, default_value_t = 1)]
    burst: usize,
    /// Bytes of a message's payload
    #[arg(long, default_value_t = 64)]
    payload: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Deliveries {
    name: &'static str,
    machine: Machine,
    rooms: usize,
    listeners: usize,
    payload_bytes: usize,
    window: usize,
    burst: usize,
    rounds: usize,
    subjects: Vec<Summary>,
}

/// One server, or one quality of service, in all rounds.
#[derive(Debug, Serialize)]
struct Summary {
    name: &'static str,
    cpu_us: Spread,
    rate: Spread,
    bar_us: Option<f64>,
}

/// Microseconds that a delivery may cost by QoS 0 and by QoS 1.
struct Bars {
    qos0: f64,
    qos1: f64,
}

struct Subject {
    name: &'static str,
    /// Which of the two processes serves it.
    process: usize,
    talk: Talk,
    bar_us: Option<f64>,
    cpu_us: Vec<f64>,
    rate: Vec<f64>,
}

/// Messages to one device each.
pub(crate) fn deliver(flags: &Flags) -> Result<Deliveries> {
    let manner = Manner {
        rooms: flags.pairs,
        listeners: 1,
        payload: flags.payload,
        window: flags.window.max(flags.burst),
        burst: flags.burst.max(1),
    };
    let bars = Bars { qos0: 2.0, qos1: 3.0 };
    run("deliver", manner, bars, flags.messages, flags.rounds)
}

/// Messages to many devices.
pub(crate) fn fan_out(flags: &FanOutFlags) -> Result<Deliveries> {
    let manner = Manner {
        rooms: 1,
        listeners: flags.listeners,
        payload: flags.payload,
        window: flags.window.max(flags.burst),
        burst: flags.burst.max(1),
    };
    let bars = Bars { qos0: 3.0, qos1: 4.5 };
    run("fan-out", manner, bars, flags.messages, flags.rounds)
}

fn run(name: &'static str, manner: Manner, bars: Bars, messages: usize, rounds: usize) -> Result<Deliveries> {
    machine::raise_file_limit()?;
    let machine = Machine::look(None)?;
    let directory = tempfile::tempdir().context("no temporary directory can be made")?;
    let cores = machine::cores();
    let server_core = (cores.len() > 1).then(|| cores[0]);
    // A client id may be connected once: each quality of service has devices of its own.
    let devices = manner.rooms * (1 + manner.listeners);
    let (process, ours) = under_test::start_with_rooms(directory.path(), 2 * devices, server_core)?;
    let (relay, bare) = bare::start_relay(directory.path(), server_core)?;
    let mut processes = [relay, process];
    if let Some(core) = cores.get(1) {
        machine::pin(*core)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut fleet = Fleet::read(directory.path())?;
    let second = Load::new(&fleet.split_off(devices), 0, 1)?;
    let first = Load::new(&fleet, 0, 1)?;
    let begin = |load: &Load, port, language| runtime.block_on(Talk::begin(load, port, language, manner));
    let subject = |name, process, talk, bar_us| Subject {
        name,
        process,
        talk,
        bar_us,
        cpu_us: Vec::new(),
        rate: Vec::new(),
    };
    let mut subjects = [
        subject(
            "bytes passed on",
            0,
            begin(&first, bare.port, Language::Bytes)?,
            None,
        ),
        subject(
            "thingsmith, QoS 0",
            1,
            begin(&first, ours.mqtt_port, Language::Mqtt(Qos::AtMostOnce))?,
            Some(bars.qos0),
        ),
        subject(
            "thingsmith, QoS 1",
            1,
            begin(&second, ours.mqtt_port, Language::Mqtt(Qos::AtLeastOnce))?,
            Some(bars.qos1),
        ),
    ];
    for number in 0..=rounds {
        for subject in &mut subjects {
            let process = &mut processes[subject.process];
            let (cpu, took) = runtime.block_on(measure(process, &mut subject.talk, messages))?;
            // The first round fills caches and grows buffers.
            if number > 0 {
                let deliveries = count(messages * manner.rooms * manner.listeners);
                subject.cpu_us.push(micros(cpu) / deliveries);
                subject.rate.push(deliveries / took.as_secs_f64());
            }
        }
    }
    Ok(Deliveries {
        name,
        machine,
        rooms: manner.rooms,
        listeners: manner.listeners,
        payload_bytes: manner.payload,
        window: manner.window,
        burst: manner.burst,
        rounds,
        subjects: subjects
            .into_iter()
            .map(|subject| Summary {
                name: subject.name,
                cpu_us: Spread::of(subject.cpu_us),
                rate: Spread::of(subject.rate),
                bar_us: subject.bar_us,
            })
            .collect(),
    })
}

async fn measure(process: &mut Process, talk: &mut Talk, messages: usize) -> Result<(Duration, Duration)> {
    let before = process.cpu()?;
    let took = talk.round(messages).await?;
    // The last acknowledgements are part of it.
    tokio::time::sleep(Duration::from_millis(50)).await;
    Ok((process.cpu()?.saturating_sub(before), took))
}

impl Report for Deliveries {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: TLS 1.3, MQTT 3.1.1, policy asked at each publish and each delivery; one core\n\
             \x20 {} devices talk, each to {}; {} bytes of payload, {} messages in one write, {} on their way at once, {} rounds\n",
            self.name, self.rooms, self.listeners, self.payload_bytes, self.burst, self.window, self.rounds
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["median (range)", "CPU us a delivery", "deliveries a second"]);
        for subject in &self.subjects {
            table.row([
                subject.name.to_owned(),
                report::spread(&subject.cpu_us, 2),
                report::spread(&subject.rate, 0),
            ]);
        }
        text += &format!("\n{}\n", table.text());
        for subject in &self.subjects {
            let Some(bar) = subject.bar_us else { continue };
            text += &format!(
                "  {}: {:.2} us; bar: at most {bar:.1}, {}\n",
                subject.name,
                subject.cpu_us.median,
                report::bar(subject.cpu_us.median <= bar)
            );
        }
        text
    }
}
