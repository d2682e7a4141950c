//! S3's XML: written by hand, read with a reader that knows no entities but XML's own.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::Event;
use thingsmith_core::iso8601;
use thingsmith_model::Timestamp;

use super::error::S3Error;
use crate::protocol::aws_query::escaped;

/// An answer that is being written.
pub(super) struct Document(String);

impl Document {
    /// The inside of an element that is the whole answer.
    pub(super) fn of(root: &str, inside: impl FnOnce(&mut Self)) -> String {
        let mut document = Self(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        ));
        inside(&mut document);
        let _ = write!(document.0, "</{root}>");
        document.0
    }

    /// An element with others inside.
    pub(super) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, "<{name}>");
        inside(self);
        let _ = write!(self.0, "</{name}>");
    }

    /// An element with a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        let _ = write!(self.0, "<{name}>{}</{name}>", escaped(text));
    }

    /// An element with a number or a word.
    pub(super) fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = write!(self.0, "<{name}>{value}</{name}>");
    }

    /// An element with a time.
    pub(super) fn time(&mut self, name: &str, time: Timestamp) {
        let text = iso8601(time);
        self.value(name, text.replace('Z', ".000Z"));
    }
}

/// An element that was read: its name without a prefix, its text, and the elements inside.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) inside: Vec<Self>,
}

/// How deep elements may stand in one another; S3's requests are four deep at most.
const DEEPEST: usize = 8;

impl Element {
    /// Reads a document's root.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, S3Error> {
        let text = std::str::from_utf8(bytes).map_err(|_| S3Error::malformed())?;
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|_| S3Error::malformed())?;
            let named = |name: &[u8]| Self {
                name: String::from_utf8_lossy(name).into_owned(),
                ..Self::default()
            };
            match event {
                Event::Start(start) if open.len() <= DEEPEST => open.push(named(start.local_name().as_ref())),
                // What comes of declaring entities is well known.
                Event::Start(_) | Event::DocType(_) => return Err(S3Error::malformed()),
                Event::Empty(empty) => {
                    let element = named(empty.local_name().as_ref());
                    open.last_mut()
                        .ok_or_else(S3Error::malformed)?
                        .inside
                        .push(element);
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|_| S3Error::malformed())?;
                    open.last_mut()
                        .ok_or_else(S3Error::malformed)?
                        .text
                        .push_str(&text);
                }
                Event::CData(text) => {
                    let text = text.decode().map_err(|_| S3Error::malformed())?;
                    open.last_mut()
                        .ok_or_else(S3Error::malformed)?
                        .text
                        .push_str(&text);
                }
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref() {
                        Ok(Some(character)) => character,
                        _ => match &*reference.decode().map_err(|_| S3Error::malformed())? {
                            "amp" => '&',
                            "lt" => '<',
                            "gt" => '>',
                            "quot" => '"',
                            "apos" => '\'',
                            _ => return Err(S3Error::malformed()),
                        },
                    };
                    open.last_mut()
                        .ok_or_else(S3Error::malformed)?
                        .text
                        .push(character);
                }
                Event::End(_) => {
                    let done = open.pop().ok_or_else(S3Error::malformed)?;
                    open.last_mut().ok_or_else(S3Error::malformed)?.inside.push(done);
                }
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
        let document = open.pop().filter(|_| open.is_empty());
        let mut roots = document.ok_or_else(S3Error::malformed)?.inside;
        match (roots.pop(), roots.is_empty()) {
            (Some(root), true) => Ok(root),
            _ => Err(S3Error::malformed()),
        }
    }

    /// The text of an element inside.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        let found = self.inside.iter().find(|element| element.name == name)?;
        Some(&found.text)
    }

    /// The elements inside of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.inside.iter().filter(move |element| element.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Element;

    #[test]
    fn elements_are_read() {
        let text = "<?xml version=\"1.0\"?><Delete xmlns=\"x\"><Object><Key>a&amp;b&#233;<![CDATA[<]]></Key></Object><Quiet/></Delete>";
        let root = Element::read(text.as_bytes()).unwrap();
        assert_eq!(root.name, "Delete");
        let object = root.all("Object").next().unwrap();
        assert_eq!(object.text_of("Key"), Some("a&b\u{e9}<"));
        assert_eq!(root.text_of("Quiet"), Some(""));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(10) + &"</a>".repeat(10);
        for wrong in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a>&evil;</a>",
            &deep,
            "<a><b></a></b>",
            "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
        ] {
            assert!(Element::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(Element::read(b"<a>\xff</a>").is_err());
    }
}
