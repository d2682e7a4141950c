//! Where in the template something stands. It is a chain of steps on the stack, since only an error needs its text.

use std::fmt;

/// Most bytes of a place's text; what is deeper is told by its beginning.
const MOST_BYTES: usize = 512;

/// A place in the template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Member(&'p str),
    Item(usize),
    /// The text of a place that was written down before.
    Written(&'p str),
}

/// The template itself.
pub(crate) const ROOT: Place<'static> = Place {
    parent: None,
    step: Step::Written(""),
};

impl<'p> Place<'p> {
    pub(crate) fn member(&'p self, name: &'p str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Member(name),
        }
    }

    pub(crate) fn item(&'p self, at: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Item(at),
        }
    }

    pub(crate) fn written(text: &'p str) -> Self {
        Self {
            parent: None,
            step: Step::Written(text),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = vec![self.step];
        let mut above = self.parent;
        while let Some(place) = above {
            steps.push(place.step);
            above = place.parent;
        }
        let mut text = String::new();
        for step in steps.iter().rev() {
            if text.len() > MOST_BYTES {
                text.push_str("...");
                break;
            }
            match step {
                Step::Written(written) => text.push_str(written),
                Step::Item(at) => text.push_str(&format!("[{at}]")),
                Step::Member(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.extend(name.chars().take(128));
                }
            }
        }
        f.write_str(if text.is_empty() { "the template" } else { &text })
    }
}
