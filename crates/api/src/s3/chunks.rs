//! Bodies in chunks of AWS's own form, `aws-chunked`: each with its length and perhaps its signature in a line before it, and
//! header fields behind the last (S3 API reference, "Transferring Payload in Multiple Chunks").

use bytes::{Buf as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};
use thingsmith_sigv4::ChunkSignatures;

use super::error::S3Error;

/// Cuts a body into what it carries.
pub(super) struct Chunks {
    buffer: BytesMut,
    place: Place,
    signed: bool,
    trailer: bool,
    /// None where signatures prove nothing.
    signatures: Option<ChunkSignatures>,
    /// The header fields behind the last chunk.
    fields: Vec<(String, String)>,
}

enum Place {
    /// Before a chunk's line.
    Line,
    /// In a chunk.
    Data {
        left: u64,
        digest: Sha256,
        signature: String,
    },
    /// Behind the last chunk.
    Trailer,
    End,
}

/// What comes next.
pub(super) enum Step {
    Piece(Bytes),
    /// More of the body is needed.
    More,
    /// The body is complete: what its trailer said.
    End(Vec<(String, String)>),
}

/// Most bytes of a chunk's line, and of a line of the trailer.
const LONGEST_LINE: usize = 1024;
/// Most lines of the trailer.
const MOST_FIELDS: usize = 16;

impl Chunks {
    pub(super) fn new(signed: bool, trailer: bool, signatures: Option<ChunkSignatures>) -> Self {
        Self {
            buffer: BytesMut::new(),
            place: Place::Line,
            signed,
            trailer,
            signatures,
            fields: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(super) fn step(&mut self) -> Result<Step, S3Error> {
        loop {
            match &mut self.place {
                Place::Line => {
                    let Some(line) = self.line()? else {
                        return Ok(Step::More);
                    };
                    self.begin(&line)?;
                }
                Place::Data { left: 0, .. } => {
                    if self.buffer.len() < 2 {
                        return Ok(Step::More);
                    }
                    if !self.buffer.starts_with(b"\r\n") {
                        return Err(malformed());
                    }
                    self.buffer.advance(2);
                    let place = std::mem::replace(&mut self.place, Place::Line);
                    if let Place::Data {
                        digest, signature, ..
                    } = place
                    {
                        self.verify(digest, &signature)?;
                    }
                }
                Place::Data { left, digest, .. } => {
                    if self.buffer.is_empty() {
                        return Ok(Step::More);
                    }
                    let here = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(self.buffer.len());
                    let piece = self.buffer.split_to(here).freeze();
                    *left -= piece.len() as u64;
                    if self.signed {
                        digest.update(&piece);
                    }
                    return Ok(Step::Piece(piece));
                }
                Place::Trailer => {
                    let Some(line) = self.line()? else {
                        return Ok(Step::More);
                    };
                    if line.is_empty() {
                        self.place = Place::End;
                        self.verify_fields()?;
                        continue;
                    }
                    let (name, value) = line.split_once(':').ok_or_else(malformed)?;
                    if !self.trailer || self.fields.len() >= MOST_FIELDS {
                        return Err(malformed());
                    }
                    let field = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
                    self.fields.push(field);
                }
                Place::End if self.buffer.is_empty() => {
                    return Ok(Step::End(std::mem::take(&mut self.fields)));
                }
                Place::End => return Err(malformed()),
            }
        }
    }

    /// A line without its end, if all of it is there.
    fn line(&mut self) -> Result<Option<String>, S3Error> {
        match self.buffer.windows(2).position(|two| two == b"\r\n") {
            Some(end) if end <= LONGEST_LINE => {
                let line = self.buffer.split_to(end);
                self.buffer.advance(2);
                let line = std::str::from_utf8(&line).map_err(|_| malformed())?;
                Ok(Some(line.trim_end_matches('\n').to_owned()))
            }
            None if self.buffer.len() <= LONGEST_LINE => Ok(None),
            _ => Err(malformed()),
        }
    }

    /// Begins the chunk of a line such as `400;chunk-signature=...`.
    fn begin(&mut self, line: &str) -> Result<(), S3Error> {
        let (length, rest) = line.split_once(';').unwrap_or((line, ""));
        let hexadecimal =
            (1..=16).contains(&length.len()) && length.bytes().all(|byte| byte.is_ascii_hexdigit());
        let left = u64::from_str_radix(length, 16)
            .ok()
            .filter(|_| hexadecimal)
            .ok_or_else(malformed)?;
        let signature = rest
            .trim()
            .strip_prefix("chunk-signature=")
            .unwrap_or_default()
            .to_owned();
        if self.signed && signature.is_empty() {
            return Err(malformed());
        }
        let digest = Sha256::new();
        if left == 0 {
            self.verify(digest, &signature)?;
            self.place = Place::Trailer;
        } else {
            self.place = Place::Data {
                left,
                digest,
                signature,
            };
        }
        Ok(())
    }

    fn verify(&mut self, digest: Sha256, signature: &str) -> Result<(), S3Error> {
        match &mut self.signatures {
            Some(signatures) if self.signed => Ok(signatures.chunk(digest.finalize().into(), signature)?),
            _ => Ok(()),
        }
    }

    fn verify_fields(&mut self) -> Result<(), S3Error> {
        const SIGNATURE: &str = "x-amz-trailer-signature";

        let (Some(signatures), true, true) = (&mut self.signatures, self.signed, self.trailer) else {
            return Ok(());
        };
        let mut digest = Sha256::new();
        let mut signature = None;
        for (name, value) in &self.fields {
            match name.as_str() {
                SIGNATURE => signature = Some(value),
                _ => digest.update(format!("{name}:{value}\n")),
            }
        }
        let signature = signature.ok_or_else(malformed)?;
        Ok(signatures.trailer(digest.finalize().into(), signature)?)
    }
}

fn malformed() -> S3Error {
    S3Error::new(
        "InvalidChunkError",
        400,
        "The body is not in the form aws-chunked that its headers announce.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that a body carries, and its trailer.
    type Carried = (Vec<u8>, Vec<(String, String)>);

    /// What a body carries, fed to the reader in pieces of this length.
    fn read(body: &[u8], length: usize, trailer: bool) -> Result<Carried, &'static str> {
        let mut chunks = Chunks::new(false, trailer, None);
        let mut carried = Vec::new();
        let mut pieces = body.chunks(length);
        loop {
            match chunks.step().map_err(|error| error.code)? {
                Step::Piece(piece) => carried.extend_from_slice(&piece),
                Step::More => chunks.push(pieces.next().ok_or("it is not complete")?),
                Step::End(fields) => return Ok((carried, fields)),
            }
        }
    }

    #[test]
    fn chunks_are_put_together_however_they_come() {
        let body =
            b"5;chunk-signature=ab\r\nhello\r\nb\r\n, the world\r\n0\r\nX-Amz-Checksum-Crc32: abc=\r\n\r\n";
        for length in 1..=body.len() {
            let (carried, fields) = read(body, length, true).unwrap();
            assert_eq!(carried, b"hello, the world");
            assert_eq!(fields, [("x-amz-checksum-crc32".to_owned(), "abc=".to_owned())]);
        }
    }

    #[test]
    fn what_is_not_in_chunks_is_refused() {
        let long = format!("5{}\r\n", " ".repeat(2000));
        for wrong in [
            "hello",
            "-5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello!\r\n0\r\n\r\n",
            "fffffffffffffffff\r\n",
            "\r\n",
            "0\r\nno field\r\n\r\n",
            "0\r\n\r\nmore",
            &long,
            "0\r\n",
            "5\r\nhel",
        ] {
            assert!(read(wrong.as_bytes(), 7, true).is_err(), "{wrong}");
        }
        assert!(
            read(b"0\r\na: b\r\n\r\n", 7, false).is_err(),
            "no trailer was announced"
        );
        let many = format!("0\r\n{}\r\n", "a: b\r\n".repeat(20));
        assert!(read(many.as_bytes(), 7, true).is_err());
    }
}
