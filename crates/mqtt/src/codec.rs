//! The codec of one connection: which version it speaks, the client's first packet says.

use bytes::BytesMut;

use crate::topic::LastTopic;
use crate::{Header, Kind, Limits, MqttError, Packet, Version, v3, v5};

/// Reads what a client sends and writes what it is answered, in the version that its CONNECT names. Until then, and to
/// a client of another version, it speaks MQTT 3.1.1.
#[derive(Debug, Clone, Default)]
pub struct Codec {
    version: Option<Version>,
    topic: LastTopic,
}

impl Codec {
    /// The codec of a connection just accepted.
    pub fn new() -> Self {
        Self::default()
    }

    /// The codec of a connection whose version is known, as it is to a client.
    pub fn speaking(version: Version) -> Self {
        Self {
            version: Some(version),
            topic: LastTopic::default(),
        }
    }

    /// The version of the client, once a CONNECT of one of ours has begun.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// Takes the next packet from a buffer: see [`v3::read`] and [`v5::read`]. `limits` are the same each time.
    ///
    /// # Errors
    /// The first rule that the bytes break.
    pub fn read(&mut self, buffer: &mut BytesMut, limits: &Limits) -> Result<Option<Packet>, MqttError> {
        if self.version.is_none() && names_version_5(buffer, limits)? {
            self.version = Some(Version::V5);
        }
        match self.version {
            Some(Version::V5) => v5::read_next(buffer, limits, &mut self.topic),
            Some(Version::V3_1_1) => v3::read_next(buffer, limits, &mut self.topic),
            None => {
                let packet = v3::read(buffer, limits)?;
                if matches!(packet, Some(Packet::Connect(_))) {
                    self.version = Some(Version::V3_1_1);
                }
                Ok(packet)
            }
        }
    }

    /// Appends a packet to a buffer: see [`v3::write`] and [`v5::write`].
    ///
    /// # Errors
    /// What cannot be written.
    pub fn write(&self, packet: &Packet, to: &mut BytesMut) -> Result<(), MqttError> {
        match self.version {
            Some(Version::V5) => v5::write(packet, to),
            Some(Version::V3_1_1) | None => v3::write(packet, to),
        }
    }
}

fn names_version_5(buffer: &[u8], limits: &Limits) -> Result<bool, MqttError> {
    let header = Header::read(buffer, limits.packet_bytes)?;
    Ok(header.is_some_and(|header| {
        header.kind == Kind::Connect
            && header.body_bytes >= v5::connect::START.len()
            && buffer[header.header_bytes..].starts_with(v5::connect::START)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Connect, Protocol, PubAck, ReasonCode};

    fn connect(version: Version) -> BytesMut {
        let connect = Packet::Connect(Box::new(Connect {
            version,
            client_id: "pump-1".to_owned(),
            ..Connect::default()
        }));
        let mut bytes = BytesMut::new();
        Codec::speaking(version).write(&connect, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_first_packet_says_which_version_is_spoken() {
        for version in [Version::V3_1_1, Version::V5] {
            let whole = connect(version);
            let (mut codec, mut buffer) = (Codec::new(), BytesMut::new());
            for byte in &whole[..whole.len() - 1] {
                buffer.extend_from_slice(&[*byte]);
                assert_eq!(codec.read(&mut buffer, &Limits::default()), Ok(None));
            }
            buffer.extend_from_slice(&whole[whole.len() - 1..]);
            let packet = codec.read(&mut buffer, &Limits::default()).unwrap();
            assert!(matches!(packet, Some(Packet::Connect(connect)) if connect.version == version));
            assert_eq!(codec.version(), Some(version));
            let refusal = PubAck::new(crate::PacketId::MIN, ReasonCode::NotAuthorized);
            let mut written = BytesMut::new();
            codec.write(&Packet::PubAck(refusal), &mut written).unwrap();
            let expected: &[u8] = match version {
                Version::V3_1_1 => b"\x40\x02\x00\x01",
                Version::V5 => b"\x40\x03\x00\x01\x87",
            };
            assert_eq!(&written[..], expected);
        }
    }

    #[test]
    fn other_versions_are_known_and_refused_in_their_own_words() {
        for (body, protocol) in [
            (&b"\0\x06MQIsdp\x03"[..], Protocol::V3_1),
            (b"\0\x04MQTT\x06", Protocol::Other(6)),
        ] {
            let bytes = [&[0x10, body.len() as u8], body].concat();
            let mut codec = Codec::new();
            assert_eq!(
                codec.read(&mut BytesMut::from(&bytes[..]), &Limits::default()),
                Ok(Some(Packet::OtherVersion(protocol)))
            );
            assert_eq!(codec.version(), None);
        }
    }
}
