//! A service: AWS's model of it, and the table of what is written and what is not.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use serde_json::Value;
use thingsmith_aws_model::{OperationModel, ServiceModel};
use thingsmith_core::Fault;

use crate::protocol::{EdgeError, Refusal};
use crate::{Context, Http, Operation};

/// An AWS service.
pub struct Service {
    /// AWS's model of it, which also says which operation a request means.
    pub model: ServiceModel,
    entries: HashMap<&'static str, Entry>,
}

impl Service {
    /// A service with these operations written. Whatever else its model has answers that it is not implemented.
    pub(crate) fn new(model: ServiceModel, entries: &[Entry]) -> Self {
        Self {
            model,
            entries: entries.iter().map(|entry| (entry.name, *entry)).collect(),
        }
    }

    /// The entry of an operation of the model.
    ///
    /// # Errors
    /// [`EdgeError::NotImplemented`] for one that is not written.
    pub fn entry(&self, operation: &OperationModel) -> Result<&Entry, EdgeError> {
        self.entries.get(operation.name.as_str()).ok_or_else(|| {
            EdgeError::NotImplemented(format!("The operation {} is not implemented.", operation.name))
        })
    }

    /// The written operations, in no order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

/// A written operation, its types forgotten.
#[derive(Clone, Copy)]
pub struct Entry {
    /// AWS's name.
    pub name: &'static str,
    /// How HTTP reaches it.
    pub http: Http,
    /// The IAM action that permits it.
    pub action: Option<&'static str>,
    pub(crate) run: Run,
    #[cfg(test)]
    pub(crate) not_implemented: fn(Value) -> Result<Option<&'static str>, serde_json::Error>,
    #[cfg(test)]
    pub(crate) unread: fn(Value) -> Result<Vec<String>, serde_json::Error>,
}

/// Decides whether the caller may do the action to all of these resources.
pub(crate) type Decide<'a> = &'a (dyn Fn(&str, &[String]) -> Result<(), EdgeError> + Sync);
type Run =
    for<'a> fn(&'a Context<'a>, Decide<'a>, Value, Form) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
pub(crate) type Answer = Result<Members, Refusal>;

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each member by itself, since they travel in several places.
    Apart,
    /// The bytes of the JSON object of all members, without a detour.
    Json,
}

/// The members of an answer.
pub(crate) enum Members {
    Apart(Value),
    Json(Vec<u8>),
}

/// The entry of an operation in its service's table.
pub(crate) const fn entry<O: Operation>() -> Entry {
    Entry {
        name: O::NAME,
        http: O::HTTP,
        action: O::ACTION,
        run: |cx, decide, input, form| Box::pin(run::<O>(cx, decide, input, form)),
        #[cfg(test)]
        not_implemented: |input| Ok(O::not_implemented(&serde_json::from_value(input)?)),
        #[cfg(test)]
        unread: unread::<O>,
    }
}

/// Reads the input, which satisfies the model, asks for permission and only then calls the operation.
async fn run<O: Operation>(cx: &Context<'_>, decide: Decide<'_>, input: Value, form: Form) -> Answer {
    // The model's constraints hold; what is refused here is stricter than they are, as a certificate id of `0x` and 62
    // digits.
    let input: O::Input = serde_json::from_value(input).map_err(|wrong| Fault::invalid(wrong.to_string()))?;
    if let Some(member) = O::not_implemented(&input) {
        return Err(EdgeError::NotImplemented(format!(
            "The member {member} of {} is not implemented.",
            O::NAME
        ))
        .into());
    }
    if let Some(action) = O::ACTION {
        let resources = O::find_resources(cx, &input).await?;
        decide(action, &resources)?;
        if let Some(action) = O::further_action(&input) {
            decide(action, &resources)?;
        }
    }
    let output = O::call(cx, input).await?;
    let members = match form {
        Form::Apart => serde_json::to_value(output).map(Members::Apart),
        Form::Json => serde_json::to_vec(&output).map(Members::Json),
    };
    Ok(members.map_err(Fault::internal)?)
}

/// The members of an input that the operation does not read.
#[cfg(test)]
fn unread<O: Operation>(input: Value) -> Result<Vec<String>, serde_json::Error> {
    let mut unread = Vec::new();
    serde_ignored::deserialize::<_, _, O::Input>(input, |path| unread.push(path.to_string()))?;
    Ok(unread)
}
