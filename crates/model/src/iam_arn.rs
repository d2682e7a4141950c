//! Amazon Resource Names of the `iam` service.

use std::fmt;
use std::str::FromStr;

use crate::{Account, ModelError};

/// What an ARN of IAM's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IamKind {
    /// `user/PATH/NAME`
    User,
    /// `role/PATH/NAME`
    Role,
    /// `policy/PATH/NAME`
    Policy,
}

/// An ARN of the form `arn:aws:iam::ACCOUNT:KIND/PATH/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamArn {
    /// The account; none in the ARNs of AWS's own policies.
    pub account: Option<Account>,
    /// What it names.
    pub kind: IamKind,
    /// Begins and ends with a slash; a single one where there is no path.
    pub path: String,
    /// The name.
    pub name: String,
}

impl IamArn {
    /// The ARN of an account's user, role or policy.
    pub fn new(account: &Account, kind: IamKind, path: &str, name: &str) -> Self {
        Self {
            account: Some(account.clone()),
            kind,
            path: path.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for IamArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account.as_ref().map_or("aws", Account::as_str);
        let kind = match self.kind {
            IamKind::User => "user",
            IamKind::Role => "role",
            IamKind::Policy => "policy",
        };
        write!(f, "arn:aws:iam::{account}:{kind}{}{}", self.path, self.name)
    }
}

impl FromStr for IamArn {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let wrong = || ModelError::form("an ARN of the form arn:aws:iam::ACCOUNT:TYPE/NAME", text);
        let rest = text.strip_prefix("arn:aws:iam::").ok_or_else(wrong)?;
        let (account, resource) = rest.split_once(':').ok_or_else(wrong)?;
        let account = match account {
            "aws" => None,
            digits => Some(digits.parse().map_err(|_| wrong())?),
        };
        let (kind, place) = resource.split_once('/').ok_or_else(wrong)?;
        let kind = match kind {
            "user" => IamKind::User,
            "role" => IamKind::Role,
            "policy" => IamKind::Policy,
            _ => return Err(wrong()),
        };
        let (path, name) = match place.rsplit_once('/') {
            Some((path, name)) => (format!("/{path}/"), name),
            None => ("/".to_owned(), place),
        };
        if name.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            account,
            kind,
            path,
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_written_as_it_was_read() {
        for text in [
            "arn:aws:iam::123456789012:user/ann",
            "arn:aws:iam::123456789012:role/service-role/a/line",
            "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration",
        ] {
            assert_eq!(text.parse::<IamArn>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::123456789012:user/a/",
            "arn:aws:iam::1234:user/a",
            "arn:aws:iam::123456789012:group/a",
            "arn:aws:iot:us-east-1:123456789012:user/a",
        ] {
            assert!(wrong.parse::<IamArn>().is_err(), "{wrong}");
        }
    }
}
