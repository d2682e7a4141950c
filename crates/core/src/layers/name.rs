//! How callers name a layer and a version of it.

use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use thingsmith_model::{Account, Region};

use crate::realms::RealmRecord;
use crate::{Code, Fault};

/// The name of a layer as a caller writes it: the name alone or its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerName {
    /// The region and the account that an ARN names.
    pub place: Option<(Region, Account)>,
    /// The name alone.
    pub name: String,
}

/// A version of a layer, as its ARN names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerVersionName {
    /// The layer.
    pub layer: LayerName,
    /// The version.
    pub version: i64,
}

/// Most characters of a name (Lambda API reference, PublishLayerVersion, LayerName).
const MOST_CHARACTERS: usize = 140;

impl LayerName {
    /// The name alone, of a layer that is of this realm.
    ///
    /// # Errors
    /// `AccessDeniedException` for a layer of another account, `InvalidRequestException` for one of another region.
    pub fn within(&self, realm: &RealmRecord) -> Result<&str, Fault> {
        let Some((region, account)) = &self.place else {
            return Ok(&self.name);
        };
        if *account != realm.account {
            return Err(Fault::new(
                Code::AccessDenied,
                format!(
                    "The layer {} is of another account than {}: layers are used within one account.",
                    self.name, realm.account
                ),
            ));
        }
        if *region != realm.region {
            return Err(Fault::invalid(format!(
                "The layer {} is of the region {region}; layers are used within one region, here {}.",
                self.name, realm.region
            )));
        }
        Ok(&self.name)
    }

    /// What a caller's policies must permit: the ARN of the layer.
    pub fn resource(&self, region: &Region, account: &Account) -> String {
        let (region, account) = match &self.place {
            Some((region, account)) => (region, account),
            None => (region, account),
        };
        format!("arn:aws:lambda:{region}:{account}:layer:{}", self.name)
    }
}

impl LayerVersionName {
    /// What a caller's policies must permit: the ARN of the version.
    pub fn resource(&self, region: &Region, account: &Account) -> String {
        format!("{}:{}", self.layer.resource(region, account), self.version)
    }
}

impl FromStr for LayerName {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || wrong(text, "a layer");
        let parts: Vec<&str> = text.split(':').collect();
        let (place, name) = match parts[..] {
            [name] => (None, name),
            ["arn", "aws", "lambda", region, account, "layer", name] => {
                let place = (
                    region.parse().map_err(|_| wrong())?,
                    account.parse().map_err(|_| wrong())?,
                );
                (Some(place), name)
            }
            _ => return Err(wrong()),
        };
        let is_name = (1..=MOST_CHARACTERS).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name {
            return Err(wrong());
        }
        Ok(Self {
            place,
            name: name.to_owned(),
        })
    }
}

impl FromStr for LayerVersionName {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || wrong(text, "a version of a layer");
        let (layer, version) = text.rsplit_once(':').ok_or_else(wrong)?;
        let layer: LayerName = layer.parse().map_err(|_| wrong())?;
        if layer.place.is_none() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        Ok(Self {
            layer,
            version: version.parse().map_err(|_| wrong())?,
        })
    }
}

fn wrong(text: &str, what: &str) -> Fault {
    let shown: String = text.chars().take(256).collect();
    Fault::invalid(format!("{shown} does not name {what}."))
}

impl<'de> Deserialize<'de> for LayerName {
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
    fn a_name_and_an_arn_name_a_layer() {
        assert_eq!("a-_1".parse::<LayerName>().unwrap().place, None);
        let named: LayerName = "arn:aws:lambda:us-east-1:123456789012:layer:a".parse().unwrap();
        assert_eq!(named.name, "a");
        let version: LayerVersionName = "arn:aws:lambda:us-east-1:123456789012:layer:a:12"
            .parse()
            .unwrap();
        assert_eq!((version.layer, version.version), (named, 12));
    }

    #[test]
    fn nothing_else_does() {
        for text in [
            "",
            "a b",
            "a:1",
            "arn:aws:lambda:us-east-1:1:layer:a",
            &"a".repeat(141),
        ] {
            assert!(text.parse::<LayerName>().is_err(), "{text}");
        }
        for text in [
            "a:1",
            "arn:aws:lambda:us-east-1:123456789012:layer:a",
            "arn:aws:lambda:us-east-1:123456789012:layer:a:-1",
            "arn:aws:lambda:us-east-1:123456789012:layer:a:99999999999999999999",
            "arn:aws:lambda:::awslayer:a",
        ] {
            assert!(text.parse::<LayerVersionName>().is_err(), "{text}");
        }
    }
}
