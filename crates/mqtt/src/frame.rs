//! The fixed header: what kind of packet begins here and how long it is (MQTT 3.1.1, 2.2).
//!
//! A packet that is too long is refused from its header, before its body is buffered.

use bytes::{Buf, BufMut, BytesMut};

use crate::MqttError;

/// The largest remaining length four bytes can say.
pub(crate) const LONGEST: usize = 268_435_455;

/// The control packet types, with their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "these are the specification's own names")]
pub enum Kind {
    Connect = 1,
    ConnAck = 2,
    Publish = 3,
    PubAck = 4,
    PubRec = 5,
    PubRel = 6,
    PubComp = 7,
    Subscribe = 8,
    SubAck = 9,
    Unsubscribe = 10,
    UnsubAck = 11,
    PingReq = 12,
    PingResp = 13,
    Disconnect = 14,
    Auth = 15,
}

impl Kind {
    const ALL: [Self; 15] = [
        Self::Connect,
        Self::ConnAck,
        Self::Publish,
        Self::PubAck,
        Self::PubRec,
        Self::PubRel,
        Self::PubComp,
        Self::Subscribe,
        Self::SubAck,
        Self::Unsubscribe,
        Self::UnsubAck,
        Self::PingReq,
        Self::PingResp,
        Self::Disconnect,
        Self::Auth,
    ];

    fn from_number(number: u8) -> Result<Self, MqttError> {
        let index = usize::from(number).wrapping_sub(1);
        Self::ALL.get(index).copied().ok_or(MqttError::PacketType(number))
    }

    /// The flags this type must have; PUBLISH chooses its own.
    fn fixed_flags(self) -> Option<u8> {
        match self {
            Self::Publish => None,
            Self::PubRel | Self::Subscribe | Self::Unsubscribe => Some(0b0010),
            _ => Some(0),
        }
    }
}

/// A fixed header, and where the body behind it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The packet type.
    pub kind: Kind,
    /// The low four bits of the first byte, checked against the type.
    pub flags: u8,
    /// Bytes of the header itself, 2 to 5.
    pub header_bytes: usize,
    /// Bytes of the body.
    pub body_bytes: usize,
}

impl Header {
    /// Reads the header at the start of a buffer, or `None` if more bytes are needed to know it.
    ///
    /// # Errors
    /// A type, flags or length that does not exist, or a packet of more than `maximum` bytes.
    pub fn read(buffer: &[u8], maximum: usize) -> Result<Option<Self>, MqttError> {
        let Some((&first, rest)) = buffer.split_first() else {
            return Ok(None);
        };
        let kind = Kind::from_number(first >> 4)?;
        let flags = first & 0x0f;
        if kind.fixed_flags().is_some_and(|fixed| fixed != flags) {
            return Err(MqttError::HeaderFlags { kind, flags });
        }
        let Some((body_bytes, length_bytes)) = read_length(rest)? else {
            return Ok(None);
        };
        let header = Self {
            kind,
            flags,
            header_bytes: 1 + length_bytes,
            body_bytes,
        };
        if header.packet_bytes() > maximum {
            return Err(MqttError::PacketTooLong {
                bytes: header.packet_bytes(),
                maximum,
            });
        }
        Ok(Some(header))
    }

    /// Whether the length is written as short as it can be, which MQTT 5 demands (1.5.5).
    pub(crate) fn is_shortest(self) -> bool {
        self.header_bytes == 1 + length_bytes(self.body_bytes)
    }

    /// Bytes of the whole packet.
    pub fn packet_bytes(self) -> usize {
        self.header_bytes + self.body_bytes
    }
}

/// Takes the next packet from a buffer as `decode` reads it, or leaves the buffer as it is if the packet is not complete.
/// `check` is asked about its header first, before its body is there.
pub(crate) fn take<T>(
    buffer: &mut BytesMut,
    maximum: usize,
    check: impl FnOnce(Header) -> Result<(), MqttError>,
    decode: impl FnOnce(Header, &[u8]) -> Result<T, MqttError>,
) -> Result<Option<T>, MqttError> {
    let Some(header) = Header::read(buffer, maximum)? else {
        return Ok(None);
    };
    check(header)?;
    if buffer.len() < header.packet_bytes() {
        return Ok(None);
    }
    let packet = decode(header, &buffer[header.header_bytes..header.packet_bytes()])?;
    buffer.advance(header.packet_bytes());
    Ok(Some(packet))
}

/// How many bytes a length takes.
pub(crate) fn length_bytes(length: usize) -> usize {
    match length {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    }
}

/// Reads a remaining length and says how many bytes it took.
///
/// An encoding longer than needed is accepted: only MQTT 5 forbids it (1.5.5 there).
pub(crate) fn read_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, MqttError> {
    let mut length = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((length, index + 1)));
        }
    }
    match bytes.len() < 4 {
        true => Ok(None),
        false => Err(MqttError::RemainingLength),
    }
}

/// Writes a fixed header.
pub(crate) fn write_header(
    kind: Kind,
    flags: u8,
    body_bytes: usize,
    to: &mut BytesMut,
) -> Result<(), MqttError> {
    if body_bytes > LONGEST {
        return Err(MqttError::PacketTooLong {
            bytes: body_bytes,
            maximum: LONGEST,
        });
    }
    to.put_u8((kind as u8) << 4 | flags);
    write_length(body_bytes, to);
    Ok(())
}

/// Writes a length of at most four bytes.
pub(crate) fn write_length(length: usize, to: &mut BytesMut) {
    let mut left = length;
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        if left == 0 {
            return to.put_u8(low);
        }
        to.put_u8(low | 0x80);
    }
}

/// Writes the header of a kind that has no choice of flags.
pub(crate) fn write_fixed(kind: Kind, body_bytes: usize, to: &mut BytesMut) -> Result<(), MqttError> {
    let flags = kind.fixed_flags().expect("PUBLISH writes its own flags");
    write_header(kind, flags, body_bytes, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(length: usize) -> Vec<u8> {
        let mut to = BytesMut::new();
        write_header(Kind::Publish, 0, length, &mut to).unwrap();
        to.to_vec()
    }

    // MQTT 3.1.1, table 2.4.
    #[test]
    fn remaining_lengths_take_one_to_four_bytes() {
        for (length, bytes) in [
            (0, &[0x00][..]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 0x01]),
            (2_097_151, &[0xff, 0xff, 0x7f]),
            (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
            (268_435_455, &[0xff, 0xff, 0xff, 0x7f]),
        ] {
            assert_eq!(&written(length)[1..], bytes);
            assert_eq!(read_length(bytes), Ok(Some((length, bytes.len()))));
            assert_eq!(length_bytes(length), bytes.len());
        }
        assert!(write_header(Kind::Publish, 0, LONGEST + 1, &mut BytesMut::new()).is_err());
    }

    #[test]
    fn a_long_packet_is_refused_from_its_header() {
        let header = [0x30, 0x80, 0x80, 0x80, 0x01];
        assert_eq!(
            Header::read(&header, 1_000),
            Err(MqttError::PacketTooLong {
                bytes: 2_097_157,
                maximum: 1_000
            })
        );
        assert!(Header::read(&header, 2_097_157).unwrap().is_some());
    }

    #[test]
    fn an_incomplete_header_waits_and_an_endless_one_is_refused() {
        assert_eq!(Header::read(&[], 100), Ok(None));
        assert_eq!(Header::read(&[0x30], 100), Ok(None));
        assert_eq!(Header::read(&[0x30, 0xff, 0xff, 0xff], 100), Ok(None));
        assert_eq!(
            Header::read(&[0x30, 0xff, 0xff, 0xff, 0xff], 100),
            Err(MqttError::RemainingLength)
        );
    }

    #[test]
    fn reserved_types_and_flags_are_refused_from_the_first_byte() {
        assert_eq!(Header::read(&[0x00], 100), Err(MqttError::PacketType(0)));
        for kind in Kind::ALL {
            let read = |flags: u8| Header::read(&[(kind as u8) << 4 | flags, 0], 100);
            let accepted = (0..16).filter(|flags| read(*flags).is_ok()).count();
            assert_eq!(accepted, if kind == Kind::Publish { 16 } else { 1 });
        }
    }
}
