//! A request as it came over the wire.

/// The parts of an HTTP request that a signature covers, but for the body.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, upper case as HTTP has it.
    pub method: &'a str,
    /// The request target in origin form, path and query, percent-encoding and all, exactly as received.
    pub target: &'a [u8],
    /// Every header in the order received: names in any case, values as raw bytes.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Request<'a> {
    /// The target up to its first question mark.
    pub(crate) fn path(&self) -> &'a [u8] {
        self.split().0
    }

    /// The target after its first question mark, empty if there is none.
    pub(crate) fn query(&self) -> &'a [u8] {
        self.split().1
    }

    /// The values of a header, in the order received.
    pub(crate) fn header(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    fn split(&self) -> (&'a [u8], &'a [u8]) {
        match self.target.iter().position(|byte| *byte == b'?') {
            Some(at) => (&self.target[..at], &self.target[at + 1..]),
            None => (self.target, b""),
        }
    }
}
