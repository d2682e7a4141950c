//! Instants as conditions write them: W3C's profile of ISO 8601, or seconds since 1970
//! (IAM guide, "Date and time condition operators").

/// An instant, ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant {
    seconds: i64,
    nanoseconds: u32,
}

impl Instant {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `YYYY-MM-DDThh:mm[:ss[.s...]](Z|+hh:mm|-hh:mm)`, or a whole number of
    /// seconds. Four digits are a year.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != 4 {
            return text.parse().ok().map(|seconds| Self {
                seconds,
                nanoseconds: 0,
            });
        }
        let (date, time) = match text.split_once('T') {
            Some((date, time)) if date.len() == 10 => (date, Some(time)),
            Some(_) => return None,
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = number(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(1), |part| number(part, 2))?;
        let day = parts.next().map_or(Some(1), |part| number(part, 2))?;
        if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day)
        {
            return None;
        }
        let (second, nanoseconds) = time.map_or(Some((0, 0)), time_of_day)?;
        Some(Self {
            seconds: days_since_1970(year, month, day) * 86_400 + second,
            nanoseconds,
        })
    }
}

/// Seconds since midnight UTC, and nanoseconds.
fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let zone_at = text.find(['Z', '+', '-'])?;
    let (clock, zone) = text.split_at(zone_at);
    let offset = match zone.split_at(1) {
        ("Z", "") => 0,
        ("Z", _) => return None,
        (sign, zone) => {
            let minutes = hours_and_minutes(zone)?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    let minutes = hours_and_minutes(clock.get(..5)?)?;
    let (seconds, nanoseconds) = match clock[5..].strip_prefix(':') {
        None if clock.len() == 5 => (0, 0),
        None => return None,
        Some(seconds) => match seconds.split_once('.') {
            None => (number(seconds, 2)?, 0),
            Some((seconds, fraction)) => (number(seconds, 2)?, nanoseconds(fraction)?),
        },
    };
    // A leap second counts as the second after it.
    (seconds <= 60).then_some(((minutes - offset) * 60 + seconds, nanoseconds))
}

fn hours_and_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// Reads the digits after the point; those beyond the ninth are dropped.
fn nanoseconds(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(padded.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

fn number(text: &str, length: usize) -> Option<i64> {
    let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts days in years that begin in March, so that a leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    const DAYS_TO_MARCH_1970: i64 = 719_468;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - DAYS_TO_MARCH_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        Instant::parse(text).unwrap().seconds
    }

    #[test]
    fn forms_of_the_same_instant_are_equal() {
        let epoch = 1_582_934_400; // 29 February 2020, as `date -u -d` has it
        for text in [
            "2020-02-29",
            "2020-02-29T00:00Z",
            "2020-02-29T00:00:00Z",
            "2020-02-29T01:30:00.000+01:30",
            "2020-02-28T19:00:00-05:00",
            "1582934400",
        ] {
            assert_eq!(seconds(text), epoch, "{text}");
        }
        assert_eq!(seconds("1970"), 0);
        assert_eq!(seconds("1969-12"), -2_678_400);
        assert_eq!(seconds("0000-03-01"), -62_162_035_200);
        assert!(Instant::parse("2020-01-01T00:00:00.5Z") > Instant::parse("2020-01-01T00:00:00.499999999Z"));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "-",
            "x",
            "20",
            "2020-13",
            "2020-00",
            "2021-02-29",
            "1900-02-29",
            "2020-01-01T",
            "2020-01-01T00:00",
            "2020-01-01T24:00Z",
            "2020-01-01T00:60Z",
            "2020-01-01T00:00:61Z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00Zx",
            "2020-01-01T00:00+1:00",
            "2020-01T00:00Z",
            "2020-01-01-01",
            "99999999999999999999",
            "2020-01-01Té:00Z",
            "+2020",
        ] {
            // Two digits are seconds, not a year.
            assert_eq!(Instant::parse(text).is_some(), text == "20", "{text}");
        }
    }
}
