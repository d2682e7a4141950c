//! Fields of actions with `${expression}` in them.

use thingsmith_sql::{EvalError, External, Step, Substitution, Version};

use super::external;
use super::index::Rule;
use super::offer::Offered;
use crate::{Code, Deeds, Fault};

/// A field of an action.
#[derive(Debug, Clone)]
pub(super) struct Template(Substitution);

impl Template {
    /// Reads the field `member` of an action.
    ///
    /// # Errors
    /// `SqlParseException` when an expression in it is none.
    pub(super) fn parse(member: &str, text: &str, version: Version) -> Result<Self, Fault> {
        match Substitution::parse(text, version) {
            Ok(substitution) => Ok(Self(substitution)),
            Err(wrong) => Err(Fault::new(
                Code::SqlParse,
                format!("{member} is no substitution template: {wrong}."),
            )),
        }
    }

    /// The text, if there is nothing to evaluate in it.
    pub(super) fn constant(&self) -> Option<&str> {
        self.0.as_constant()
    }

    /// The functions of other services that it names.
    pub(super) fn externals(&self) -> &[External] {
        self.0.externals()
    }

    /// Its text for a message.
    ///
    /// # Errors
    /// When an expression is Undefined or too large, or needs another service and may not.
    pub(super) async fn text(&self, deeds: &Deeds, offered: &Offered, rule: &Rule) -> Result<String, String> {
        if let Some(constant) = self.constant() {
            return Ok(constant.to_owned());
        }
        let mut seed = [0; 32];
        deeds.random().fill(&mut seed);
        let message = offered.view(seed);
        let mut answers = Vec::new();
        loop {
            match self.0.evaluate(&message, &answers) {
                Ok(Step::Done(text)) => return Ok(text),
                Ok(Step::Call(call)) => answers.push(external::answer(deeds, offered, rule, &call).await),
                Err(wrong @ EvalError::Undefined { .. }) => return Err(format!("{wrong}.")),
                Err(wrong) => return Err(format!("A substitution template cannot be evaluated: {wrong}.")),
            }
        }
    }
}
