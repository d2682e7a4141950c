use thingsmith_core::{Fault, billing_groups};

use super::Membership;
use crate::{Context, Empty, Http, Operation};

/// Puts a thing into a billing group, out of the one that it was in. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or the group is not there, `InvalidRequestException` if one of them is not
/// named.
pub struct AddThingToBillingGroup;

impl Operation for AddThingToBillingGroup {
    const NAME: &'static str = "AddThingToBillingGroup";
    const HTTP: Http = Http::put("/billing-groups/addThingToBillingGroup");
    const ACTION: Option<&'static str> = Some("iot:AddThingToBillingGroup");
    type Input = Membership;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Membership) -> Vec<String> {
        input.resources(cx)
    }

    async fn call(cx: &Context<'_>, input: Membership) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        billing_groups::add_thing_to_billing_group(cx.deeds, &realm, input.group(), input.thing()).await?;
        Ok(Empty {})
    }
}
