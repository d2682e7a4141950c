//! The three types of resources, as a template writes them.

use crate::document::Document;
use crate::error::TemplateError;
use crate::expression::{Expression, names_a_function};
use crate::json::Json;
use crate::members::{Members, entries, string};
use crate::overrides;
use crate::place::Place;
use crate::plan::{CertificateStatus, OnExisting, ThingOverrides};

/// An `AWS::IoT::Thing`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thing {
    pub(crate) name: Expression,
    pub(crate) attributes: Option<Vec<(String, Expression)>>,
    pub(crate) thing_type: Option<Expression>,
    pub(crate) groups: Option<Expression>,
    pub(crate) billing_group: Option<Expression>,
    pub(crate) overrides: ThingOverrides,
}

/// An `AWS::IoT::Certificate`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Certificate {
    pub(crate) source: Source,
    pub(crate) status: Option<Expression>,
    pub(crate) principal_type: Option<Expression>,
    pub(crate) status_override: OnExisting,
}

/// How a certificate is named.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    Id(Expression),
    SigningRequest(Expression),
    Pem {
        certificate: Expression,
        ca: Option<Expression>,
    },
}

/// An `AWS::IoT::Policy`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Policy {
    Named(Expression),
    Text(Expression),
    Document(Document),
}

/// Any resource.
pub(crate) enum Resource {
    Thing(Thing),
    Certificate(Certificate),
    Policy(Policy),
}

pub(crate) const THING: &str = "AWS::IoT::Thing";
pub(crate) const CERTIFICATE: &str = "AWS::IoT::Certificate";
const POLICY: &str = "AWS::IoT::Policy";

impl Resource {
    pub(crate) fn read(json: &Json, place: Place<'_>) -> Result<Self, TemplateError> {
        let members = Members::new(json, place, &["Type", "Properties", "OverrideSettings"])?;
        let (type_place, resource_type) = members.require("Type")?;
        let resource_type = string(resource_type, &type_place)?;
        let properties = || members.require("Properties");
        let settings = members.get("OverrideSettings");
        match resource_type {
            THING => {
                let settings = settings.map(|(place, json)| overrides::of_thing(json, place));
                Thing::read(properties()?, settings.transpose()?.unwrap_or_default()).map(Self::Thing)
            }
            CERTIFICATE => {
                let settings = settings.map(|(place, json)| overrides::of_certificate(json, place));
                Certificate::read(properties()?, settings.transpose()?.unwrap_or_default())
                    .map(Self::Certificate)
            }
            POLICY => {
                // A policy is never changed, so that there is nothing to set.
                if let Some((place, json)) = settings
                    && !entries(json, &place)?.is_empty()
                {
                    return Err(TemplateError::Contradiction {
                        place: place.to_string(),
                        other: POLICY,
                    });
                }
                Policy::read(properties()?).map(Self::Policy)
            }
            other => Err(TemplateError::value(
                &type_place,
                other,
                "AWS::IoT::Thing, AWS::IoT::Certificate or AWS::IoT::Policy",
            )),
        }
    }
}

impl Thing {
    fn read((place, json): (Place<'_>, &Json), overrides: ThingOverrides) -> Result<Self, TemplateError> {
        const KNOWN: [&str; 6] = [
            "ThingName",
            "AttributePayload",
            "ThingTypeName",
            "ThingGroups",
            "BillingGroup",
            "PackageVersions",
        ];
        let members = Members::new(json, place, &KNOWN)?;
        if let Some((place, _)) = members.get("PackageVersions") {
            return Err(TemplateError::Unsupported {
                place: place.to_string(),
            });
        }
        let (name_place, name) = members.require("ThingName")?;
        let attributes = members
            .get("AttributePayload")
            .map(|(place, json)| flat(json, &place));
        let groups = members
            .get("ThingGroups")
            .map(|(place, json)| Expression::list(json, &place));
        Ok(Self {
            name: Expression::text(name, &name_place)?,
            attributes: attributes.transpose()?,
            thing_type: text(&members, "ThingTypeName")?,
            groups: groups.transpose()?,
            billing_group: text(&members, "BillingGroup")?,
            overrides,
        })
    }
}

impl Certificate {
    fn read((place, json): (Place<'_>, &Json), status_override: OnExisting) -> Result<Self, TemplateError> {
        const KNOWN: [&str; 6] = [
            "CertificateId",
            "CertificateSigningRequest",
            "CertificatePem",
            "CACertificatePem",
            "Status",
            "ThingPrincipalType",
        ];
        let members = Members::new(json, place, &KNOWN)?;
        let given = KNOWN[..3]
            .iter()
            .filter(|name| members.get(name).is_some())
            .copied();
        let named = match *given.collect::<Vec<_>>() {
            [name] => name,
            [first, second, ..] => return Err(contradiction(&members, second, first)),
            [] => {
                return Err(TemplateError::Missing {
                    place: format!(
                        "{}.CertificateId, CertificateSigningRequest or CertificatePem",
                        members.place()
                    ),
                });
            }
        };
        let (place, json) = members.require(named)?;
        let (expression, ca) = (
            Expression::text(json, &place)?,
            text(&members, "CACertificatePem")?,
        );
        let source = match (named, ca) {
            ("CertificatePem", ca) => Source::Pem {
                certificate: expression,
                ca,
            },
            (_, Some(_)) => return Err(contradiction(&members, "CACertificatePem", named)),
            ("CertificateId", None) => Source::Id(expression),
            (_, None) => Source::SigningRequest(expression),
        };
        Ok(Self {
            source,
            status: checked(&members, "Status", parse_status)?,
            principal_type: checked(&members, "ThingPrincipalType", parse_exclusive)?,
            status_override,
        })
    }
}

impl Policy {
    fn read((place, json): (Place<'_>, &Json)) -> Result<Self, TemplateError> {
        let members = Members::new(json, place, &["PolicyName", "PolicyDocument"])?;
        match (members.get("PolicyName"), members.get("PolicyDocument")) {
            (Some(_), Some(_)) => Err(contradiction(&members, "PolicyDocument", "PolicyName")),
            (Some((place, json)), None) => Expression::text(json, &place).map(Self::Named),
            (None, Some((place, json))) => match json {
                Json::Object(members) if !members.iter().any(|(name, _)| names_a_function(name)) => {
                    Document::read(json, &place).map(Self::Document)
                }
                Json::Object(_) | Json::Text(_) => Expression::text(json, &place).map(Self::Text),
                _ => Err(TemplateError::wrong_type(&place, "a string or an object")),
            },
            (None, None) => Err(TemplateError::Missing {
                place: format!("{}.PolicyName or PolicyDocument", members.place()),
            }),
        }
    }
}

/// Reads an object of texts under free names.
pub(crate) fn flat(json: &Json, place: &Place<'_>) -> Result<Vec<(String, Expression)>, TemplateError> {
    let one = |(name, json): &(String, Json)| {
        let place = place.member(name);
        // Such a name would be a function's that gives all of the object, which there is none of.
        if names_a_function(name) {
            return Err(TemplateError::wrong_type(
                &place,
                "a value under a name, functions stand in values",
            ));
        }
        Ok((name.clone(), Expression::text(json, &place)?))
    };
    entries(json, place)?.iter().map(one).collect()
}

/// The `Status` of a certificate. The guide's samples write `Active` as well.
pub(crate) fn parse_status(text: &str, place: &Place<'_>) -> Result<CertificateStatus, TemplateError> {
    match text.to_ascii_uppercase().as_str() {
        "ACTIVE" => Ok(CertificateStatus::Active),
        "INACTIVE" => Ok(CertificateStatus::Inactive),
        _ => Err(TemplateError::value(place, text, "ACTIVE or INACTIVE")),
    }
}

/// Whether a `ThingPrincipalType` is the exclusive one.
pub(crate) fn parse_exclusive(text: &str, place: &Place<'_>) -> Result<bool, TemplateError> {
    match text.to_ascii_uppercase().as_str() {
        "EXCLUSIVE_THING" => Ok(true),
        "NON_EXCLUSIVE_THING" => Ok(false),
        _ => Err(TemplateError::value(
            place,
            text,
            "EXCLUSIVE_THING or NON_EXCLUSIVE_THING",
        )),
    }
}

fn text(members: &Members<'_>, name: &str) -> Result<Option<Expression>, TemplateError> {
    let found = members
        .get(name)
        .map(|(place, json)| Expression::text(json, &place));
    found.transpose()
}

/// Reads a text of which only some are allowed. One that no function gives is checked at once.
fn checked<T>(
    members: &Members<'_>,
    name: &str,
    parse: fn(&str, &Place<'_>) -> Result<T, TemplateError>,
) -> Result<Option<Expression>, TemplateError> {
    let found = text(members, name)?;
    if let Some(Expression::Text(text)) = &found {
        parse(text, &members.place().member(name))?;
    }
    Ok(found)
}

fn contradiction(members: &Members<'_>, name: &str, other: &'static str) -> TemplateError {
    TemplateError::Contradiction {
        place: members.place().member(name).to_string(),
        other,
    }
}
