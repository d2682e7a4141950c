//! AWS's own managed policies that concern AWS IoT and functions. What they permit follows the guides ("AWS managed policies
//! for AWS IoT", "AWS managed policies for AWS Lambda"); their documents are written anew.

use thingsmith_model::Timestamp;

use super::{ManagedPolicy, PolicyVersion};
use crate::iam::{IamArn, Kind};

/// One of AWS's managed policies.
#[derive(Debug)]
pub struct AwsPolicy {
    /// Below zero, so that none of an account's is ever the same.
    pub number: i64,
    /// Its name.
    pub name: &'static str,
    /// Begins and ends with a slash.
    pub path: &'static str,
    id: &'static str,
    description: &'static str,
    /// Its one version.
    pub document: &'static str,
}

/// All of them, by number. A number that was once given stays: attachments hold it.
pub static ALL: [AwsPolicy; 6] = [
    AwsPolicy {
        number: -6,
        name: "AWSLambda_FullAccess",
        path: "/",
        id: "ANPATHINGSMITHAWSIOT6",
        description: "Permits everything of AWS Lambda, and handing roles over to it.",
        document: include_str!("aws/lambda_full_access.json"),
    },
    AwsPolicy {
        number: -5,
        name: "AWSLambdaBasicExecutionRole",
        path: "/service-role/",
        id: "ANPATHINGSMITHAWSIOT5",
        description: "Permits writing logs, as the role of a function does.",
        document: include_str!("aws/lambda_basic_execution_role.json"),
    },
    AwsPolicy {
        number: -4,
        name: "AWSIoTThingsRegistration",
        path: "/service-role/",
        id: "ANPATHINGSMITHAWSIOT4",
        description: "Permits registering things, as a provisioning template does on behalf of its role.",
        document: include_str!("aws/things_registration.json"),
    },
    AwsPolicy {
        number: -3,
        name: "AWSIoTFullAccess",
        path: "/",
        id: "ANPATHINGSMITHAWSIOT3",
        description: "Permits everything of AWS IoT: configuration and messages.",
        document: include_str!("aws/full_access.json"),
    },
    AwsPolicy {
        number: -2,
        name: "AWSIoTConfigReadOnlyAccess",
        path: "/",
        id: "ANPATHINGSMITHAWSIOT2",
        description: "Permits reading the configuration of AWS IoT.",
        document: include_str!("aws/config_read_only_access.json"),
    },
    AwsPolicy {
        number: -1,
        name: "AWSIoTDataAccess",
        path: "/",
        id: "ANPATHINGSMITHAWSIOT1",
        description: "Permits connecting and exchanging messages and shadows.",
        document: include_str!("aws/data_access.json"),
    },
];

/// The policy of this number.
pub fn by_number(number: i64) -> Option<&'static AwsPolicy> {
    ALL.iter().find(|policy| policy.number == number)
}

/// The policy of this ARN.
pub fn by_arn(arn: &IamArn) -> Option<&'static AwsPolicy> {
    ALL.iter().find(|policy| policy.arn() == *arn)
}

impl AwsPolicy {
    /// Its ARN.
    pub fn arn(&self) -> IamArn {
        IamArn {
            account: None,
            kind: Kind::Policy,
            path: self.path.to_owned(),
            name: self.name.to_owned(),
        }
    }

    /// It as an account's policies are.
    pub fn as_managed(&self) -> ManagedPolicy {
        ManagedPolicy {
            number: self.number,
            name: self.name.to_owned(),
            path: self.path.to_owned(),
            id: self.id.to_owned(),
            description: Some(self.description.to_owned()),
            default_version: 1,
            newest_version: 1,
            created_at: SINCE,
            modified_at: SINCE,
        }
    }

    /// Its one version.
    pub fn version(&self) -> PolicyVersion {
        PolicyVersion {
            version: 1,
            is_default: true,
            created_at: SINCE,
        }
    }
}

/// 2015-10-08, the day of AWS IoT's announcement.
const SINCE: Timestamp = Timestamp::from_seconds(1_444_262_400);

#[cfg(test)]
mod tests {
    use super::*;
    use thingsmith_policy::{Document, Language};

    #[test]
    fn every_document_is_one_and_every_number_is_its_own() {
        for policy in &ALL {
            Document::parse(policy.document, Language::Iam).unwrap();
            assert!(policy.number < 0);
            assert_eq!(by_number(policy.number).unwrap().name, policy.name);
            assert_eq!(by_arn(&policy.arn()).unwrap().number, policy.number);
        }
        assert!(ALL.is_sorted_by_key(|policy| policy.number));
    }
}
