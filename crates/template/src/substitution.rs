//! The text of `Fn::Sub`: `${Name}` is replaced, `${!Name}` becomes `${Name}`.

use crate::error::TemplateError;
use crate::place::Place;

/// A part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Name(String),
}

/// Cuts a text into its parts.
pub(crate) fn pieces(text: &str, place: &Place<'_>) -> Result<Vec<Piece>, TemplateError> {
    let fault = |problem| TemplateError::Substitution {
        place: place.to_string(),
        problem,
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, after) = after.split_once('}').ok_or_else(|| fault("is not closed"))?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        match inside.strip_prefix('!') {
            Some(literal) => pieces.push(Piece::Text(format!("${{{literal}}}"))),
            None if inside.is_empty() => return Err(fault("is empty")),
            None if inside.contains(['$', '{']) => return Err(fault("holds another one")),
            None => pieces.push(Piece::Name(inside.to_owned())),
        }
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// Whether a name is a variable of policies, which has its value when a device connects and not before.
pub(crate) fn is_policy_variable(name: &str) -> bool {
    ["iot:", "aws:", "credentials-iot:"]
        .iter()
        .any(|service| name.starts_with(service))
}
