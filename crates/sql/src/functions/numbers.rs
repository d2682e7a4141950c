//! Functions of numbers. Those that the guide gives in double precision go through doubles.

use super::Arguments;
use crate::evaluate::{Run, Stop};
use crate::json::settle;
use crate::number::{Decimal, Rounding, int};
use crate::operators;
use crate::syntax::Arithmetic;
use crate::value::Value;

type Result = std::result::Result<Value, Stop>;

/// A function of one double. What is imaginary or infinite is Undefined.
fn double(run: &Run<'_>, arguments: &Arguments<'_>, function: fn(f64) -> f64) -> Result {
    let result = arguments
        .value(0)
        .to_decimal()
        .map(|value| function(value.to_f64()));
    Ok(decimal(run, result.and_then(Decimal::from_f64)))
}

fn decimal(run: &Run<'_>, value: Option<Decimal>) -> Value {
    value.map_or(Value::Undefined, |value| settle(value, run.version))
}

/// Defines the functions that are one of the standard library's: `doubles! { cos => f64::cos }`.
macro_rules! doubles {
    ($($name:ident => $function:expr),* $(,)?) => {
        $(pub(super) fn $name(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
            double(run, arguments, $function)
        })*
    };
}

doubles! {
    acos => f64::acos,
    asin => f64::asin,
    atan => f64::atan,
    cos => f64::cos,
    cosh => f64::cosh,
    exp => f64::exp,
    ln => f64::ln,
    log => f64::log10,
    sin => f64::sin,
    sinh => f64::sinh,
    sqrt => f64::sqrt,
    tan => f64::tan,
    tanh => f64::tanh,
}

/// A function of two doubles.
fn doubles(run: &Run<'_>, arguments: &Arguments<'_>, function: fn(f64, f64) -> f64) -> Result {
    let both = arguments
        .value(0)
        .to_decimal()
        .zip(arguments.value(1).to_decimal());
    let result = both.map(|(one, two)| function(one.to_f64(), two.to_f64()));
    Ok(decimal(run, result.and_then(Decimal::from_f64)))
}

pub(super) fn atan2(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    doubles(run, arguments, f64::atan2)
}

pub(super) fn power(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    doubles(run, arguments, f64::powf)
}

pub(super) fn remainder(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(operators::arithmetic(
        arguments.value(0),
        Arithmetic::Remainder,
        arguments.value(1),
        run.version,
    ))
}

pub(super) fn abs(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(match arguments.value(0) {
        Value::Int(value) => Value::Int(value.abs()),
        value => decimal(
            run,
            value
                .to_decimal()
                .map(|value| if value.signum() < 0 { value.negate() } else { value }),
        ),
    })
}

pub(super) fn sign(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(arguments
        .value(0)
        .to_decimal()
        .map_or(Value::Undefined, |value| Value::Int(value.signum())))
}

/// To a whole number, which stays a Decimal only if it has more digits than an Int.
fn whole(arguments: &Arguments<'_>, rounding: Rounding) -> Result {
    let value = arguments
        .value(0)
        .to_decimal()
        .map(|value| value.round_to(0, rounding));
    Ok(value.map_or(Value::Undefined, |value| {
        value.to_int().map_or(Value::Decimal(value), Value::Int)
    }))
}

pub(super) fn ceil(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    whole(arguments, Rounding::Ceiling)
}

pub(super) fn floor(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    whole(arguments, Rounding::Floor)
}

/// Halves go away from zero, as in the guide's examples.
pub(super) fn round(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    whole(arguments, Rounding::HalfUp)
}

/// Cuts to 0 to 34 places and strips zeros.
pub(super) fn trunc(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let places = match arguments.value(1) {
        value @ (Value::Int(_) | Value::Decimal(_)) => value.to_int(),
        _ => None,
    };
    let Some(places) = places else {
        return Ok(Value::Undefined);
    };
    let places = u32::try_from(places.clamp(0, 34)).unwrap_or(0);
    Ok(match arguments.value(0) {
        value @ Value::Int(_) => value.clone(),
        value => decimal(
            run,
            value.to_decimal().map(|value| {
                value
                    .round_to(places, Rounding::TowardZero)
                    .without_trailing_zeros()
            }),
        ),
    })
}

fn bits(arguments: &Arguments<'_>, combine: fn(i128, i128) -> i128) -> Result {
    let both = arguments.value(0).to_int().zip(arguments.value(1).to_int());
    let result = both.and_then(|(one, two)| int(combine(one, two)));
    Ok(result.map_or(Value::Undefined, Value::Int))
}

pub(super) fn bitand(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    bits(arguments, |one, two| one & two)
}

pub(super) fn bitor(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    bits(arguments, |one, two| one | two)
}

pub(super) fn bitxor(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    bits(arguments, |one, two| one ^ two)
}

pub(super) fn bitnot(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(arguments
        .value(0)
        .to_int()
        .and_then(|value| int(!value))
        .map_or(Value::Undefined, Value::Int))
}
