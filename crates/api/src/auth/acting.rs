//! The caller as the one on whose behalf a deed acts.

use thingsmith_core::Fault;
use thingsmith_core::acting::Acting;
use thingsmith_policy::Verdict;

use super::refused;
use crate::Context;

/// The caller of an operation that does what other operations do.
pub(crate) struct ActingCaller<'a>(pub(crate) &'a Context<'a>);

impl Acting for ActingCaller<'_> {
    fn may(&self, action: &str, resource: &str) -> Result<(), Fault> {
        let Context { caller, facts, .. } = self.0;
        match caller.verdict(*facts, action, resource) {
            Verdict::Allowed => Ok(()),
            verdict => Err(refused(caller, action, resource, verdict)),
        }
    }
}
