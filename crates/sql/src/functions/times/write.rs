//! Writes times by the patterns of Joda-Time's `DateTimeFormat`, in English.

use std::fmt::Write as _;

use jiff::{Timestamp, ZonedDateTime};

use super::pattern::{Part, parts};
use super::{DAYS, MONTHS, zone};

/// A time by a pattern, or `None` if the pattern or the zone is none, or the time has no four-digit year.
pub(super) fn write(pattern: &str, milliseconds: i64, zone_id: &str) -> Option<String> {
    let zone = zone::find(zone_id)?;
    let time = Timestamp::from_millisecond(milliseconds)
        .ok()?
        .to_zoned_datetime(zone);
    let mut out = String::new();
    for part in parts(pattern)? {
        match part {
            Part::Text(text) => out.push_str(&text),
            Part::Field(letter, count) => field(letter, count, &time, zone_id, &mut out)?,
        }
    }
    Some(out)
}

fn field(letter: char, count: usize, time: &ZonedDateTime, zone_id: &str, out: &mut String) -> Option<()> {
    let year = i64::from(time.year());
    // The year 0 is 1 BC.
    let (era, year_of_era) = if year > 0 { ("AD", year) } else { ("BC", 1 - year) };
    let hour = i64::from(time.hour());
    let number = match letter {
        'y' | 'Y' | 'x' => {
            let year = match letter {
                'y' => year,
                'Y' => year_of_era,
                _ => i64::from(time.date().iso_week_date().year()),
            };
            if count == 2 { year.rem_euclid(100) } else { year }
        }
        'C' => year_of_era / 100,
        'M' if count > 2 => {
            let index = usize::try_from(time.month() - 1).ok()?;
            return name(MONTHS.get(index)?, count, out);
        }
        'M' => i64::from(time.month()),
        'd' => i64::from(time.day()),
        'D' => i64::from(time.day_of_year()),
        'w' => i64::from(time.date().iso_week_date().week()),
        'e' => i64::from(time.weekday().to_monday_one_offset()),
        'E' => {
            let index = usize::try_from(time.weekday().to_monday_zero_offset()).ok()?;
            return name(DAYS.get(index)?, count, out);
        }
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'm' => i64::from(time.minute()),
        's' => i64::from(time.second()),
        'S' => {
            let nanoseconds = format!("{:09}", time.subsec_nanosecond());
            // Digits beyond nanoseconds are zeros.
            out.extend(nanoseconds.chars().chain(std::iter::repeat('0')).take(count));
            return Some(());
        }
        'G' => {
            out.push_str(era);
            return Some(());
        }
        'a' => {
            out.push_str(if hour < 12 { "AM" } else { "PM" });
            return Some(());
        }
        'z' => {
            let info = time.time_zone().to_offset_info(time.timestamp());
            let abbreviation = info.abbreviation();
            match abbreviation.starts_with(char::is_alphabetic) {
                true if count < 4 => out.push_str(abbreviation),
                // The long names are in no table that we have.
                true => out.push_str(zone_id),
                false => out.push_str(&zone::write_offset(time.offset(), ":")),
            }
            return Some(());
        }
        'Z' => {
            match count {
                1 => out.push_str(&zone::write_offset(time.offset(), "")),
                2 => out.push_str(&zone::write_offset(time.offset(), ":")),
                _ => out.push_str(zone_id),
            }
            return Some(());
        }
        _ => return None,
    };
    let sign = if number < 0 { "-" } else { "" };
    let number = number.abs();
    write!(out, "{sign}{number:0>count$}").ok()
}

/// A name, short with fewer than four letters.
fn name(name: &str, count: usize, out: &mut String) -> Option<()> {
    out.push_str(if count < 4 { name.get(..3)? } else { name });
    Some(())
}
