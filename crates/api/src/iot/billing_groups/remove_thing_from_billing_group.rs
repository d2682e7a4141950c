use thingsmith_core::{Fault, billing_groups};

use super::Membership;
use crate::{Context, Empty, Http, Operation};

/// Takes a thing out of a billing group; harmless when it is not in it.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or the group is not there, `InvalidRequestException` if one of them is not
/// named.
pub struct RemoveThingFromBillingGroup;

impl Operation for RemoveThingFromBillingGroup {
    const NAME: &'static str = "RemoveThingFromBillingGroup";
    const HTTP: Http = Http::put("/billing-groups/removeThingFromBillingGroup");
    const ACTION: Option<&'static str> = Some("iot:RemoveThingFromBillingGroup");
    type Input = Membership;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Membership) -> Vec<String> {
        input.resources(cx)
    }

    async fn call(cx: &Context<'_>, input: Membership) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        billing_groups::remove_thing_from_billing_group(cx.deeds, &realm, input.group(), input.thing())
            .await?;
        Ok(Empty {})
    }
}
