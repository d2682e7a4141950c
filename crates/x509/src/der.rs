//! Distinguished Encoding Rules (X.690), as much as certificates need: definite, shortest lengths and tags of
//! one byte.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const NUMERIC_STRING: u8 = 0x12;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const VISIBLE_STRING: u8 = 0x1a;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag `[number]` around other elements.
pub(crate) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// The tag `[number]` in place of a primitive element's own.
pub(crate) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// Writes one element around its parts.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 | (bytes.len() - zeros) as u8);
        out.extend_from_slice(&bytes[zeros..]);
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// An element as it stands in the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after the other. `None` is the answer to whatever is not DER.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// The content of an input that is exactly one element with this tag.
    pub(crate) fn inside(input: &'a [u8], tag: u8) -> Option<Self> {
        let mut reader = Self::new(input);
        let element = reader.expect(tag)?;
        reader.is_empty().then(|| Self::new(element.content))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, after_tag) = self.rest.split_first()?;
        let (&first, mut content) = after_tag.split_first()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let (bytes, after_length) = content.split_at_checked(usize::from(first & 0x7f))?;
            // Shortest form: no leading zero, and nothing that one byte would hold. Four bytes are 4 GiB.
            if bytes.len() > 4 || *bytes.first()? == 0 {
                return None;
            }
            content = after_length;
            let length = bytes
                .iter()
                .fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
            usize::try_from(length).ok().filter(|length| *length > 0x7f)?
        };
        let (content, rest) = content.split_at_checked(length)?;
        let whole = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        // Tags above 30 have more bytes. No certificate has one.
        (tag & 0x1f != 0x1f).then_some(Element { tag, content, whole })
    }

    /// The next element, if it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element if it has this tag; otherwise nothing is consumed.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let element = ahead.expect(tag)?;
        *self = ahead;
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_written_as_short_as_possible() {
        assert_eq!(element(NULL, &[]), [5, 0]);
        assert_eq!(element(OCTET_STRING, &[&[7; 127]])[..2], [4, 127]);
        assert_eq!(element(OCTET_STRING, &[&[7; 128]])[..3], [4, 0x81, 128]);
        assert_eq!(element(OCTET_STRING, &[&[7; 255], &[8]])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn what_is_not_der_is_not_read() {
        for wrong in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x81, 1, 0],
            &[4, 0x82, 0, 200],
            &[4, 0xff],
            &[4, 0x85, 1, 0, 0, 0, 0],
            &[0x1f, 0x20, 0],
        ] {
            assert!(Reader::new(wrong).next().is_none(), "{wrong:?}");
        }
        assert!(Reader::inside(&[0x30, 0, 0], SEQUENCE).is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(content in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let written = element(OCTET_STRING, &[&content]);
            let mut reader = Reader::new(&written);
            let element = reader.expect(OCTET_STRING).unwrap();
            prop_assert_eq!(element.content, &content[..]);
            prop_assert_eq!(element.whole, &written[..]);
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn nothing_makes_the_reader_panic(input in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader::new(&input);
            let mut elements = 0;
            while reader.next().is_some() {
                elements += 1;
            }
            prop_assert!(elements <= input.len() / 2);
        }
    }
}
