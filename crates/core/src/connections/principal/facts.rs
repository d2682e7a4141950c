//! Things and certificates in the words of policies.

use thingsmith_policy::{AlternativeName, CertificateAttribute, CertificateFacts, NameFacts, ThingFacts};
use thingsmith_x509::Certificate;

use crate::connections::rows::ConnectedThing;

/// A thing in the words of policies.
pub(super) fn thing_facts(thing: ConnectedThing) -> ThingFacts {
    ThingFacts {
        name: thing.name,
        thing_type: thing.thing_type.map(|found| found.name),
        attributes: thing.attributes.into_iter().collect(),
    }
}

/// A certificate in the words of policies.
pub(crate) fn certificate_facts(certificate: &Certificate) -> CertificateFacts {
    CertificateFacts {
        id: certificate.id().to_string(),
        serial_number: Some(certificate.serial_number()),
        subject: name_facts(certificate.subject(), certificate.subject_alternative_names()),
        issuer: name_facts(certificate.issuer(), certificate.issuer_alternative_names()),
    }
}

fn name_facts(name: &thingsmith_x509::Name, alternatives: &[thingsmith_x509::AlternativeName]) -> NameFacts {
    let attribute = |text: &str| {
        CertificateAttribute::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == text)
    };
    let alternative = |text: &str| {
        AlternativeName::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == text)
    };
    NameFacts {
        attributes: name
            .attributes()
            .iter()
            .filter_map(|found| Some((attribute(found.kind.aws_name()?)?, found.value.clone())))
            .collect(),
        alternative_names: alternatives
            .iter()
            .filter_map(|found| Some((alternative(found.aws_name())?, found.value())))
            .collect(),
    }
}
