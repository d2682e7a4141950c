//! What is said of an object, behind its bytes in its file: JSON, the JSON's length in four bytes, and four bytes that name
//! the form. It stands behind because the entity tag is only known when all bytes have come.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};
use thingsmith_model::Timestamp;
use thingsmith_ports::Object;

/// What is said of an object, as its file has it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    key: String,
    size: u64,
    etag: String,
    /// Milliseconds since 1970.
    modified: i64,
    content_type: Option<String>,
    metadata: Vec<(String, String)>,
}

/// The end of every object's file, and its version.
const MARK: &[u8; 4] = b"obj1";
/// Most bytes of what is said of an object.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

impl From<&Object> for Record {
    fn from(object: &Object) -> Self {
        Self {
            key: object.key.clone(),
            size: object.size,
            etag: object.etag.clone(),
            modified: object.modified.as_millis(),
            content_type: object.content_type.clone(),
            metadata: object.metadata.clone(),
        }
    }
}

impl From<Record> for Object {
    fn from(record: Record) -> Self {
        Self {
            key: record.key,
            size: record.size,
            etag: record.etag,
            modified: Timestamp::from_millis(record.modified),
            content_type: record.content_type,
            metadata: record.metadata,
        }
    }
}

/// What stands behind the bytes of an object.
pub(crate) fn write(object: &Object) -> Option<Vec<u8>> {
    let mut text = serde_json::to_vec(&Record::from(object)).ok()?;
    let length = u32::try_from(text.len()).ok()?;
    if text.len() > MOST_BYTES {
        return None;
    }
    text.extend(length.to_le_bytes());
    text.extend(MARK);
    Some(text)
}

/// Reads what is said of the object of a file, and leaves the file somewhere.
pub(crate) fn read(file: &mut File) -> io::Result<Object> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it is not an object's file");
    let whole = file.metadata()?.len();
    let end = whole.checked_sub(8).ok_or_else(wrong)?;
    file.seek(SeekFrom::Start(end))?;
    let mut tail = [0; 8];
    file.read_exact(&mut tail)?;
    let [a, b, c, d, mark @ ..] = tail;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if mark != *MARK || length > MOST_BYTES as u64 {
        return Err(wrong());
    }
    let size = end.checked_sub(length).ok_or_else(wrong)?;
    file.seek(SeekFrom::Start(size))?;
    let mut text = vec![0; usize::try_from(length).map_err(|_| wrong())?];
    file.read_exact(&mut text)?;
    let record: Record = serde_json::from_slice(&text).map_err(|_| wrong())?;
    if record.size != size {
        return Err(wrong());
    }
    Ok(record.into())
}
