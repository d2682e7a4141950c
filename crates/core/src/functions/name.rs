//! How callers name a function.

use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use thingsmith_model::{Account, Region};

use super::{LATEST, arn};
use crate::realms::RealmRecord;
use crate::{Code, Fault};

/// The name of a function as a caller writes it: the name alone, with its account (`ACCOUNT:function:NAME`) or its ARN, each
/// perhaps with a version or alias behind (Lambda API reference, Invoke, FunctionName).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName {
    /// The region that an ARN names.
    pub region: Option<Region>,
    /// The account that it names.
    pub account: Option<Account>,
    /// The name alone.
    pub name: String,
    /// The version or alias.
    pub qualifier: Option<String>,
}

/// Most characters of the name alone (Lambda API reference, CreateFunction, FunctionName).
const MOST_CHARACTERS: usize = 64;

impl FunctionName {
    /// The same function with the qualifier that came apart from it.
    ///
    /// # Errors
    /// `InvalidRequestException` when both name a version and not the same.
    pub fn qualified(mut self, qualifier: Option<String>) -> Result<Self, Fault> {
        match (&self.qualifier, qualifier) {
            (_, None) => {}
            (Some(own), Some(given)) if *own != given => {
                return Err(Fault::invalid(
                    "The derived qualifier from the function name does not match the specified qualifier.",
                ));
            }
            (_, given) => self.qualifier = given,
        }
        Ok(self)
    }

    /// The name alone, of a function that is of this realm.
    ///
    /// # Errors
    /// `AccessDeniedException` for a function of another account, `ResourceNotFoundException` for one of another region, and
    /// for a version or alias, of which there are none yet.
    pub fn within(&self, realm: &RealmRecord) -> Result<&str, Fault> {
        if self
            .account
            .as_ref()
            .is_some_and(|account| *account != realm.account)
        {
            return Err(Fault::new(
                Code::AccessDenied,
                format!(
                    "The function {} is of another account than {}: functions are used within one account.",
                    self.name, realm.account
                ),
            ));
        }
        if self.region.as_ref().is_some_and(|region| *region != realm.region) {
            return Err(Fault::not_found(format!(
                "Functions from {} are not reachable in this region ({}).",
                self.region.as_ref().map_or("another region", Region::as_str),
                realm.region
            )));
        }
        match &self.qualifier {
            Some(qualifier) if qualifier != LATEST => Err(Fault::not_found(format!(
                "Function not found: {}:{qualifier}",
                arn(realm, &self.name)
            ))),
            _ => Ok(&self.name),
        }
    }

    /// What a caller's policies must permit: the ARN of the function, with its version or alias if one is named.
    pub fn resource(&self, region: &Region, account: &Account) -> String {
        let region = self.region.as_ref().unwrap_or(region);
        let account = self.account.as_ref().unwrap_or(account);
        let qualifier = self.qualifier.as_ref().map(|qualifier| format!(":{qualifier}"));
        format!(
            "arn:aws:lambda:{region}:{account}:function:{}{}",
            self.name,
            qualifier.unwrap_or_default()
        )
    }
}

impl FromStr for FunctionName {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || {
            let shown: String = text.chars().take(256).collect();
            Fault::invalid(format!("{shown} is not the name or the ARN of a function."))
        };
        let mut parts: Vec<&str> = text.split(':').collect();
        let (mut region, mut account) = (None, None);
        if parts[0] == "arn" {
            if parts.len() < 7 || parts[1] != "aws" || parts[2] != "lambda" {
                return Err(wrong());
            }
            parts.drain(..3);
        }
        if parts.len() >= 4 && !parts[0].bytes().all(|byte| byte.is_ascii_digit()) {
            region = Some(parts.remove(0).parse().map_err(|_| wrong())?);
        }
        if parts.len() >= 3 {
            account = Some(parts.remove(0).parse().map_err(|_| wrong())?);
        }
        if parts.len() >= 2 && parts[0] == "function" {
            parts.remove(0);
        }
        let (name, qualifier) = match parts[..] {
            [name] => (name, None),
            [name, qualifier] => (name, Some(qualifier)),
            _ => return Err(wrong()),
        };
        let is_word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if !is_word(name) || !qualifier.is_none_or(|it| it == LATEST || (is_word(it) && it.len() <= 128)) {
            return Err(wrong());
        }
        if name.len() > MOST_CHARACTERS {
            return Err(Fault::invalid(format!(
                "The function name has {} characters; {MOST_CHARACTERS} are allowed.",
                name.len()
            )));
        }
        Ok(Self {
            region,
            account,
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }
}

impl<'de> Deserialize<'de> for FunctionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|fault: Fault| D::Error::custom(fault.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_many_names() {
        let read = |text: &str| {
            let name: FunctionName = text.parse().unwrap();
            (
                name.region.map(|it| it.to_string()),
                name.account.map(|it| it.to_string()),
                name.name,
                name.qualifier,
            )
        };
        let (region, account) = (Some("eu-west-1".to_owned()), Some("123456789012".to_owned()));
        let latest = Some("$LATEST".to_owned());
        let f = || "f-1_A".to_owned();
        assert_eq!(read("f-1_A"), (None, None, f(), None));
        assert_eq!(read("f-1_A:$LATEST"), (None, None, f(), latest.clone()));
        assert_eq!(read("function:f-1_A"), (None, None, f(), None));
        assert_eq!(
            read("123456789012:function:f-1_A"),
            (None, account.clone(), f(), None)
        );
        assert_eq!(
            read("123456789012:function:f-1_A:$LATEST"),
            (None, account.clone(), f(), latest.clone())
        );
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f-1_A";
        assert_eq!(read(arn), (region.clone(), account.clone(), f(), None));
        assert_eq!(read(&format!("{arn}:$LATEST")), (region, account, f(), latest));
    }

    #[test]
    fn what_names_no_function_is_refused() {
        for wrong in [
            "",
            ":",
            "a b",
            "a:b:c",
            "f:",
            "f:$OTHER",
            "arn:aws:iot:eu-west-1:123456789012:thing/a",
            "arn:aws:lambda:eu-west-1:123456789012:function:",
            "arn:aws:lambda:eu-west-1:12345:function:f",
            "arn:aws:lambda:eu-west-1:123456789012:function:f:1:2",
            &"f".repeat(65),
        ] {
            assert!(wrong.parse::<FunctionName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_word_function_may_be_left_out() {
        // So AWS's pattern of a function's name has it: what stands for a layer elsewhere is a function and its alias here.
        let name: FunctionName = "arn:aws:lambda:eu-west-1:123456789012:layer:f".parse().unwrap();
        assert_eq!(
            (name.name.as_str(), name.qualifier.as_deref()),
            ("layer", Some("f"))
        );
    }
}
