//! The checksums that clients send along with bodies (S3 guide, "Checking object integrity").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Digest as CrcDigest, Table};
use hyper::HeaderMap;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::error::S3Error;

static CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static CRC64NVME: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// A checksum that is being computed.
enum Running {
    Crc32(CrcDigest<'static, u32, Table<16>>),
    Crc32c(CrcDigest<'static, u32, Table<16>>),
    Crc64(CrcDigest<'static, u64, Table<16>>),
    Sha1(Sha1),
    Sha256(Sha256),
}

/// A checksum that the bytes must have.
pub(super) struct Checksum {
    /// `x-amz-checksum-` and the algorithm.
    pub(super) header: &'static str,
    running: Running,
    /// In base64; none until the trailer brings it.
    expected: Option<String>,
}

const HEADERS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

impl Checksum {
    /// The checksum that the headers give, or promise for the end.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, S3Error> {
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::trim)
        };
        let mut found = None;
        let trailer = text("x-amz-trailer").map(str::to_ascii_lowercase);
        for header in HEADERS {
            let given = text(header);
            if given.is_none() && trailer.as_deref() != Some(header) {
                continue;
            }
            let checksum = Self {
                header,
                running: Running::of(header),
                expected: given.map(str::to_owned),
            };
            if found.replace(checksum).is_some() {
                return Err(S3Error::invalid(
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
                ));
            }
        }
        match (&found, trailer) {
            (None, Some(_)) => Err(S3Error::invalid(
                "The value specified in the x-amz-trailer header is not supported",
            )),
            _ => Ok(found),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.running {
            Running::Crc32(digest) | Running::Crc32c(digest) => digest.update(bytes),
            Running::Crc64(digest) => digest.update(bytes),
            Running::Sha1(digest) => digest.update(bytes),
            Running::Sha256(digest) => digest.update(bytes),
        }
    }

    /// Takes the checksum that came behind the body.
    pub(super) fn expect(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case(self.header) {
            self.expected = Some(value.to_owned());
        }
    }

    /// Compares. Says what the checksum is.
    pub(super) fn finish(self) -> Result<String, S3Error> {
        let computed = match self.running {
            Running::Crc32(digest) | Running::Crc32c(digest) => {
                STANDARD.encode(digest.finalize().to_be_bytes())
            }
            Running::Crc64(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            Running::Sha1(digest) => STANDARD.encode(digest.finalize()),
            Running::Sha256(digest) => STANDARD.encode(digest.finalize()),
        };
        let algorithm = self.header.trim_start_matches("x-amz-checksum-");
        match self.expected {
            Some(expected) if expected == computed => Ok(computed),
            Some(_) => Err(S3Error::new(
                "BadDigest",
                400,
                format!(
                    "The {} you specified did not match the calculated checksum.",
                    algorithm.to_ascii_uppercase()
                ),
            )),
            None => Err(S3Error::invalid(format!(
                "The trailer {} did not come.",
                self.header
            ))),
        }
    }
}

impl Running {
    fn of(header: &str) -> Self {
        match header {
            "x-amz-checksum-crc32" => Self::Crc32(CRC32.digest()),
            "x-amz-checksum-crc32c" => Self::Crc32c(CRC32C.digest()),
            "x-amz-checksum-crc64nvme" => Self::Crc64(CRC64NVME.digest()),
            "x-amz-checksum-sha1" => Self::Sha1(Sha1::new()),
            _ => Self::Sha256(Sha256::new()),
        }
    }
}
