//! From JSON text to a template, strictly: what the language does not know is an error, never ignored.

use crate::error::TemplateError;
use crate::expression::Expression;
use crate::json::Json;
use crate::mappings::Mappings;
use crate::members::{Members, entries, scalar, string};
use crate::place::{Place, ROOT};
use crate::plan::Named;
use crate::resources::{CERTIFICATE, Certificate, Policy, Resource, THING, Thing, flat};

/// Most characters of a template (AWS's API and quotas).
pub const MOST_CHARACTERS: usize = 10_240;

/// A provisioning template. It never changes, so that threads may share it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    parameters: Vec<Parameter>,
    mappings: Mappings,
    pub(crate) thing: Option<Named<Thing>>,
    pub(crate) certificate: Option<Named<Certificate>>,
    pub(crate) policies: Vec<Named<Policy>>,
    pub(crate) device_configuration: Vec<(String, Expression)>,
}

/// A parameter that a template declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value where none is given.
    pub default: Option<String>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong with the first element that breaks the language, and where it stands.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        const KNOWN: [&str; 6] = [
            "Parameters",
            "Resources",
            "Mappings",
            "DeviceConfiguration",
            // Of CloudFormation; some templates have them, and they say nothing.
            "AWSTemplateFormatVersion",
            "Description",
        ];
        // A character has four bytes at most, so that a text this long need not be counted.
        let length = match text.len() {
            bytes if bytes > MOST_CHARACTERS * 4 => bytes / 4,
            _ => text.chars().count(),
        };
        if length > MOST_CHARACTERS {
            return Err(TemplateError::TooLong {
                length,
                limit: MOST_CHARACTERS,
            });
        }
        let json = Json::read(text)?;
        let members = Members::new(&json, ROOT, &KNOWN)?;
        for name in &KNOWN[4..] {
            if let Some((place, json)) = members.get(name) {
                string(json, &place)?;
            }
        }
        let parameters = members
            .get("Parameters")
            .map(|(place, json)| parameters(json, &place));
        let mappings = members
            .get("Mappings")
            .map(|(place, json)| Mappings::read(json, &place));
        let configuration = members
            .get("DeviceConfiguration")
            .map(|(place, json)| flat(json, &place));
        let mut template = Self {
            parameters: parameters.transpose()?.unwrap_or_default(),
            mappings: mappings.transpose()?.unwrap_or_default(),
            thing: None,
            certificate: None,
            policies: Vec::new(),
            device_configuration: configuration.transpose()?.unwrap_or_default(),
        };
        let (place, resources) = members.require("Resources")?;
        for (name, json) in entries(resources, &place)? {
            template.add(name, json, place.member(name))?;
        }
        Ok(template)
    }

    /// The parameters that the template declares, in its order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub(crate) fn default_of(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|parameter| parameter.name == name);
        found?.default.as_deref()
    }

    pub(crate) fn mappings(&self) -> &Mappings {
        &self.mappings
    }

    fn add(&mut self, logical_name: &str, json: &Json, place: Place<'_>) -> Result<(), TemplateError> {
        let second = |resource_type| TemplateError::Second {
            place: place.to_string(),
            resource_type,
        };
        match Resource::read(json, place)? {
            Resource::Thing(thing) => {
                if self.thing.replace(named(logical_name, thing)).is_some() {
                    return Err(second(THING));
                }
            }
            Resource::Certificate(certificate) => {
                if self
                    .certificate
                    .replace(named(logical_name, certificate))
                    .is_some()
                {
                    return Err(second(CERTIFICATE));
                }
            }
            Resource::Policy(policy) => self.policies.push(named(logical_name, policy)),
        }
        Ok(())
    }
}

fn parameters(json: &Json, place: &Place<'_>) -> Result<Vec<Parameter>, TemplateError> {
    let one = |(name, json): &(String, Json)| {
        let members = Members::new(json, place.member(name), &["Type", "Default", "Description"])?;
        let (type_place, parameter_type) = members.require("Type")?;
        let parameter_type = string(parameter_type, &type_place)?;
        if !parameter_type.eq_ignore_ascii_case("String") {
            return Err(TemplateError::value(&type_place, parameter_type, "String"));
        }
        let default = members
            .get("Default")
            .map(|(place, json)| scalar(json).ok_or_else(|| TemplateError::wrong_type(&place, "a string")));
        Ok(Parameter {
            name: name.clone(),
            default: default.transpose()?,
        })
    };
    entries(json, place)?.iter().map(one).collect()
}

pub(crate) fn named<T>(logical_name: &str, resource: T) -> Named<T> {
    Named {
        logical_name: logical_name.to_owned(),
        resource,
    }
}
