//! Exact numbers of 34 digits, which is what AWS's engine computes with.
//!
//! A [`Decimal`] keeps its trailing zeros, so that `2.50` is given out as it came in. The arithmetic is that of IEEE 754's
//! decimal128 but for the range of exponents, which AWS gives as 1E-999 to 9.99E999.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, Sign};

/// Most digits of a number.
pub(crate) const DIGITS: u32 = 34;
/// The first integer that has more than 34 digits.
pub(crate) const INT_LIMIT: i128 = 10_i128.pow(DIGITS);
/// Largest exponent of a number in scientific notation, and with a minus the smallest.
const EXPONENT_LIMIT: i64 = 999;

/// `digits * 10^-scale`.
// INVARIANT: fewer than 35 digits, and an exponent within the range.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    digits: i128,
    scale: i32,
}

/// Which way a number goes that lies between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    Floor,
    Ceiling,
    TowardZero,
    /// To the nearer one, away from zero where both are equally near.
    HalfUp,
}

impl Decimal {
    /// Zero without places.
    pub(crate) const ZERO: Self = Self { digits: 0, scale: 0 };

    /// Reads `-?digits(.digits)?(E[+-]?digits)?`, which covers JSON's numbers; more than 34 digits are rounded. `None` if
    /// the text is no number, or one that is too large.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let scale = i64::try_from(fraction.len()).ok()? - exponent;
        let significant = whole.len() + fraction.len();
        if significant <= DIGITS as usize {
            let mut digits = 0_i128;
            for byte in whole.bytes().chain(fraction.bytes()) {
                digits = digits * 10 + i128::from(byte - b'0');
            }
            return Self::checked(if is_negative { -digits } else { digits }, scale);
        }
        // Of more digits than are kept only matters whether they are zeros: one digit says it. Numbers come from
        // strangers, and reading all of theirs takes time that grows with the square of their length.
        let all: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|byte| *byte == b'0')
            .collect();
        let (kept, dropped) = all.split_at(all.len().min(2 * DIGITS as usize));
        let mut kept = kept.to_vec();
        let mut scale = scale - i64::try_from(dropped.len()).ok()?;
        if dropped.iter().any(|byte| *byte != b'0') {
            kept.push(b'1');
            scale += 1;
        }
        if kept.is_empty() {
            return Self::checked(0, scale);
        }
        let digits = BigInt::parse_bytes(&kept, 10)?;
        Self::fit(if is_negative { -digits } else { digits }, scale)
    }

    /// The decimal nearest to a double, in as few digits as tell it from its neighbours. `None` if it is not finite.
    pub(crate) fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        Self::parse(&format!("{value:?}"))
    }

    /// The double nearest to it.
    pub(crate) fn to_f64(self) -> f64 {
        // Within the range of exponents the text is always a double.
        format!("{}e{}", self.digits, -i64::from(self.scale))
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// The same number as an integer, if it is whole and has no more than 34 digits.
    pub(crate) fn to_int(self) -> Option<i128> {
        if self.digits == 0 {
            return Some(0);
        }
        if self.scale > 0 {
            let unit = power_of_ten(self.scale.unsigned_abs())?;
            return (self.digits % unit == 0).then_some(self.digits / unit);
        }
        let unit = power_of_ten(self.scale.unsigned_abs())?;
        int(self.digits.checked_mul(unit)?)
    }

    /// Cut to a number of places after the point, never made longer.
    pub(crate) fn round_to(self, places: u32, rounding: Rounding) -> Self {
        let places = i64::from(places);
        let surplus = i64::from(self.scale) - places;
        if surplus <= 0 {
            return self;
        }
        let (mut quotient, remainder, half) = match u32::try_from(surplus).ok().and_then(power_of_ten) {
            Some(unit) => {
                let remainder = self.digits % unit;
                let doubled = remainder.unsigned_abs() * 2;
                (self.digits / unit, remainder, doubled.cmp(&unit.unsigned_abs()))
            }
            // Less than a tenth of a unit: the digits are fewer than the places that fall away.
            None => (0, self.digits, Ordering::Less),
        };
        let away = match rounding {
            Rounding::Floor => remainder < 0,
            Rounding::Ceiling => remainder > 0,
            Rounding::TowardZero => false,
            Rounding::HalfUp => half != Ordering::Less,
        };
        if away {
            quotient += self.digits.signum();
        }
        // Both fit: the digits became fewer, the places are at most those that were there.
        Self {
            digits: quotient,
            scale: i32::try_from(places).unwrap_or(self.scale),
        }
    }

    /// Without the zeros at the end of its fraction.
    pub(crate) fn without_trailing_zeros(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    /// About as many bytes as it is written in.
    pub(crate) fn weight(self) -> usize {
        let digits = self.digits.unsigned_abs().checked_ilog10().unwrap_or(0) as usize;
        digits + if self.scale == 0 { 1 } else { 4 }
    }

    pub(crate) fn signum(self) -> i128 {
        self.digits.signum()
    }

    pub(crate) fn negate(self) -> Self {
        Self {
            digits: -self.digits,
            ..self
        }
    }

    /// The sum, or `None` out of range.
    pub(crate) fn add(self, other: Self) -> Option<Self> {
        if self.scale == other.scale {
            // Two numbers of 34 digits are far from the end of 128 bits.
            return Self::checked(self.digits + other.digits, i64::from(self.scale));
        }
        if self.digits == 0 || other.digits == 0 {
            let (zero, number) = if self.digits == 0 {
                (self, other)
            } else {
                (other, self)
            };
            // As many places as both have, where digits are left for them.
            let wanted = i64::from(zero.scale.max(number.scale)) - i64::from(number.scale);
            let zeros = wanted.clamp(0, i64::from(DIGITS) - i64::from(number.length()));
            let unit = power_of_ten(u32::try_from(zeros).ok()?)?;
            return Self::checked(number.digits * unit, i64::from(number.scale) + zeros);
        }
        let (large, small) = if self.exponent() >= other.exponent() {
            (self, other)
        } else {
            (other, self)
        };
        if large.exponent() - small.exponent() > i64::from(2 * DIGITS) {
            // Too far away to be more than a hint of which way to round.
            let zeros = 2 * DIGITS - 1;
            let digits = BigInt::from(large.digits) * BigInt::from(10).pow(zeros) + small.signum();
            return Self::fit(digits, i64::from(large.scale) + i64::from(zeros));
        }
        let (one, two, scale) = self.aligned(other);
        Self::fit(one + two, i64::from(scale))
    }

    /// The product, or `None` out of range.
    pub(crate) fn multiply(self, other: Self) -> Option<Self> {
        let scale = i64::from(self.scale) + i64::from(other.scale);
        match self.digits.checked_mul(other.digits) {
            Some(digits) => Self::checked(digits, scale),
            None => Self::fit(BigInt::from(self.digits) * other.digits, scale),
        }
    }

    /// The quotient, exact where 34 digits suffice, or `None` out of range and when dividing by zero.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        if other.digits == 0 {
            return None;
        }
        let preferred = i64::from(self.scale) - i64::from(other.scale);
        if self.digits == 0 {
            return Self::checked(0, preferred.clamp(0, i64::from(DIGITS)));
        }
        // Enough zeros that the quotient has at least 36 digits, two more than are kept.
        let zeros = 70_u32;
        let numerator = BigInt::from(self.digits) * BigInt::from(10).pow(zeros);
        let divisor = BigInt::from(other.digits);
        let mut quotient = &numerator / &divisor;
        let is_exact = &quotient * &divisor == numerator;
        let mut scale = preferred + i64::from(zeros);
        if is_exact {
            let ten = BigInt::from(10);
            while scale > preferred && (&quotient % &ten).sign() == Sign::NoSign {
                quotient /= &ten;
                scale -= 1;
            }
        } else {
            // One digit more that is not zero, so that no half is seen where there is more than a half.
            let sign = if quotient.sign() == Sign::Minus { -1 } else { 1 };
            let sign = if quotient.sign() == Sign::NoSign {
                self.signum() * other.signum()
            } else {
                sign
            };
            quotient = quotient * 10 + sign;
            scale += 1;
        }
        Self::fit(quotient, scale)
    }

    /// What is left of dividing, with the sign of the dividend. `None` when dividing by zero, and where the quotient has
    /// more than 34 digits, as in decimal128.
    pub(crate) fn remainder(self, other: Self) -> Option<Self> {
        if other.digits == 0 || self.digits != 0 && self.exponent() - other.exponent() > i64::from(DIGITS) {
            return None;
        }
        if self.digits == 0 || self.exponent() < other.exponent() {
            return Some(self);
        }
        let (one, two, scale) = self.aligned(other);
        Self::fit(one % two, i64::from(scale))
    }

    /// How many digits it has, zero having one.
    fn length(self) -> u32 {
        self.digits.unsigned_abs().checked_ilog10().unwrap_or(0) + 1
    }

    /// The exponent of its first digit.
    fn exponent(self) -> i64 {
        i64::from(self.length()) - 1 - i64::from(self.scale)
    }

    /// Both as integers of one scale; callers see to it that they are not far apart.
    fn aligned(self, other: Self) -> (BigInt, BigInt, i32) {
        let scale = self.scale.max(other.scale);
        let shift =
            |number: Self| BigInt::from(number.digits) * BigInt::from(10).pow(scale.abs_diff(number.scale));
        (shift(self), shift(other), scale)
    }

    /// What fits into 128 bits, rounded to 34 digits and checked for its exponent.
    fn checked(digits: i128, scale: i64) -> Option<Self> {
        if digits.unsigned_abs() >= INT_LIMIT.unsigned_abs() {
            return Self::fit(BigInt::from(digits), scale);
        }
        if digits == 0 {
            let scale = scale.clamp(-EXPONENT_LIMIT, EXPONENT_LIMIT);
            return Some(Self {
                digits,
                scale: i32::try_from(scale).ok()?,
            });
        }
        let exponent = i64::from(digits.unsigned_abs().ilog10()) - scale;
        if exponent > EXPONENT_LIMIT {
            return None;
        }
        if exponent < -EXPONENT_LIMIT {
            return Some(Self::ZERO);
        }
        Some(Self {
            digits,
            scale: i32::try_from(scale).ok()?,
        })
    }

    /// Rounds to 34 digits, to the even one where both are equally near.
    fn fit(digits: BigInt, scale: i64) -> Option<Self> {
        let length = u32::try_from(digits.magnitude().to_string().len()).ok()?;
        let surplus = length.saturating_sub(DIGITS);
        if surplus == 0 {
            return Self::checked(i128::try_from(digits).ok()?, scale);
        }
        let unit = BigInt::from(10).pow(surplus);
        let (quotient, remainder) = (&digits / &unit, &digits % &unit);
        let mut kept = i128::try_from(quotient).ok()?;
        let away = match (remainder.magnitude() * 2_u32).cmp(unit.magnitude()) {
            Ordering::Less => false,
            Ordering::Equal => kept % 2 != 0,
            Ordering::Greater => true,
        };
        if away {
            kept += if digits.sign() == Sign::Minus { -1 } else { 1 };
        }
        // Rounding up may have made one digit more, a one and zeros.
        Self::checked(kept, scale - i64::from(surplus))
    }
}

impl From<i128> for Decimal {
    /// An Int is always one: it has no more digits.
    fn from(value: i128) -> Self {
        Self::checked(value, 0).unwrap_or(Self::ZERO)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale || self.signum() != other.signum() || self.digits == 0 {
            return match self.signum().cmp(&other.signum()) {
                Ordering::Equal => self.digits.cmp(&other.digits),
                different => different,
            };
        }
        if self.exponent() != other.exponent() {
            let by_size = self.exponent().cmp(&other.exponent());
            return if self.digits < 0 {
                by_size.reverse()
            } else {
                by_size
            };
        }
        let (one, two, _) = self.aligned(*other);
        one.cmp(&two)
    }
}

impl fmt::Display for Decimal {
    /// As Java's `BigDecimal` writes itself: plain, or scientific where the exponent is positive or below -6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        let length = i64::try_from(digits.len()).map_err(|_| fmt::Error)?;
        let scale = i64::from(self.scale);
        let exponent = length - 1 - scale;
        if scale == 0 {
            write!(f, "{sign}{digits}")
        } else if scale > 0 && exponent >= -6 {
            let width = usize::try_from(scale).map_err(|_| fmt::Error)? + 1;
            let padded = format!("{digits:0>width$}");
            let (whole, fraction) = padded.split_at(padded.len() + 1 - width);
            write!(f, "{sign}{whole}.{fraction}")
        } else {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            write!(f, "{sign}{first}{point}{rest}E{exponent:+}")
        }
    }
}

/// The integer if it has no more than 34 digits.
pub(crate) fn int(value: i128) -> Option<i128> {
    (value.unsigned_abs() < INT_LIMIT.unsigned_abs()).then_some(value)
}

/// `10^exponent`, if it fits.
fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// The digits after an `E`.
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // So many digits that no number has such an exponent: any other one that is out of range does as well.
    Some(
        sign * digits.trim_start_matches('0').parse::<i64>().map_or_else(
            |error| {
                if *error.kind() == std::num::IntErrorKind::Empty {
                    0
                } else {
                    i64::from(u32::MAX)
                }
            },
            |exponent| exponent.min(i64::from(u32::MAX)),
        ),
    )
}
