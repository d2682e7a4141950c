//! From a template and a device's values to a plan.

use crate::error::TemplateError;
use crate::evaluate::{Evaluation, missing_parameter};
use crate::expression::Expression;
use crate::place::{Place, ROOT};
use crate::plan::{
    CertificateSource, CertificateStatus, Named, Plan, PlannedCertificate, PlannedPolicy, PlannedThing,
};
use crate::resources::{Certificate, Policy, Source, Thing, parse_exclusive, parse_status};
use crate::template::{Template, named};
use crate::values::{Values, certificate};

impl Template {
    /// What the template comes to with these values.
    ///
    /// # Errors
    /// [`TemplateError::MissingParameter`] if a parameter that is needed has no value, or if the template declares one of
    /// the certificate's subject that has none; else what a function, a status or a size is refused for.
    pub fn resolve(&self, values: &Values) -> Result<Plan, TemplateError> {
        let mut evaluation = Evaluation::new(self, values);
        // Guide, "Just-in-time provisioning": that the subject lacks what the template declares fails the whole, used or not.
        for parameter in self.parameters() {
            let name = parameter.name.as_str();
            if certificate::OF_THE_SUBJECT.contains(&name) && evaluation.parameter(name).is_none() {
                return Err(missing_parameter(name, &ROOT.member("Parameters")));
            }
        }
        let resources = ROOT.member("Resources");
        let configuration = ROOT.member("DeviceConfiguration");
        let thing = self.thing.as_ref().map(|thing| {
            each(&resources, thing, |thing, place| {
                thing.plan(&mut evaluation, place)
            })
        });
        let thing = thing.transpose()?;
        let certificate = self.certificate.as_ref().map(|certificate| {
            each(&resources, certificate, |certificate, place| {
                certificate.plan(&mut evaluation, place)
            })
        });
        let certificate = certificate.transpose()?;
        let policies = self.policies.iter().map(|policy| {
            each(&resources, policy, |policy, place| {
                policy.plan(&mut evaluation, place)
            })
        });
        Ok(Plan {
            thing,
            certificate,
            policies: policies.collect::<Result<_, _>>()?,
            device_configuration: pairs(&mut evaluation, &self.device_configuration, &configuration)?,
        })
    }
}

impl Thing {
    fn plan(
        &self,
        evaluation: &mut Evaluation<'_>,
        place: &Place<'_>,
    ) -> Result<PlannedThing, TemplateError> {
        let attributes = self
            .attributes
            .as_ref()
            .map(|attributes| pairs(evaluation, attributes, &place.member("AttributePayload")));
        let attributes = attributes.transpose()?;
        let groups = self.groups.as_ref();
        let groups = groups.map(|groups| evaluation.list(groups, &place.member("ThingGroups")));
        Ok(PlannedThing {
            attributes,
            groups: groups.transpose()?,
            name: evaluation.text(&self.name, &place.member("ThingName"))?,
            thing_type: optional(
                evaluation,
                self.thing_type.as_ref(),
                &place.member("ThingTypeName"),
            )?,
            billing_group: optional(
                evaluation,
                self.billing_group.as_ref(),
                &place.member("BillingGroup"),
            )?,
            overrides: self.overrides,
        })
    }
}

impl Certificate {
    fn plan(
        &self,
        evaluation: &mut Evaluation<'_>,
        place: &Place<'_>,
    ) -> Result<PlannedCertificate, TemplateError> {
        let source = match &self.source {
            Source::Id(id) => CertificateSource::Id(evaluation.text(id, &place.member("CertificateId"))?),
            Source::SigningRequest(request) => CertificateSource::SigningRequest(
                evaluation.text(request, &place.member("CertificateSigningRequest"))?,
            ),
            Source::Pem { certificate, ca } => CertificateSource::Pem {
                certificate: evaluation.text(certificate, &place.member("CertificatePem"))?,
                ca: optional(evaluation, ca.as_ref(), &place.member("CACertificatePem"))?,
            },
        };
        let (status_place, type_place) = (place.member("Status"), place.member("ThingPrincipalType"));
        let status = optional(evaluation, self.status.as_ref(), &status_place)?;
        let principal_type = optional(evaluation, self.principal_type.as_ref(), &type_place)?;
        Ok(PlannedCertificate {
            source,
            status: status.map_or(Ok(CertificateStatus::default()), |text| {
                parse_status(&text, &status_place)
            })?,
            exclusive: principal_type.map_or(Ok(false), |text| parse_exclusive(&text, &type_place))?,
            status_override: self.status_override,
        })
    }
}

impl Policy {
    fn plan(
        &self,
        evaluation: &mut Evaluation<'_>,
        place: &Place<'_>,
    ) -> Result<PlannedPolicy, TemplateError> {
        let document_place = place.member("PolicyDocument");
        match self {
            Self::Named(name) => evaluation
                .text(name, &place.member("PolicyName"))
                .map(PlannedPolicy::Named),
            Self::Text(text) => evaluation
                .text(text, &document_place)
                .map(PlannedPolicy::Document),
            Self::Document(document) => document
                .text(evaluation, &document_place)
                .map(PlannedPolicy::Document),
        }
    }
}

fn each<S, T>(
    resources: &Place<'_>,
    source: &Named<S>,
    plan: impl FnOnce(&S, &Place<'_>) -> Result<T, TemplateError>,
) -> Result<Named<T>, TemplateError> {
    let place = resources.member(&source.logical_name);
    let resource = plan(&source.resource, &place.member("Properties"))?;
    Ok(named(&source.logical_name, resource))
}

fn optional(
    evaluation: &mut Evaluation<'_>,
    expression: Option<&Expression>,
    place: &Place<'_>,
) -> Result<Option<String>, TemplateError> {
    expression
        .map(|expression| evaluation.text(expression, place))
        .transpose()
}

fn pairs(
    evaluation: &mut Evaluation<'_>,
    expressions: &[(String, Expression)],
    place: &Place<'_>,
) -> Result<Vec<(String, String)>, TemplateError> {
    let one = |(name, expression): &(String, Expression)| {
        Ok((name.clone(), evaluation.text(expression, &place.member(name))?))
    };
    expressions.iter().map(one).collect()
}
