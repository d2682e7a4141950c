//! Hashes of texts, in lower-case hexadecimal digits.

use std::fmt::Write as _;

use md2::Md2;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::Arguments;
use crate::evaluate::{Run, Stop};
use crate::value::Value;

type Result = std::result::Result<Value, Stop>;

fn hash<D: Digest>(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Value::or_undefined(arguments.text(run, 0)?.map(|text| {
        let mut digits = String::new();
        for byte in D::digest(text.as_bytes()).as_slice() {
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    })))
}

pub(super) fn md2(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    // It is some hundred times slower than the others.
    run.charge(arguments.value(0).weight() * 32)?;
    hash::<Md2>(run, arguments)
}

pub(super) fn md5(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    hash::<Md5>(run, arguments)
}

pub(super) fn sha1(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    hash::<Sha1>(run, arguments)
}

pub(super) fn sha224(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    hash::<Sha224>(run, arguments)
}

pub(super) fn sha256(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    hash::<Sha256>(run, arguments)
}

pub(super) fn sha384(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    hash::<Sha384>(run, arguments)
}

pub(super) fn sha512(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    hash::<Sha512>(run, arguments)
}
