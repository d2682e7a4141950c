//! The bytes of an object that is open.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use thingsmith_ports::{ObjectBytes, ObjectError};

use crate::{blocking, failed};

/// Bytes that are read at once.
const AT_ONCE: u64 = 256 * 1024;

/// The bytes of a file within a range that the object has.
pub(crate) fn stream(file: File, range: Range<u64>) -> ObjectBytes {
    Box::pin(futures_util::stream::try_unfold(
        (file, range),
        |(file, range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let (piece, file, rest) = blocking(move || piece(file, range)).await?;
            Ok::<_, ObjectError>(Some((piece, (file, rest))))
        },
    ))
}

fn piece(mut file: File, range: Range<u64>) -> Result<(Bytes, File, Range<u64>), ObjectError> {
    let length = AT_ONCE.min(range.end - range.start);
    // It is at most AT_ONCE.
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.seek(SeekFrom::Start(range.start))
        .and_then(|_| file.read_exact(&mut bytes))
        .map_err(failed("reading a file"))?;
    Ok((bytes.into(), file, range.start + length..range.end))
}
