//! Request URIs with labels: `/things/{thingName}/principals`.

use std::cmp::Ordering;
use std::fmt;

use percent_encoding::percent_decode_str;

use crate::AwsModelError;

/// A path of literal segments and labels. A label stands for one segment that is not empty; a greedy one,
/// `{arn+}`, for the rest of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UriTemplate {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Label(String),
    Greedy(String),
}

/// What a path has in a label's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label<'t, 'p> {
    /// The label's name, which is a member of the operation's input.
    pub name: &'t str,
    /// The path's text, still percent-encoded.
    pub raw: &'p str,
}

impl Label<'_, '_> {
    /// The text, percent-decoded; none where the bytes are not UTF-8.
    pub fn decode(&self) -> Option<String> {
        percent_decode_str(self.raw)
            .decode_utf8()
            .ok()
            .map(std::borrow::Cow::into_owned)
    }
}

impl UriTemplate {
    /// Reads a `requestUri` of a service model.
    ///
    /// # Errors
    /// A text that does not begin with `/`, an unclosed or empty label, a greedy label before the end, or a query.
    pub fn parse(uri: &str) -> Result<Self, AwsModelError> {
        let refused = || AwsModelError::Uri { uri: uri.to_owned() };
        let path = uri.strip_prefix('/').ok_or_else(refused)?;
        let mut segments = Vec::new();
        for text in path.split('/') {
            if matches!(segments.last(), Some(Segment::Greedy(_))) {
                return Err(refused());
            }
            segments.push(Segment::parse(text).ok_or_else(refused)?);
        }
        Ok(Self { segments })
    }

    /// Matches a path that is still percent-encoded, so that a `%2F` inside a name stays inside its label. Literals
    /// are compared as they are: AWS's own have nothing to encode.
    pub fn matches<'t, 'p>(&'t self, raw_path: &'p str) -> Option<Vec<Label<'t, 'p>>> {
        let mut rest = Some(raw_path.strip_prefix('/')?);
        let mut labels = Vec::new();
        for segment in &self.segments {
            let remaining = rest?;
            let (text, after) = match remaining.split_once('/') {
                Some((text, after)) => (text, Some(after)),
                None => (remaining, None),
            };
            match segment {
                Segment::Literal(literal) if literal == text => rest = after,
                Segment::Literal(_) => return None,
                Segment::Label(_) if text.is_empty() => return None,
                Segment::Label(name) => {
                    labels.push(Label { name, raw: text });
                    rest = after;
                }
                Segment::Greedy(_) if remaining.is_empty() => return None,
                Segment::Greedy(name) => {
                    labels.push(Label { name, raw: remaining });
                    rest = None;
                }
            }
        }
        rest.is_none().then_some(labels)
    }

    /// The names of the labels, in order.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Label(name) | Segment::Greedy(name) => Some(name.as_str()),
        })
    }

    /// The first segment, where it is a literal.
    pub(crate) fn first_literal(&self) -> Option<&str> {
        match self.segments.first() {
            Some(Segment::Literal(literal)) => Some(literal),
            _ => None,
        }
    }

    /// Orders templates that match one path: the one with a literal at the first difference comes first.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        self.segments
            .iter()
            .map(Segment::rank)
            .cmp(other.segments.iter().map(Segment::rank))
    }
}

impl fmt::Display for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(literal) => write!(f, "/{literal}"),
            Segment::Label(name) => write!(f, "/{{{name}}}"),
            Segment::Greedy(name) => write!(f, "/{{{name}+}}"),
        })
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        if let Some(label) = text.strip_prefix('{') {
            let label = label.strip_suffix('}')?;
            let (name, greedy) = match label.strip_suffix('+') {
                Some(name) => (name, true),
                None => (label, false),
            };
            let plain = !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
            return plain.then(|| match greedy {
                true => Self::Greedy(name.to_owned()),
                false => Self::Label(name.to_owned()),
            });
        }
        // A query that tells two operations of one path apart stays in its literal, which then no path equals: a request
        // for such an operation is taken for the other one. None of them is written.
        let path = match text.split_once('?') {
            Some((path, query)) if query.contains('=') => path,
            _ => text,
        };
        (!path.contains(['{', '}', '?', '#'])).then(|| Self::Literal(text.to_owned()))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Label(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = UriTemplate::parse(template).unwrap();
        let labels = template.matches(path)?;
        Some(
            labels
                .iter()
                .map(|label| (label.name.to_owned(), label.decode().unwrap()))
                .collect(),
        )
    }

    #[test]
    fn labels_take_one_segment_each() {
        let one = |value: &str| Some(vec![("thingName".to_owned(), value.to_owned())]);
        let template = "/things/{thingName}/principals";
        assert_eq!(labels(template, "/things/pump/principals"), one("pump"));
        assert_eq!(labels(template, "/things/a%2Fb%3a1/principals"), one("a/b:1"));
        for refused in [
            "/things/pump",
            "/things/pump/principals/",
            "/things//principals",
            "/things/a/b/principals",
            "/Things/pump/principals",
            "things/pump/principals",
            "",
            "/",
        ] {
            assert_eq!(labels(template, refused), None, "{refused}");
        }
        assert_eq!(labels("/", "/"), Some(Vec::new()));
        assert_eq!(labels("/", ""), None);
        assert_eq!(labels("/", "/x"), None);
    }

    #[test]
    fn a_greedy_label_takes_the_rest() {
        let template = "/destinations/{arn+}";
        let rest = |value: &str| Some(vec![("arn".to_owned(), value.to_owned())]);
        assert_eq!(
            labels(template, "/destinations/arn:aws:iot:r:a:x/y/z"),
            rest("arn:aws:iot:r:a:x/y/z")
        );
        assert_eq!(labels(template, "/destinations/a/"), rest("a/"));
        assert_eq!(labels(template, "/destinations/"), None);
        assert_eq!(labels(template, "/destinations"), None);
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_decode() {
        let template = UriTemplate::parse("/things/{thingName}").unwrap();
        assert_eq!(template.matches("/things/%ff").unwrap()[0].decode(), None);
    }

    #[test]
    fn what_is_not_a_template_is_refused() {
        for uri in [
            "", "things", "/{", "/{}", "/{a", "/a}", "/{a+}/b", "/a?b", "/x{a}", "/{a}{b}",
        ] {
            assert!(UriTemplate::parse(uri).is_err(), "{uri}");
        }
    }
}
