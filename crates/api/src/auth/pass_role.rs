//! Handing a role over to a service.

use thingsmith_core::{Fault, roles};
use thingsmith_policy::Verdict;

use super::{With, refused};
use crate::Context;

/// Decides whether the caller may hand a role to a service: its policies permit `iam:PassRole` on the role, and the role
/// is there and trusts the service (IAM guide, "Grant a user permissions to pass a role to an AWS service").
///
/// `member` is the member of the request that has the ARN.
///
/// # Errors
/// `AccessDeniedException`; `InvalidRequestException` for a role that is not there or does not trust the service.
pub(crate) async fn may_pass_role(
    cx: &Context<'_>,
    member: &str,
    role_arn: &str,
    service: &str,
) -> Result<(), Fault> {
    let variables = With {
        facts: cx.facts,
        values: &[("iam:passedtoservice", service)],
    };
    // The permission first: whoever may not hand a role over does not learn whether it is there.
    let own = cx.caller.verdict(&variables, "iam:PassRole", role_arn);
    if own != Verdict::Allowed {
        return Err(refused(cx.caller, "iam:PassRole", role_arn, own));
    }
    roles::trusts_service(
        cx.deeds,
        &cx.caller.account,
        member,
        role_arn,
        service,
        &variables,
    )
    .await
}
