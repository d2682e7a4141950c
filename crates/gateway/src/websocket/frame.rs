//! Frames: what a client sends, and the heads of what it is sent.

use thiserror::Error;

/// Most bytes of a message, in one frame or many: more than the longest packet of MQTT that is taken.
pub const MESSAGE_BYTES: u64 = 1024 * 1024;
/// Most bytes of a control frame (RFC 6455, 5.5).
const CONTROL_BYTES: usize = 125;
/// The longest head: two bytes, a length of eight, a mask of four.
const HEAD_BYTES: usize = 14;

/// Why a client's frames cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// MQTT 5, 6: text is not taken.
    #[error("a WebSocket frame holds text and not MQTT")]
    Text,
    /// RFC 6455, 5.1: a client masks what it sends.
    #[error("a WebSocket frame is not masked")]
    NotMasked,
    /// RFC 6455, 5.2: no extension was agreed on.
    #[error("a WebSocket frame has a bit or an opcode that nobody agreed on")]
    Reserved,
    /// RFC 6455, 5.2: a length has one form.
    #[error("the length of a WebSocket frame is not in its shortest form")]
    Length,
    /// RFC 6455, 5.5: control frames are short and whole.
    #[error("a WebSocket control frame is in parts, or longer than 125 bytes")]
    Control,
    /// RFC 6455, 5.4: fragments follow each other.
    #[error("a WebSocket frame is a fragment of nothing, or in the midst of fragments")]
    Fragment,
    /// RFC 6455, 5.5.1: a close frame has no payload, or a code and a reason.
    #[error("a WebSocket close frame cannot be read")]
    Close,
    /// It is longer than what is taken.
    #[error("a WebSocket message has more than {MESSAGE_BYTES} bytes")]
    TooLong,
}

impl FrameError {
    /// The code to close with (RFC 6455, 7.4.1).
    pub fn close_code(self) -> u16 {
        match self {
            Self::Text => 1003,
            Self::TooLong => 1009,
            _ => 1002,
        }
    }
}

/// What a client said besides MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A ping, whose payload [`Decoder::control`] has.
    Ping,
    /// It closes, with this code if it gave one. Nothing follows.
    Close(Option<u16>),
}

/// Takes a client's frames apart, in pieces of any size.
#[derive(Debug, Default)]
pub struct Decoder {
    head: Head,
    /// Of the payload that is under way; none while a head is.
    payload: Option<Payload>,
    /// What came of the control frame that is under way, or of the last one.
    control: Vec<u8>,
    /// Bytes of the message whose fragments are under way.
    message: Option<u64>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Head {
    bytes: [u8; HEAD_BYTES],
    length: usize,
}

#[derive(Debug)]
struct Payload {
    kind: Kind,
    left: u64,
    mask: [u8; 4],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Close,
    Ping,
    Pong,
}

impl Decoder {
    /// Takes bytes as they came, from `bytes[*taken..]` on, and moves the payloads of data to the front of `bytes`, from
    /// `*kept` on. Stops behind a control frame that is to be heeded; else everything is taken. Nothing is taken behind a
    /// close.
    ///
    /// # Errors
    /// [`FrameError`], after which nothing can be read any more.
    pub fn decode(
        &mut self,
        bytes: &mut [u8],
        taken: &mut usize,
        kept: &mut usize,
    ) -> Result<Option<Heard>, FrameError> {
        loop {
            if self.closed {
                *taken = bytes.len();
                return Ok(None);
            }
            let Some(payload) = &mut self.payload else {
                let Some(byte) = bytes.get(*taken) else {
                    return Ok(None);
                };
                *taken += 1;
                if self.head.take(*byte) {
                    let payload = self.begin()?;
                    self.head.length = 0;
                    self.payload = Some(payload);
                }
                continue;
            };
            let there = bytes.len() - *taken;
            let now = usize::try_from(payload.left).map_or(there, |left| left.min(there));
            if now == 0 && payload.left > 0 {
                return Ok(None);
            }
            let piece = *taken..*taken + now;
            for (byte, mask) in bytes[piece.clone()].iter_mut().zip(payload.mask.iter().cycle()) {
                *byte ^= mask;
            }
            payload.mask.rotate_left(now % 4);
            payload.left -= now as u64;
            *taken += now;
            if payload.kind == Kind::Data {
                bytes.copy_within(piece, *kept);
                *kept += now;
            } else {
                self.control.extend_from_slice(&bytes[piece]);
            }
            if payload.left > 0 {
                continue;
            }
            let kind = payload.kind;
            self.payload = None;
            match kind {
                Kind::Data => {}
                Kind::Pong => self.control = Vec::new(),
                Kind::Ping => return Ok(Some(Heard::Ping)),
                Kind::Close => {
                    self.closed = true;
                    return self.close_code().map(|code| Some(Heard::Close(code)));
                }
            }
        }
    }

    /// The payload of the control frame that was heard last. It is given away.
    pub fn control(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.control)
    }

    /// Reads a head that is whole.
    fn begin(&mut self) -> Result<Payload, FrameError> {
        let [first, second, ..] = self.head.bytes;
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        if first & 0x70 != 0 {
            return Err(FrameError::Reserved);
        }
        if second & 0x80 == 0 {
            return Err(FrameError::NotMasked);
        }
        let left = self.head.payload_length();
        let shortest = match second & 0x7f {
            126 => left >= 126,
            127 => left > u64::from(u16::MAX) && left >> 63 == 0,
            _ => true,
        };
        if !shortest {
            return Err(FrameError::Length);
        }
        let kind = match (opcode, self.message) {
            (0, Some(so_far)) => {
                self.message = self.message_of(so_far, left, last)?;
                Kind::Data
            }
            (2, None) => {
                self.message = self.message_of(0, left, last)?;
                Kind::Data
            }
            (0, None) | (1 | 2, Some(_)) => return Err(FrameError::Fragment),
            (1, None) => return Err(FrameError::Text),
            (8, _) => Kind::Close,
            (9, _) => Kind::Ping,
            (10, _) => Kind::Pong,
            _ => return Err(FrameError::Reserved),
        };
        if kind != Kind::Data {
            if !last || left > CONTROL_BYTES as u64 {
                return Err(FrameError::Control);
            }
            self.control = Vec::new();
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.head.bytes[self.head.length - 4..self.head.length]);
        Ok(Payload { kind, left, mask })
    }

    /// The bytes of a message behind a frame of its; none when it was the last.
    fn message_of(&self, so_far: u64, frame: u64, last: bool) -> Result<Option<u64>, FrameError> {
        match so_far.checked_add(frame) {
            Some(bytes) if bytes <= MESSAGE_BYTES => Ok((!last).then_some(bytes)),
            _ => Err(FrameError::TooLong),
        }
    }

    fn close_code(&self) -> Result<Option<u16>, FrameError> {
        match &self.control[..] {
            [] => Ok(None),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                // RFC 6455, 7.4: those that may stand in a frame.
                let may_be_sent = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
                match may_be_sent && std::str::from_utf8(reason).is_ok() {
                    true => Ok(Some(code)),
                    false => Err(FrameError::Close),
                }
            }
            [_] => Err(FrameError::Close),
        }
    }
}

impl Head {
    /// Takes a byte; whether the head is whole. Without a mask it ends where one would begin, for that it may be refused.
    fn take(&mut self, byte: u8) -> bool {
        self.bytes[self.length] = byte;
        self.length += 1;
        self.length >= 2 && self.length == self.whole()
    }

    fn whole(&self) -> usize {
        let masked = self.bytes[1] & 0x80 != 0;
        let length = match self.bytes[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + length + if masked { 4 } else { 0 }
    }

    fn payload_length(&self) -> u64 {
        match self.bytes[1] & 0x7f {
            126 => u16::from_be_bytes([self.bytes[2], self.bytes[3]]).into(),
            127 => {
                let mut length = [0; 8];
                length.copy_from_slice(&self.bytes[2..10]);
                u64::from_be_bytes(length)
            }
            short => short.into(),
        }
    }
}

/// What the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Binary = 2,
    Close = 8,
    Pong = 10,
}

/// Writes a frame of the server's: whole, and not masked.
pub(super) fn write(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode as u8);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests;
