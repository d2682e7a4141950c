//! What the fuzz target of provisioning templates does with an input. The crate's tests replay the corpus through the same
//! function, without a fuzzer.

use thingsmith_template::{
    CertificateSource, MOST_CHARACTERS, Plan, PlannedPolicy, Template, Use, Values, certificate,
};

/// Resolves the template that follows the line `---`, with the parameters that stand before it as `name=value`, one a line.
/// Without that line all of the input is a template.
pub(crate) fn resolve(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else {
        return;
    };
    let (parameters, text) = input.split_once("\n---\n").unwrap_or(("", input));
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => {
            assert!(error.to_string().len() < 4096, "{error}");
            return;
        }
    };
    assert!(text.chars().count() <= MOST_CHARACTERS);
    for usage in [Use::JustInTime, Use::Fleet, Use::Given] {
        if let Err(error) = template.check_for(usage) {
            assert!(error.to_string().len() < 4096, "{error}");
        }
    }
    let pairs = parameters.lines().filter_map(|line| line.split_once('='));
    let given = Values::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let full = certificate::OF_THE_SUBJECT
        .iter()
        .fold(given.clone(), |values, name| {
            values.with_pseudo_parameter(name, "of the subject")
        })
        .with_pseudo_parameter(certificate::ID, "00".repeat(32));
    for values in [Values::default(), given, full] {
        let plan = template.resolve(&values);
        assert_eq!(template.resolve(&values), plan);
        match plan {
            Ok(plan) => assert!(length(&plan) <= 256 * 1024),
            Err(error) => assert!(error.to_string().len() < 4096, "{error}"),
        }
    }
}

/// The bytes of all values of a plan.
fn length(plan: &Plan) -> usize {
    let mut texts = Vec::new();
    if let Some(thing) = &plan.thing {
        let thing = &thing.resource;
        texts.push(&thing.name);
        texts.extend([&thing.thing_type, &thing.billing_group].into_iter().flatten());
        texts.extend(thing.groups.iter().flatten());
        texts.extend(thing.attributes.iter().flatten().map(|(_, value)| value));
    }
    if let Some(certificate) = &plan.certificate {
        match &certificate.resource.source {
            CertificateSource::Id(text) | CertificateSource::SigningRequest(text) => texts.push(text),
            CertificateSource::Pem { certificate, ca } => texts.extend([certificate].into_iter().chain(ca)),
        }
    }
    texts.extend(plan.policies.iter().map(|policy| match &policy.resource {
        PlannedPolicy::Named(text) | PlannedPolicy::Document(text) => text,
    }));
    texts.extend(plan.device_configuration.iter().map(|(_, value)| value));
    texts.iter().map(|text| text.len()).sum()
}
