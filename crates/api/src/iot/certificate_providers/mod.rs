//! Operations on certificate providers.

mod create_certificate_provider;
mod delete_certificate_provider;
mod describe_certificate_provider;
mod list_certificate_providers;
mod update_certificate_provider;

use thingsmith_core::certificate_providers;

pub use create_certificate_provider::CreateCertificateProvider;
pub use delete_certificate_provider::DeleteCertificateProvider;
pub use describe_certificate_provider::DescribeCertificateProvider;
pub use list_certificate_providers::ListCertificateProviders;
pub use update_certificate_provider::UpdateCertificateProvider;

use crate::Context;

/// The ARN of the provider that a caller needs permission for.
fn arn(cx: &Context<'_>, name: &str) -> String {
    cx.arn(certificate_providers::resource(name))
}

/// The operation of a list of exactly one, as the model has it.
fn only(operations: Vec<String>) -> Option<String> {
    operations.into_iter().next()
}
