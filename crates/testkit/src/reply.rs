//! A reply as it came over the wire.

use std::fmt;

use serde_json::Value;

/// A reply as it came over the wire. Shown, it is its status, its exception and its body.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Every header, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Reads a reply whose connection was closed after it.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.filter_map(header).collect();
        Some(Self {
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        })
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// The exception's name.
    pub fn exception(&self) -> &str {
        self.header("x-amzn-errortype").unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// A text member of the JSON body.
    ///
    /// # Panics
    /// When there is none.
    pub fn text(&self, member: &str) -> String {
        self.json()[member]
            .as_str()
            .expect("the body has this text")
            .to_owned()
    }

    /// The message of a refusal.
    ///
    /// # Panics
    /// When the body has none.
    pub fn message(&self) -> String {
        self.text("message")
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(exception) = self.header("x-amzn-errortype") {
            write!(f, " {exception}")?;
        }
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(json) => write!(f, "\n{json:#}"),
            Err(_) => write!(f, "\n{}", String::from_utf8_lossy(&self.body)),
        }
    }
}
