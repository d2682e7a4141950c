//! The lines of a task that are under way.

use std::collections::VecDeque;

use crate::thing_registration_tasks::Floor;

/// The lines from the first that is not done to the last that was begun, in order.
pub(super) struct Window {
    floor: Floor,
    lines: VecDeque<Begun>,
}

struct Begun {
    number: i64,
    end: i64,
    done: bool,
}

impl Window {
    /// No lines behind the floor.
    pub(super) fn new(floor: Floor) -> Self {
        Self {
            floor,
            lines: VecDeque::new(),
        }
    }

    /// The place up to which all is done.
    pub(super) fn floor(&self) -> Floor {
        self.floor
    }

    /// The lines from the first that is not done to the last that was begun.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// A line begins, which comes after all that have begun.
    pub(super) fn begin(&mut self, number: i64, end: i64) {
        let done = false;
        self.lines.push_back(Begun { number, end, done });
    }

    /// A line is done.
    pub(super) fn done(&mut self, number: i64) {
        if let Ok(place) = self.lines.binary_search_by_key(&number, |line| line.number) {
            self.lines[place].done = true;
        }
        while let Some(first) = self.lines.pop_front_if(|first| first.done) {
            self.floor = Floor {
                line: first.number,
                offset: first.end,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_rises_to_the_first_line_that_is_not_done() {
        let mut window = Window::new(Floor { line: 4, offset: 40 });
        for number in [5, 7, 8] {
            window.begin(number, number * 10);
        }
        window.done(7);
        assert_eq!((window.floor().line, window.len()), (4, 3));
        window.done(5);
        assert_eq!((window.floor(), window.len()), (Floor { line: 7, offset: 70 }, 1));
        window.done(6);
        window.done(8);
        assert_eq!((window.floor().line, window.len()), (8, 0));
    }
}
