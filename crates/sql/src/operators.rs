//! What the operators make of their operands (guide, "Operators").

use crate::json::settle;
use crate::number::{Decimal, int};
use crate::syntax::{Arithmetic, Comparison, Type};
use crate::value::Value;
use crate::version::Version;

/// `+ - * / %` of two values.
pub(crate) fn arithmetic(left: &Value, operator: Arithmetic, right: &Value, version: Version) -> Value {
    use Value::{Int, Text};
    match (left, right) {
        (Text(_), _) | (_, Text(_)) if operator == Arithmetic::Add => concatenate(left, right),
        (Int(left), Int(right)) => integers(*left, operator, *right),
        _ => match (left.to_decimal(), right.to_decimal()) {
            (Some(left), Some(right)) => {
                decimals(left, operator, right).map_or(Value::Undefined, |result| settle(result, version))
            }
            _ => Value::Undefined,
        },
    }
}

/// Int with Int stays Int; dividing cuts towards zero. What has more than 34 digits becomes a Decimal.
fn integers(left: i128, operator: Arithmetic, right: i128) -> Value {
    let exact = match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide if right == 0 => return Value::Undefined,
        Arithmetic::Remainder if right == 0 => return Value::Undefined,
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    };
    match exact.and_then(int) {
        Some(result) => Value::Int(result),
        None => Value::or_undefined(decimals(left.into(), operator, right.into())),
    }
}

fn decimals(left: Decimal, operator: Arithmetic, right: Decimal) -> Option<Decimal> {
    match operator {
        Arithmetic::Add => left.add(right),
        Arithmetic::Subtract => left.add(right.negate()),
        Arithmetic::Multiply => left.multiply(right),
        Arithmetic::Divide => left.divide(right),
        Arithmetic::Remainder => left.remainder(right),
    }
}

/// Both as texts, one after the other.
pub(crate) fn concatenate(left: &Value, right: &Value) -> Value {
    match (left.to_text(), right.to_text()) {
        (Some(left), Some(right)) => Value::from(format!("{left}{right}")),
        _ => Value::Undefined,
    }
}

/// The value with the other sign.
pub(crate) fn negate(value: &Value, version: Version) -> Value {
    match value {
        Value::Int(value) => Value::Int(-value),
        _ => value
            .to_decimal()
            .map_or(Value::Undefined, |decimal| settle(decimal.negate(), version)),
    }
}

/// `= <> < <= > >=` of two values.
pub(crate) fn compare(left: &Value, operator: Comparison, right: &Value) -> Value {
    if left.is_undefined() || right.is_undefined() {
        return Value::Undefined;
    }
    match operator {
        Comparison::Equal => return Value::Bool(left.equals(right)),
        Comparison::NotEqual => return Value::Bool(!left.equals(right)),
        _ => {}
    }
    let (Some(left), Some(right)) = (left.to_decimal(), right.to_decimal()) else {
        return Value::Undefined;
    };
    Value::Bool(match operator {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
        Comparison::Equal | Comparison::NotEqual => false,
    })
}

/// `cast(value AS type)`, which also makes numbers of truth values and the other way round.
pub(crate) fn cast(value: &Value, target: Type, version: Version) -> Value {
    match (target, value) {
        (Type::Text, _) => Value::or_undefined(value.to_text()),
        (Type::Int, Value::Bool(value)) => Value::Int(i128::from(*value)),
        (Type::Int, _) => value.to_int().map_or(Value::Undefined, Value::Int),
        (Type::Decimal, Value::Bool(value)) => {
            let text = if *value { "1.0" } else { "0.0" };
            Decimal::parse(text).map_or(Value::Undefined, |decimal| settle(decimal, version))
        }
        (Type::Decimal, _) => value
            .to_decimal()
            .map_or(Value::Undefined, |decimal| settle(decimal, version)),
        (Type::Bool, Value::Int(_) | Value::Decimal(_)) => {
            Value::Bool(value.to_decimal().is_some_and(|decimal| decimal.signum() != 0))
        }
        (Type::Bool, _) => Value::or_undefined(value.to_bool()),
    }
}
