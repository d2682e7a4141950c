//! The topics: which of them are requests, and where their answers go.

use thingsmith_model::TemplateName;

use super::payload::Format;

/// What is asked for on a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The operation.
    pub operation: Operation,
    /// How request and answer are written.
    pub format: Format,
}

/// The operations of AWS's device provisioning MQTT API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `CreateKeysAndCertificate`
    CreateKeysAndCertificate,
    /// `CreateCertificateFromCsr`
    CreateCertificateFromCsr,
    /// `RegisterThing`, by a template of this name.
    RegisterThing(TemplateName),
}

impl Operation {
    /// AWS's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateKeysAndCertificate => "CreateKeysAndCertificate",
            Self::CreateCertificateFromCsr => "CreateCertificateFromCsr",
            Self::RegisterThing(_) => "RegisterThing",
        }
    }
}

impl Asked {
    /// Reads a topic. Only these exact ones are requests: an answer's topic never is.
    pub fn on(topic: &str) -> Option<Self> {
        let mut levels = topic.strip_prefix("$aws/")?.split('/');
        let operation = match levels.next()? {
            "certificates" => match levels.next()? {
                "create" => Operation::CreateKeysAndCertificate,
                "create-from-csr" => Operation::CreateCertificateFromCsr,
                _ => return None,
            },
            "provisioning-templates" => {
                let template = levels.next()?.parse().ok()?;
                if levels.next()? != "provision" {
                    return None;
                }
                Operation::RegisterThing(template)
            }
            _ => return None,
        };
        let format = match levels.next()? {
            "json" => Format::Json,
            "cbor" => Format::Cbor,
            _ => return None,
        };
        levels.next().is_none().then_some(Self { operation, format })
    }

    /// The topic.
    pub fn topic(&self) -> String {
        let format = match self.format {
            Format::Json => "json",
            Format::Cbor => "cbor",
        };
        match &self.operation {
            Operation::CreateKeysAndCertificate => format!("$aws/certificates/create/{format}"),
            Operation::CreateCertificateFromCsr => format!("$aws/certificates/create-from-csr/{format}"),
            Operation::RegisterThing(template) => {
                format!("$aws/provisioning-templates/{template}/provision/{format}")
            }
        }
    }

    /// The topic of an answer.
    pub fn reply_topic(&self, accepted: bool) -> String {
        let outcome = if accepted { "accepted" } else { "rejected" };
        format!("{}/{outcome}", self.topic())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_their_exact_topics() {
        for topic in [
            "$aws/certificates/create/json",
            "$aws/certificates/create/cbor",
            "$aws/certificates/create-from-csr/json",
            "$aws/certificates/create-from-csr/cbor",
            "$aws/provisioning-templates/fleet_1-a/provision/json",
            "$aws/provisioning-templates/x/provision/cbor",
        ] {
            let asked = Asked::on(topic).unwrap();
            assert_eq!(asked.topic(), topic);
            assert_eq!(asked.reply_topic(true), format!("{topic}/accepted"));
            assert!(Asked::on(&asked.reply_topic(true)).is_none());
            assert!(Asked::on(&asked.reply_topic(false)).is_none());
            assert!(Asked::on(&format!("{topic}/")).is_none());
            assert!(Asked::on(&format!("/{topic}")).is_none());
        }
        for topic in [
            "$aws/certificates/create",
            "$aws/certificates/create/xml",
            "$aws/certificates/create/JSON",
            "$aws/certificates/create-from-csr//json",
            "$aws/provisioning-templates//provision/json",
            "$aws/provisioning-templates/a b/provision/json",
            "$aws/provisioning-templates/a/b/provision/json",
            "$aws/provisioning-templates/a/provision",
            "$aws/things/a/json",
            "aws/certificates/create/json",
            "$aws",
            "",
        ] {
            assert!(Asked::on(topic).is_none(), "{topic}");
        }
    }
}
