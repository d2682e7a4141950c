//! What a template comes to.

/// What is to be there once a device is registered, every function resolved. Names are as the template's values gave them:
/// whether they are names that the registry takes is the registry's to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The `AWS::IoT::Thing`.
    pub thing: Option<Named<PlannedThing>>,
    /// The `AWS::IoT::Certificate`.
    pub certificate: Option<Named<PlannedCertificate>>,
    /// The `AWS::IoT::Policy` resources in the template's order.
    pub policies: Vec<Named<PlannedPolicy>>,
    /// The values of `DeviceConfiguration` in the template's order.
    pub device_configuration: Vec<(String, String)>,
}

/// A resource with the logical name that it has in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T> {
    /// The logical name, by which the answer names the resource's ARN.
    pub logical_name: String,
    /// The resource.
    pub resource: T,
}

/// An `AWS::IoT::Thing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedThing {
    /// `ThingName`
    pub name: String,
    /// `AttributePayload`, if the template has one.
    pub attributes: Option<Vec<(String, String)>>,
    /// `ThingTypeName`
    pub thing_type: Option<String>,
    /// `ThingGroups`, if the template has them.
    pub groups: Option<Vec<String>>,
    /// `BillingGroup`
    pub billing_group: Option<String>,
    /// What becomes of a thing that is there already.
    pub overrides: ThingOverrides,
}

/// The `OverrideSettings` of a thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThingOverrides {
    /// `AttributePayload`
    pub attributes: OnExisting,
    /// `ThingTypeName`
    pub thing_type: OnExisting,
    /// `ThingGroups`
    pub groups: OnExisting,
}

/// What is done with a part of a resource that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnExisting {
    /// `DO_NOTHING`: it stays as it is.
    #[default]
    DoNothing,
    /// `REPLACE`: it becomes what the template says.
    Replace,
    /// `FAIL`: nothing is registered.
    Fail,
    /// `MERGE`, of attributes and groups alone: what the template says is added to it.
    Merge,
}

/// An `AWS::IoT::Certificate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCertificate {
    /// Which certificate it is.
    pub source: CertificateSource,
    /// `Status`
    pub status: CertificateStatus,
    /// `ThingPrincipalType` is `EXCLUSIVE_THING`.
    pub exclusive: bool,
    /// The `OverrideSettings` of its status.
    pub status_override: OnExisting,
}

/// Which certificate is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// `CertificateId`: one that is registered, or that is being registered just now.
    Id(String),
    /// `CertificateSigningRequest`: one to be issued, from PEM.
    SigningRequest(String),
    /// `CertificatePem` with `CACertificatePem`: one to be registered.
    Pem {
        /// The certificate.
        certificate: String,
        /// The CA certificate that signed it, where several have its issuer's name.
        ca: Option<String>,
    },
}

/// The status that a template gives a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CertificateStatus {
    /// `ACTIVE`
    #[default]
    Active,
    /// `INACTIVE`
    Inactive,
}

/// An `AWS::IoT::Policy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedPolicy {
    /// `PolicyName`: one that is there.
    Named(String),
    /// `PolicyDocument`: the text of one that is made unless it is there.
    Document(String),
}
