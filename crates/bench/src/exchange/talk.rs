//! Rooms in which one device talks and others listen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::{Buf, BytesMut};
use thingsmith_mqtt::{
    PacketId, Qos, Subscribe, SubscribeProperties, Subscription, SubscriptionOptions, TopicFilter,
    TopicLimits, v3,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bare::relay;
use crate::connect::{Held, Load};
use crate::fleet;

/// How long nothing may come before a run is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a talk goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) rooms: usize,
    pub(crate) listeners: usize,
    pub(crate) payload: usize,
    /// Messages of one room that are on their way at once; none is sent before there is room for it.
    pub(crate) window: usize,
    /// Messages in one write.
    pub(crate) burst: usize,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// MQTT 3.1.1.
    Mqtt(Qos),
    /// The same bytes, to a server that only passes them on.
    Bytes,
}

/// The rooms of one server, with everybody in them.
pub(crate) struct Talk {
    rooms: Vec<Room>,
    manner: Manner,
}

struct Room {
    speaker: Speaker,
    listeners: Vec<Listener>,
}

struct Speaker {
    reader: ReadHalf<Held>,
    writer: WriteHalf<Held>,
    packets: Packets,
}

struct Listener {
    reader: ReadHalf<Held>,
    writer: WriteHalf<Held>,
    packets: Packets,
}

/// The packets of one room, all of one length.
#[derive(Clone)]
struct Packets {
    language: Language,
    /// One packet; with QoS 1 its identifier is to be put in.
    packet: Vec<u8>,
    /// Where its identifier stands.
    id_at: usize,
    next_id: u16,
}

impl Talk {
    /// Has everybody connect and take place.
    pub(crate) async fn begin(load: &Load, port: u16, language: Language, manner: Manner) -> Result<Self> {
        let mut rooms = Vec::with_capacity(manner.rooms);
        for number in 0..manner.rooms {
            let first = number * (1 + manner.listeners);
            let packets = Packets::new(number, language, manner.payload)?;
            let mut listeners = Vec::with_capacity(manner.listeners);
            for device in first + 1..=first + manner.listeners {
                let (reader, writer) = split(listen(load, port, device, number, language).await?);
                let packets = packets.clone();
                listeners.push(Listener {
                    reader,
                    writer,
                    packets,
                });
            }
            let stream = match language {
                Language::Mqtt(_) => load.connect(port, first).await?,
                Language::Bytes => take_place(load, port, first, number, relay::SPEAKS).await?,
            };
            let (reader, writer) = split(stream);
            let speaker = Speaker {
                reader,
                writer,
                packets,
            };
            rooms.push(Room { speaker, listeners });
        }
        Ok(Self { rooms, manner })
    }

    /// Has each speaker say so many messages, and waits until each of its listeners has all of them.
    pub(crate) async fn round(&mut self, messages: usize) -> Result<Duration> {
        let manner = self.manner;
        let started = Instant::now();
        let mut under_way = JoinSet::new();
        for room in std::mem::take(&mut self.rooms) {
            under_way.spawn(room.round(messages, manner));
        }
        while let Some(room) = under_way.join_next().await {
            self.rooms.push(room??);
        }
        Ok(started.elapsed())
    }
}

/// How many messages the slowest listener has.
struct Progress {
    heard: Vec<AtomicU64>,
    moved: Notify,
}

impl Progress {
    fn slowest(&self) -> u64 {
        let heard = self.heard.iter().map(|heard| heard.load(Ordering::Relaxed));
        heard.min().unwrap_or(u64::MAX)
    }
}

impl Room {
    async fn round(self, messages: usize, manner: Manner) -> Result<Self> {
        let progress = Arc::new(Progress {
            heard: self.listeners.iter().map(|_| AtomicU64::new(0)).collect(),
            moved: Notify::new(),
        });
        let mut under_way = JoinSet::new();
        for (seat, listener) in self.listeners.into_iter().enumerate() {
            let progress = Arc::clone(&progress);
            under_way.spawn(listener.hear(messages, seat, progress));
        }
        let speaking = self.speaker.speak(messages, manner, &progress);
        let hearing = async {
            let mut listeners = Vec::new();
            while let Some(listener) = under_way.join_next().await {
                listeners.push(listener??);
            }
            anyhow::Ok(listeners)
        };
        // The first that fails says why.
        let (speaker, listeners) = tokio::try_join!(speaking, hearing)?;
        Ok(Self { speaker, listeners })
    }
}

impl Speaker {
    async fn speak(mut self, messages: usize, manner: Manner, progress: &Progress) -> Result<Self> {
        let (mut said, mut acknowledged) = (0, 0);
        let mut burst = Vec::new();
        while said < messages {
            let until = messages.min(said + manner.burst);
            // Room for the whole burst.
            while until > usize::try_from(progress.slowest())? + manner.window {
                timeout(PATIENCE, progress.moved.notified())
                    .await
                    .context("messages were lost on their way")?;
            }
            burst.clear();
            for _ in said..until {
                self.packets.next(&mut burst);
            }
            self.writer.write_all(&burst).await?;
            self.writer.flush().await?;
            said = until;
            if let Language::Mqtt(Qos::AtLeastOnce) = self.packets.language {
                acknowledged += self
                    .take_acknowledgements(manner.window, said - acknowledged)
                    .await?;
            }
        }
        if let Language::Mqtt(Qos::AtLeastOnce) = self.packets.language {
            while acknowledged < said {
                acknowledged += self.take_acknowledgements(0, said - acknowledged).await?;
            }
        }
        Ok(self)
    }

    /// Reads acknowledgements while more than so many are missing; gives back how many came.
    async fn take_acknowledgements(&mut self, may_miss: usize, missing: usize) -> Result<usize> {
        let mut came = 0;
        let mut packet = [0; 4];
        while missing - came > may_miss {
            timeout(PATIENCE, self.reader.read_exact(&mut packet))
                .await
                .context("a message was not acknowledged")??;
            // MQTT 3.1.1, 3.4: PUBACK, two bytes.
            ensure!(packet[..2] == [0x40, 2], "a message was answered by {packet:?}");
            came += 1;
        }
        Ok(came)
    }
}

impl Listener {
    async fn hear(mut self, messages: usize, seat: usize, progress: Arc<Progress>) -> Result<Self> {
        let mut heard = BytesMut::with_capacity(64 * 1024);
        let mut acknowledgements = Vec::new();
        let mut count = 0;
        while count < messages {
            let read = timeout(PATIENCE, self.reader.read_buf(&mut heard))
                .await
                .context("messages were lost on their way")??;
            ensure!(read > 0, "the server closed a listener's connection");
            while let Some(packet) = heard.get(..self.packets.packet.len()) {
                self.packets.acknowledge(packet, &mut acknowledgements)?;
                heard.advance(self.packets.packet.len());
                count += 1;
            }
            progress.heard[seat].store(u64::try_from(count)?, Ordering::Relaxed);
            progress.moved.notify_one();
            if !acknowledgements.is_empty() {
                self.writer.write_all(&acknowledgements).await?;
                self.writer.flush().await?;
                acknowledgements.clear();
            }
        }
        Ok(self)
    }
}

impl Packets {
    fn new(room: usize, language: Language, payload: usize) -> Result<Self> {
        let qos = match language {
            Language::Mqtt(qos) => qos,
            Language::Bytes => Qos::AtMostOnce,
        };
        let topic = fleet::room(room, qos);
        let with_id = qos != Qos::AtMostOnce;
        let length = 2 + topic.len() + if with_id { 2 } else { 0 } + payload;
        // MQTT 3.1.1, 3.3: PUBLISH, its length in one or two bytes, its topic, its identifier, its payload.
        let mut packet = vec![if with_id { 0x32 } else { 0x30 }];
        match u8::try_from(length) {
            Ok(length) if length < 0x80 => packet.push(length),
            _ => {
                ensure!(length < 0x4000, "the payload is too long");
                packet.push(u8::try_from(length & 0x7f)? | 0x80);
                packet.push(u8::try_from(length >> 7)?);
            }
        }
        packet.extend(u16::try_from(topic.len())?.to_be_bytes());
        packet.extend(topic.as_bytes());
        let id_at = packet.len();
        if with_id {
            packet.extend([0, 0]);
        }
        packet.extend(std::iter::repeat_n(b'm', payload));
        Ok(Self {
            language,
            packet,
            id_at,
            next_id: 0,
        })
    }

    fn next(&mut self, output: &mut Vec<u8>) {
        let at = output.len();
        output.extend(&self.packet);
        if let Language::Mqtt(Qos::AtLeastOnce) = self.language {
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            output[at + self.id_at..at + self.id_at + 2].copy_from_slice(&self.next_id.to_be_bytes());
        }
    }

    fn acknowledge(&self, packet: &[u8], output: &mut Vec<u8>) -> Result<()> {
        ensure!(
            packet[0] == self.packet[0],
            "the server sent another packet: {packet:02x?}"
        );
        if let Language::Mqtt(Qos::AtLeastOnce) = self.language {
            output.extend([0x40, 2]);
            output.extend(&packet[self.id_at..self.id_at + 2]);
        }
        Ok(())
    }
}

async fn listen(load: &Load, port: u16, device: usize, room: usize, language: Language) -> Result<Held> {
    let Language::Mqtt(qos) = language else {
        return take_place(load, port, device, room, relay::LISTENS).await;
    };
    let mut stream = load.connect(port, device).await?;
    let packet = thingsmith_mqtt::Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        subscriptions: vec![Subscription {
            filter: TopicFilter::parse(&fleet::room(room, qos), &TopicLimits::default())?,
            qos,
            options: SubscriptionOptions::default(),
        }],
        properties: SubscribeProperties::default(),
    });
    let mut bytes = BytesMut::new();
    v3::write(&packet, &mut bytes)?;
    stream.write_all(&bytes).await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    let granted = if qos == Qos::AtLeastOnce { 1 } else { 0 };
    ensure!(
        answer == [0x90, 3, 0, 1, granted],
        "SUBSCRIBE was refused: {answer:?}"
    );
    Ok(stream)
}

async fn take_place(load: &Load, port: u16, device: usize, room: usize, role: u8) -> Result<Held> {
    let mut stream = load.shake_hands(port, device).await?;
    let mut words = vec![role];
    words.extend(u32::try_from(room)?.to_be_bytes());
    stream.write_all(&words).await?;
    let answer = stream.read_u8().await?;
    ensure!(answer == relay::READY, "the bare server answered {answer}");
    Ok(stream)
}
