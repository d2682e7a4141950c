//! The fields packets are made of: integers, strings and binary data behind a two-byte length (MQTT 3.1.1, 1.5).

use bytes::{BufMut, BytesMut};

use crate::{MqttError, PacketId, frame};

/// Most bytes behind a two-byte length.
pub(crate) const LONGEST: usize = u16::MAX as usize;

/// A cursor over the body of one packet.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], MqttError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(MqttError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, MqttError> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, MqttError> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, MqttError> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A variable byte integer, which must be as short as it can be (MQTT 5, 1.5.5).
    pub(crate) fn length(&mut self) -> Result<usize, MqttError> {
        let (length, bytes) = frame::read_length(self.bytes)?.ok_or(MqttError::Truncated)?;
        if bytes != frame::length_bytes(length) {
            return Err(MqttError::LongLength);
        }
        self.take(bytes)?;
        Ok(length)
    }

    /// The next bytes as a part with a cursor of its own.
    pub(crate) fn part(&mut self, length: usize) -> Result<Reader<'a>, MqttError> {
        self.take(length).map(Reader::new)
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn packet_id(&mut self) -> Result<PacketId, MqttError> {
        PacketId::new(self.u16()?).ok_or(MqttError::ZeroPacketId)
    }

    pub(crate) fn binary(&mut self) -> Result<&'a [u8], MqttError> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, MqttError> {
        check(self.binary()?)
    }

    /// Ends the packet: nothing may follow its last field.
    pub(crate) fn end(self) -> Result<(), MqttError> {
        match self.bytes.len() {
            0 => Ok(()),
            more => Err(MqttError::TrailingBytes(more)),
        }
    }
}

/// Checks the specification's rules for a string: UTF-8 without surrogates and without U+0000.
///
/// The other control characters and the non-characters, which a server may refuse, are accepted; a byte order mark
/// is a character like any other (MQTT 3.1.1, 1.5.3).
pub(crate) fn check(bytes: &[u8]) -> Result<&str, MqttError> {
    let text = str::from_utf8(bytes).map_err(|_| MqttError::Utf8)?;
    match bytes.contains(&0) {
        true => Err(MqttError::Nul),
        false => Ok(text),
    }
}

/// Bytes that `write_binary` will add, or an error where the two-byte length cannot say it.
pub(crate) fn encoded_length(what: &'static str, bytes: &[u8]) -> Result<usize, MqttError> {
    if bytes.len() > LONGEST {
        return Err(MqttError::TooLong {
            what,
            bytes: bytes.len(),
            maximum: LONGEST,
        });
    }
    Ok(2 + bytes.len())
}

/// Writes a field whose length [`encoded_length`] has checked.
pub(crate) fn write_binary(bytes: &[u8], to: &mut BytesMut) {
    to.put_u16(u16::try_from(bytes.len()).expect("encoded_length has checked it"));
    to.put_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_utf8_without_nul_and_may_hold_anything_else() {
        assert_eq!(Reader::new(b"\x00\x02ab").string(), Ok("ab"));
        assert_eq!(Reader::new(b"\x00\x00").string(), Ok(""));
        assert_eq!(Reader::new(b"\x00\x03\xef\xbb\xbf").string(), Ok("\u{feff}"));
        assert_eq!(Reader::new(b"\x00\x01\x01").string(), Ok("\u{1}"));
        assert_eq!(Reader::new(b"\x00\x03a\x00b").string(), Err(MqttError::Nul));
        assert_eq!(
            Reader::new(b"\x00\x03\xed\xa0\x80").string(),
            Err(MqttError::Utf8)
        );
        assert_eq!(Reader::new(b"\x00\x02\xc0\x80").string(), Err(MqttError::Utf8));
        assert_eq!(Reader::new(b"\x00\x03ab").string(), Err(MqttError::Truncated));
        assert_eq!(Reader::new(b"\x00").string(), Err(MqttError::Truncated));
    }

    #[test]
    fn a_field_longer_than_its_length_can_say_is_refused() {
        assert_eq!(encoded_length("a field", &[0; LONGEST]), Ok(LONGEST + 2));
        assert!(encoded_length("a field", &[0; LONGEST + 1]).is_err());
    }
}
