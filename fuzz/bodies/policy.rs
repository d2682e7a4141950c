//! What the fuzz targets of the policy language do with an input. The crate's tests replay the corpora through the
//! same functions, without a fuzzer.
#![allow(dead_code, reason = "each target uses one of the two")]

use thingsmith_policy::{
    CertificateAttribute, CertificateFacts, ConnectAttributes, Document, DocumentMatch, IotContext, Language,
    NameFacts, Request, ThingFacts, Verdict,
};

/// Reads the input in both languages. What is refused must be told briefly, what is taken must be taken again.
pub(crate) fn parse(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for language in [Language::Iot, Language::Iam] {
        match Document::parse(text, language) {
            Ok(document) => assert_eq!(Document::parse(&format!(" {text}\n"), language), Ok(document)),
            Err(error) => assert!(error.to_string().len() < 4096, "{error}"),
        }
    }
}

/// Decides a request. The input's first lines are the action, the resource, the client id (which names the thing as
/// well) and the certificate's common name; the documents follow, with `---` between them.
pub(crate) fn evaluate(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut lines = text.splitn(5, '\n');
    let (Some(action), Some(resource), Some(name), Some(common_name), Some(texts)) = (
        lines.next(),
        lines.next(),
        lines.next(),
        lines.next(),
        lines.next(),
    ) else {
        return;
    };
    for language in [Language::Iot, Language::Iam] {
        let parsed = texts
            .split("\n---\n")
            .take(4)
            .map(|text| Document::parse(text, language));
        if let Ok(documents) = parsed.collect::<Result<Vec<_>, _>>() {
            check(&documents, action, resource, name, common_name);
        }
    }
}

fn check(documents: &[Document], action: &str, resource: &str, name: &str, common_name: &str) {
    let thing = ThingFacts {
        name: name.to_owned(),
        thing_type: (!common_name.is_empty()).then(|| common_name.to_owned()),
        attributes: vec![("a".to_owned(), common_name.to_owned())],
    };
    let certificate = CertificateFacts {
        id: "00".repeat(32),
        serial_number: Some("1".to_owned()),
        subject: NameFacts {
            attributes: vec![(CertificateAttribute::CommonName, common_name.to_owned())],
            ..NameFacts::default()
        },
        ..CertificateFacts::default()
    };
    let full = IotContext {
        client_id: Some(name),
        source_ip: Some("192.0.2.1"),
        domain_name: Some("localhost"),
        thing: Some(&thing),
        is_attached: Some(true),
        certificate: Some(&certificate),
        connect_attributes: Some(ConnectAttributes {
            persistent_connect: true,
            last_will: false,
        }),
        last_will_topic: Some(resource),
        others: &[],
    };
    for variables in [IotContext::default(), full] {
        let request = Request {
            action,
            resource,
            variables: &variables,
        };
        let decision = thingsmith_policy::evaluate(documents, &request);
        // The order of documents never changes the verdict.
        assert_eq!(
            thingsmith_policy::evaluate(documents.iter().rev(), &request).verdict,
            decision.verdict
        );
        let explanation = thingsmith_policy::explain(&documents.iter().collect::<Vec<_>>(), &request);
        assert_eq!(explanation.decision, decision);
        // The verdict is the worst that any document says alone.
        let says = |wanted: fn(&DocumentMatch<'_>) -> bool| explanation.documents.iter().any(wanted);
        let verdict = if says(|found| matches!(found, DocumentMatch::Denies(_))) {
            Verdict::ExplicitDeny
        } else if says(|found| matches!(found, DocumentMatch::Allows(_))) {
            Verdict::Allowed
        } else {
            Verdict::ImplicitDeny
        };
        assert_eq!(decision.verdict, verdict);
        // Only a Deny withstands a document that allows everything.
        let all = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let all = Document::parse(all, Language::Iot).expect("a valid document");
        let with_all = thingsmith_policy::evaluate(documents.iter().chain([&all]), &request).verdict;
        assert_eq!(
            with_all == Verdict::ExplicitDeny,
            decision.verdict == Verdict::ExplicitDeny
        );
        assert_ne!(with_all, Verdict::ImplicitDeny);
    }
}
