//! The service `iot`: the control plane.

pub mod certificates;
pub mod endpoints;
pub mod events;
mod missing;
pub mod policies;
pub mod tags;
pub mod thing_groups;
pub mod things;

use thingsmith_aws_model as aws;

pub use missing::MISSING;

use crate::Service;
use crate::service::{Entry, entry};

const WRITTEN: &[Entry] = &[
    entry::<things::AttachThingPrincipal>(),
    entry::<things::CreateThing>(),
    entry::<things::DeleteThing>(),
    entry::<things::DescribeThing>(),
    entry::<things::DetachThingPrincipal>(),
    entry::<things::ListThingPrincipals>(),
    entry::<things::ListThings>(),
    entry::<things::UpdateThing>(),
    entry::<certificates::CreateCertificateFromCsr>(),
    entry::<certificates::DeleteCertificate>(),
    entry::<certificates::DescribeCertificate>(),
    entry::<certificates::ListCertificates>(),
    entry::<certificates::RegisterCertificateWithoutCA>(),
    entry::<certificates::UpdateCertificate>(),
    entry::<policies::AttachPolicy>(),
    entry::<policies::AttachPrincipalPolicy>(),
    entry::<policies::CreatePolicy>(),
    entry::<policies::CreatePolicyVersion>(),
    entry::<policies::DeletePolicy>(),
    entry::<policies::DeletePolicyVersion>(),
    entry::<policies::DetachPolicy>(),
    entry::<policies::DetachPrincipalPolicy>(),
    entry::<policies::GetEffectivePolicies>(),
    entry::<policies::GetPolicy>(),
    entry::<policies::GetPolicyVersion>(),
    entry::<policies::ListAttachedPolicies>(),
    entry::<policies::ListPolicies>(),
    entry::<policies::ListPolicyPrincipals>(),
    entry::<policies::ListPolicyVersions>(),
    entry::<policies::ListPrincipalPolicies>(),
    entry::<policies::ListTargetsForPolicy>(),
    entry::<policies::SetDefaultPolicyVersion>(),
    entry::<policies::TestAuthorization>(),
    entry::<thing_groups::AddThingToThingGroup>(),
    entry::<thing_groups::CreateThingGroup>(),
    entry::<thing_groups::DeleteThingGroup>(),
    entry::<thing_groups::DescribeThingGroup>(),
    entry::<thing_groups::ListThingGroups>(),
    entry::<thing_groups::ListThingGroupsForThing>(),
    entry::<thing_groups::ListThingsInThingGroup>(),
    entry::<thing_groups::RemoveThingFromThingGroup>(),
    entry::<thing_groups::UpdateThingGroup>(),
    entry::<thing_groups::UpdateThingGroupsForThing>(),
    entry::<endpoints::DescribeEndpoint>(),
    entry::<tags::ListTagsForResource>(),
    entry::<tags::TagResource>(),
    entry::<tags::UntagResource>(),
    entry::<events::DescribeEventConfigurations>(),
    entry::<events::UpdateEventConfigurations>(),
];

pub(crate) fn service() -> Service {
    Service::new(aws::Service::Iot.model(), WRITTEN)
}
