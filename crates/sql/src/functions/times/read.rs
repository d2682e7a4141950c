//! Reads times by the patterns of `java.time.format.DateTimeFormatter`, in English and whatever their case.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::pattern::{Part, parts};
use super::{DAYS, MONTHS, zone};

/// The milliseconds since 1970 of a time, or `None` if it is not written as the pattern says. Without a zone it is UTC;
/// without a time of day it is midnight, without a month or a day the first.
pub(super) fn read(text: &str, pattern: &str) -> Option<i64> {
    let parts = parts(pattern)?;
    let mut reader = Reader {
        rest: text,
        found: Found::default(),
    };
    reader.all(&parts)?;
    if !reader.rest.is_empty() {
        return None;
    }
    reader.found.milliseconds()
}

struct Reader<'a> {
    rest: &'a str,
    found: Found,
}

/// What was read so far.
#[derive(Debug, Clone, Default)]
struct Found {
    year: Option<i64>,
    is_before_christ: bool,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    /// Hour of a half of the day, 0 to 11.
    half_hour: Option<i64>,
    is_afternoon: bool,
    minute: i64,
    second: i64,
    nanosecond: i64,
    zone: Option<TimeZone>,
}

impl Reader<'_> {
    /// Reads all parts in their order; what stands in brackets may be missing.
    fn all(&mut self, parts: &[Part]) -> Option<()> {
        let mut at = 0;
        while let Some(part) = parts.get(at) {
            match part {
                Part::Text(text) if text == "[" => {
                    let end = closing(parts, at)?;
                    let before = (self.rest, self.found.clone());
                    if self.all(&parts[at + 1..end]).is_none() {
                        (self.rest, self.found) = before;
                    }
                    at = end;
                }
                Part::Text(text) => self.rest = strip(self.rest, text)?,
                Part::Field(letter, count) => {
                    let is_adjacent = matches!(
                        parts.get(at + 1),
                        Some(Part::Field(next, next_count)) if is_number(*next, *next_count)
                    );
                    self.field(*letter, *count, is_adjacent)?;
                }
            }
            at += 1;
        }
        Some(())
    }

    fn field(&mut self, letter: char, count: usize, is_adjacent: bool) -> Option<()> {
        match letter {
            'G' => {
                let (index, rest) = among(self.rest, &["AD", "BC"])?;
                self.rest = rest;
                self.found.is_before_christ = index == 1;
            }
            'u' | 'y' => {
                let year = self.number(count, is_adjacent, 9)?;
                self.found.year = Some(if count == 2 { 2000 + year } else { year });
            }
            'M' | 'L' if count > 2 => self.found.month = Some(self.name(&MONTHS, count)? + 1),
            'M' | 'L' => self.found.month = Some(self.number(count, is_adjacent, 2)?),
            'd' => self.found.day = Some(self.number(count, is_adjacent, 2)?),
            'D' => self.found.day_of_year = Some(self.number(count, is_adjacent, 3)?),
            // A day's name says nothing that the date does not say.
            'E' => {
                self.name(&DAYS, count)?;
            }
            'a' => {
                let (index, rest) = among(self.rest, &["AM", "PM"])?;
                self.rest = rest;
                self.found.is_afternoon = index == 1;
            }
            'H' => self.found.hour = Some(within(self.number(count, is_adjacent, 2)?, 0, 23)?),
            'k' => self.found.hour = Some(within(self.number(count, is_adjacent, 2)?, 1, 24)? % 24),
            'K' => self.found.half_hour = Some(within(self.number(count, is_adjacent, 2)?, 0, 11)?),
            'h' => self.found.half_hour = Some(within(self.number(count, is_adjacent, 2)?, 1, 12)? % 12),
            'm' => self.found.minute = within(self.number(count, is_adjacent, 2)?, 0, 59)?,
            's' => self.found.second = within(self.number(count, is_adjacent, 2)?, 0, 59)?,
            'S' if count <= 9 => {
                let digits = self.digits(count, count)?;
                self.found.nanosecond = format!("{digits:0<9}").parse().ok()?;
            }
            'n' => self.found.nanosecond = within(self.number(count, is_adjacent, 9)?, 0, 999_999_999)?,
            'V' | 'z' | 'v' | 'O' => self.zone(zone::find)?,
            'X' if self.rest.starts_with('Z') => self.zone(|text| (text == "Z").then_some(TimeZone::UTC))?,
            'X' | 'x' | 'Z' => self.zone(|text| zone::offset(text).map(TimeZone::fixed))?,
            _ => return None,
        }
        Some(())
    }

    /// A number: of exactly so many digits if it is two or another number follows at once, else of at least as many.
    fn number(&mut self, count: usize, is_adjacent: bool, most: usize) -> Option<i64> {
        let longest = if count == 2 || is_adjacent {
            count
        } else {
            most.max(count)
        };
        self.digits(count, longest.min(18))?.parse().ok()
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<String> {
        let end = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        if end < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(digits.to_owned())
    }

    /// The index of a name, in full with four letters, else its first three.
    fn name(&mut self, names: &[&str], count: usize) -> Option<i64> {
        let (index, rest) = if count == 4 {
            among(self.rest, names)?
        } else {
            let short: Vec<&str> = names.iter().filter_map(|name| name.get(..3)).collect();
            among(self.rest, &short)?
        };
        self.rest = rest;
        i64::try_from(index).ok()
    }

    /// The zone that the longest run of an id's characters is.
    fn zone(&mut self, read: fn(&str) -> Option<TimeZone>) -> Option<()> {
        let is_part = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '/' | '_' | '+' | '-' | ':')
        };
        let end = self
            .rest
            .find(|character| !is_part(character))
            .unwrap_or(self.rest.len());
        let (id, rest) = self.rest.split_at(end);
        self.found.zone = Some(read(id)?);
        self.rest = rest;
        Some(())
    }
}

impl Found {
    fn milliseconds(self) -> Option<i64> {
        let year = self.year?;
        let year = i16::try_from(if self.is_before_christ { 1 - year } else { year }).ok()?;
        let part = |value: Option<i64>| i8::try_from(value.unwrap_or(1)).ok();
        let date = match self.day_of_year {
            Some(day) => Date::new(year, 1, 1)
                .ok()?
                .with()
                .day_of_year(i16::try_from(day).ok()?)
                .build()
                .ok()?,
            None => Date::new(year, part(self.month)?, part(self.day)?).ok()?,
        };
        let half = if self.is_afternoon { 12 } else { 0 };
        let hour = self.hour.or(self.half_hour.map(|hour| hour + half)).unwrap_or(0);
        let time = Time::new(
            i8::try_from(hour).ok()?,
            i8::try_from(self.minute).ok()?,
            i8::try_from(self.second).ok()?,
            i32::try_from(self.nanosecond).ok()?,
        );
        let local = DateTime::from_parts(date, time.ok()?);
        let zoned = self
            .zone
            .unwrap_or(TimeZone::UTC)
            .to_ambiguous_zoned_datetime(local)
            .compatible()
            .ok()?;
        Some(zoned.timestamp().as_millisecond())
    }
}

fn within(number: i64, least: i64, most: i64) -> Option<i64> {
    (least..=most).contains(&number).then_some(number)
}

/// Whether a field is read as digits.
fn is_number(letter: char, count: usize) -> bool {
    matches!(
        letter,
        'u' | 'y' | 'd' | 'D' | 'H' | 'k' | 'K' | 'h' | 'm' | 's' | 'S' | 'n'
    ) || matches!(letter, 'M' | 'L') && count <= 2
}

/// Where the bracket that opens at a place is closed.
fn closing(parts: &[Part], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, part) in parts.iter().enumerate().skip(open) {
        match part {
            Part::Text(text) if text == "[" => depth += 1,
            Part::Text(text) if text == "]" => {
                depth -= 1;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// The rest behind a text that comes next, whatever its case.
fn strip<'a>(rest: &'a str, text: &str) -> Option<&'a str> {
    let start = rest.get(..text.len())?;
    start.eq_ignore_ascii_case(text).then(|| &rest[text.len()..])
}

/// Which of some texts comes next.
fn among<'a>(rest: &'a str, texts: &[&str]) -> Option<(usize, &'a str)> {
    texts
        .iter()
        .enumerate()
        .find_map(|(index, text)| Some((index, strip(rest, text)?)))
}
