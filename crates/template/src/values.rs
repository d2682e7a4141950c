//! What a template's parameters are worth.

use std::collections::BTreeMap;

/// The names of the parameters that come from a device's certificate (guide, "Just-in-time provisioning").
pub mod certificate {
    /// The certificate's id.
    pub const ID: &str = "AWS::IoT::Certificate::Id";
    /// The subject's country, `C`.
    pub const COUNTRY: &str = "AWS::IoT::Certificate::Country";
    /// The subject's organization, `O`.
    pub const ORGANIZATION: &str = "AWS::IoT::Certificate::Organization";
    /// The subject's organizational unit, `OU`.
    pub const ORGANIZATIONAL_UNIT: &str = "AWS::IoT::Certificate::OrganizationalUnit";
    /// The subject's distinguished name qualifier, `dnQualifier`.
    pub const DISTINGUISHED_NAME_QUALIFIER: &str = "AWS::IoT::Certificate::DistinguishedNameQualifier";
    /// The subject's state or province, `ST`.
    pub const STATE_NAME: &str = "AWS::IoT::Certificate::StateName";
    /// The subject's common name, `CN`.
    pub const COMMON_NAME: &str = "AWS::IoT::Certificate::CommonName";
    /// The subject's attribute `serialNumber` (2.5.4.5), which is not the certificate's serial number.
    pub const SERIAL_NUMBER: &str = "AWS::IoT::Certificate::SerialNumber";
    /// Those that the subject gives: all but the id.
    pub const OF_THE_SUBJECT: [&str; 7] = [
        COUNTRY,
        ORGANIZATION,
        ORGANIZATIONAL_UNIT,
        DISTINGUISHED_NAME_QUALIFIER,
        STATE_NAME,
        COMMON_NAME,
        SERIAL_NUMBER,
    ];
}

/// The values of parameters for one device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// What a request or a line of a file gives; it may name parameters that the template does not declare.
    parameters: BTreeMap<String, String>,
    /// What the server knows; nothing that a request gives takes its place.
    pseudo_parameters: BTreeMap<String, String>,
}

impl Values {
    /// The values that a request gives. Its own `AWS::IoT::Certificate::...` count where the server gives none.
    pub fn new(parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            parameters: parameters.into_iter().collect(),
            pseudo_parameters: BTreeMap::new(),
        }
    }

    /// The same with a pseudo parameter, such as [`certificate::ID`], as the server knows it.
    #[must_use]
    pub fn with_pseudo_parameter(mut self, name: &str, value: impl Into<String>) -> Self {
        self.pseudo_parameters.insert(name.to_owned(), value.into());
        self
    }

    /// The value of a parameter, defaults not considered.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .pseudo_parameters
            .get(name)
            .or_else(|| self.parameters.get(name));
        found.map(String::as_str)
    }
}
