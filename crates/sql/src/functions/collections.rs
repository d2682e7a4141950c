//! Items of arrays and objects, and what to do where something is missing.

use super::Arguments;
use crate::evaluate::{Run, Stop};
use crate::value::{Array, Object, Value};

type Result = std::result::Result<Value, Stop>;

/// The item of an array or the character of a text, from 0, or the member of an object.
pub(super) fn get(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let index = || {
        arguments
            .value(1)
            .to_int()
            .and_then(|index| usize::try_from(index).ok())
    };
    Ok(match (arguments.value(0), arguments.value(1)) {
        (Value::Array(array), _) => index()
            .and_then(|index| array.items().get(index).cloned())
            .unwrap_or(Value::Undefined),
        (Value::Text(text), _) => {
            run.charge(text.len())?;
            Value::or_undefined(
                index()
                    .and_then(|index| text.chars().nth(index))
                    .map(String::from),
            )
        }
        (object @ Value::Object(_), Value::Text(name)) => object.member(name),
        _ => Value::Undefined,
    })
}

pub(super) fn get_or_default(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(match arguments.value(0) {
        Value::Undefined | Value::Null => arguments.value(1).clone(),
        value => value.clone(),
    })
}

pub(super) fn is_null(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Value::Bool(matches!(arguments.value(0), Value::Null)))
}

pub(super) fn is_undefined(_: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Value::Bool(arguments.value(0).is_undefined()))
}

/// There is no NaN among our numbers, so that it is about what is missing only.
pub(super) fn nanvl(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    get_or_default(run, arguments)
}

/// `transform("enrichArray", object, array)`: the object's members added to each object of the array.
pub(super) fn transform(run: &mut Run<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some("enrichArray"), Value::Object(added), Value::Array(array)) = (
        arguments.value(0).as_text(),
        arguments.value(1),
        arguments.value(2),
    ) else {
        return Ok(Value::Undefined);
    };
    let mut enriched = Array::default();
    for item in array.items() {
        let Value::Object(item) = item else {
            return Ok(Value::Undefined);
        };
        run.charge(item.weight() + added.weight())?;
        let mut object = Object::clone(item);
        for (name, value) in added.members() {
            object.insert(name.into(), value.clone());
        }
        enriched.push(object.into());
        Run::bound(enriched.weight())?;
    }
    Ok(enriched.into())
}
