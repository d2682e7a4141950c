//! The service `iot`: the control plane.

pub mod billing_groups;
pub mod ca_certificates;
pub mod certificate_providers;
pub mod certificates;
pub mod domain_configurations;
pub mod endpoints;
pub mod events;
pub mod logging;
mod missing;
pub mod policies;
pub mod provisioning;
pub mod provisioning_templates;
pub mod role_aliases;
pub mod tags;
pub mod thing_groups;
pub mod thing_registration_tasks;
pub mod thing_types;
pub mod things;
pub mod topic_rule_destinations;
pub mod topic_rules;
pub mod transfers;

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
    entry::<things::ListPrincipalThings>(),
    entry::<things::ListPrincipalThingsV2>(),
    entry::<things::ListThingPrincipals>(),
    entry::<things::ListThingPrincipalsV2>(),
    entry::<things::ListThings>(),
    entry::<things::UpdateThing>(),
    entry::<certificates::CreateCertificateFromCsr>(),
    entry::<certificates::CreateKeysAndCertificate>(),
    entry::<certificates::DeleteCertificate>(),
    entry::<certificates::DescribeCertificate>(),
    entry::<certificates::ListCertificates>(),
    entry::<certificates::ListCertificatesByCA>(),
    entry::<certificates::RegisterCertificate>(),
    entry::<certificates::RegisterCertificateWithoutCA>(),
    entry::<certificates::UpdateCertificate>(),
    entry::<ca_certificates::DeleteCACertificate>(),
    entry::<ca_certificates::DeleteRegistrationCode>(),
    entry::<ca_certificates::DescribeCACertificate>(),
    entry::<ca_certificates::GetRegistrationCode>(),
    entry::<ca_certificates::ListCACertificates>(),
    entry::<ca_certificates::RegisterCACertificate>(),
    entry::<ca_certificates::UpdateCACertificate>(),
    entry::<certificate_providers::CreateCertificateProvider>(),
    entry::<certificate_providers::DeleteCertificateProvider>(),
    entry::<certificate_providers::DescribeCertificateProvider>(),
    entry::<certificate_providers::ListCertificateProviders>(),
    entry::<certificate_providers::UpdateCertificateProvider>(),
    entry::<transfers::AcceptCertificateTransfer>(),
    entry::<transfers::CancelCertificateTransfer>(),
    entry::<transfers::ListOutgoingCertificates>(),
    entry::<transfers::RejectCertificateTransfer>(),
    entry::<transfers::TransferCertificate>(),
    entry::<provisioning_templates::CreateProvisioningClaim>(),
    entry::<provisioning_templates::CreateProvisioningTemplate>(),
    entry::<provisioning_templates::CreateProvisioningTemplateVersion>(),
    entry::<provisioning_templates::DeleteProvisioningTemplate>(),
    entry::<provisioning_templates::DeleteProvisioningTemplateVersion>(),
    entry::<provisioning_templates::DescribeProvisioningTemplate>(),
    entry::<provisioning_templates::DescribeProvisioningTemplateVersion>(),
    entry::<provisioning_templates::ListProvisioningTemplateVersions>(),
    entry::<provisioning_templates::ListProvisioningTemplates>(),
    entry::<provisioning_templates::UpdateProvisioningTemplate>(),
    entry::<provisioning::RegisterThing>(),
    entry::<thing_registration_tasks::DescribeThingRegistrationTask>(),
    entry::<thing_registration_tasks::ListThingRegistrationTaskReports>(),
    entry::<thing_registration_tasks::ListThingRegistrationTasks>(),
    entry::<thing_registration_tasks::StartThingRegistrationTask>(),
    entry::<thing_registration_tasks::StopThingRegistrationTask>(),
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
    entry::<domain_configurations::CreateDomainConfiguration>(),
    entry::<domain_configurations::DeleteDomainConfiguration>(),
    entry::<domain_configurations::DescribeDomainConfiguration>(),
    entry::<domain_configurations::ListDomainConfigurations>(),
    entry::<domain_configurations::UpdateDomainConfiguration>(),
    entry::<thing_types::CreateThingType>(),
    entry::<thing_types::DeleteThingType>(),
    entry::<thing_types::DeprecateThingType>(),
    entry::<thing_types::DescribeThingType>(),
    entry::<thing_types::ListThingTypes>(),
    entry::<thing_types::UpdateThingType>(),
    entry::<billing_groups::AddThingToBillingGroup>(),
    entry::<billing_groups::CreateBillingGroup>(),
    entry::<billing_groups::DeleteBillingGroup>(),
    entry::<billing_groups::DescribeBillingGroup>(),
    entry::<billing_groups::ListBillingGroups>(),
    entry::<billing_groups::ListThingsInBillingGroup>(),
    entry::<billing_groups::RemoveThingFromBillingGroup>(),
    entry::<billing_groups::UpdateBillingGroup>(),
    entry::<tags::ListTagsForResource>(),
    entry::<tags::TagResource>(),
    entry::<tags::UntagResource>(),
    entry::<events::DescribeEventConfigurations>(),
    entry::<events::UpdateEventConfigurations>(),
    entry::<role_aliases::CreateRoleAlias>(),
    entry::<role_aliases::DeleteRoleAlias>(),
    entry::<logging::DeleteV2LoggingLevel>(),
    entry::<role_aliases::DescribeRoleAlias>(),
    entry::<logging::GetLoggingOptions>(),
    entry::<logging::GetV2LoggingOptions>(),
    entry::<role_aliases::ListRoleAliases>(),
    entry::<logging::ListV2LoggingLevels>(),
    entry::<logging::SetLoggingOptions>(),
    entry::<logging::SetV2LoggingLevel>(),
    entry::<logging::SetV2LoggingOptions>(),
    entry::<role_aliases::UpdateRoleAlias>(),
    entry::<topic_rule_destinations::ConfirmTopicRuleDestination>(),
    entry::<topic_rules::CreateTopicRule>(),
    entry::<topic_rule_destinations::CreateTopicRuleDestination>(),
    entry::<topic_rules::DeleteTopicRule>(),
    entry::<topic_rule_destinations::DeleteTopicRuleDestination>(),
    entry::<topic_rules::DisableTopicRule>(),
    entry::<topic_rules::EnableTopicRule>(),
    entry::<topic_rules::GetTopicRule>(),
    entry::<topic_rule_destinations::GetTopicRuleDestination>(),
    entry::<topic_rule_destinations::ListTopicRuleDestinations>(),
    entry::<topic_rules::ListTopicRules>(),
    entry::<topic_rules::ReplaceTopicRule>(),
    entry::<topic_rule_destinations::UpdateTopicRuleDestination>(),
];

pub(crate) fn service() -> Service {
    Service::new(aws::Service::Iot.model(), WRITTEN)
}
