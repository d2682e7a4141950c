//! What a device's developer can do about what went wrong.

use anyhow::{Result, anyhow};
use thingsmith_agent::AgentError;

use super::Outcome;

/// An error with a second sentence: what to do next.
pub(super) fn advised<T>(outcome: Outcome<T>) -> Result<T> {
    outcome.map_err(|cause| match advice(&cause) {
        Some(advice) => anyhow!("{cause}.\n{advice}"),
        None => anyhow!(cause),
    })
}

fn advice(cause: &AgentError) -> Option<String> {
    Some(match cause {
        AgentError::Closed | AgentError::Disconnected(_) | AgentError::Refused(_) => {
            "A server refuses by closing: the certificate is not registered there or not ACTIVE, no policy of it allows \
             iot:Connect with this client id, or none allows iot:Publish on the provisioning topics of this template. \
             On the server, `thingsmith why CLIENT-ID` tells which."
                .to_owned()
        }
        AgentError::Alert(_) => {
            "The server did not like the certificate. Is it the one for this server, and has it not expired?".to_owned()
        }
        AgentError::SubscriptionRefused(filter) | AgentError::PublishRefused { topic: filter, .. } => format!(
            "The certificate's policy lacks {filter}. A claim needs iot:Connect; iot:Publish and iot:Receive on \
             topic/$aws/certificates/create-from-csr/* (create/* with --keys) and \
             topic/$aws/provisioning-templates/TEMPLATE/provision/*; and iot:Subscribe on the same as topicfilter/..."
        ),
        AgentError::Connection(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
            "TLS failed: --ca must be the roots of this server (DATA_DIR/ca.pem), and the name in --endpoint or \
             --server-name one that stands in its certificate."
                .to_owned()
        }
        AgentError::Connection(_) => {
            "Is the server running, and is --endpoint its MQTT address (THINGSMITH_MQTT of `thingsmith env`)?".to_owned()
        }
        AgentError::TimedOut => {
            "If the server is up, the answer may be on a topic that the certificate may not receive: its policy needs \
             iot:Receive on the provisioning topics."
                .to_owned()
        }
        AgentError::Rejected { status, code, .. } => rejected(*status, code)?.to_owned(),
        AgentError::NoIdentity(_) => {
            "`thingsmith device provision --dir ...` makes one; if it was cut off, run it again and it goes on.".to_owned()
        }
        AgentError::Damaged { .. } => {
            "Somebody changed the files. Remove the directory and provision the device anew.".to_owned()
        }
        AgentError::Busy(_) => "Wait until it is done.".to_owned(),
        AgentError::Incomplete(_) => {
            "Name what to ask for: --template, and --param for each of its parameters.".to_owned()
        }
        _ => return None,
    })
}

fn rejected(status: u16, code: &str) -> Option<&'static str> {
    Some(match (status, code) {
        (_, "InvalidCertificateOwnershipToken") => {
            "The token was used, is older than an hour or belongs to another claim. Run the command again: it asks for \
             another certificate."
        }
        (403, _) => {
            "The template's hook or its role said no, or the claim may not use this template. On the server, \
             `thingsmith why CLIENT-ID` tells which."
        }
        (404, _) => "Is the template there, by this name, in the account and region of this endpoint?",
        (429, _) => "The server has enough to do. Try again a little later.",
        (400..=499, _) => {
            "Compare --param with the template's Parameters: each one without a Default is needed, by exactly its name."
        }
        (500.., _) => "The server failed. Its log says why, beside this sentence's request.",
        _ => return None,
    })
}
