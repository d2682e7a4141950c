//! Topics that begin with `$`: AWS's own, closed but for the ones that the guide names ("Reserved topics").

use thingsmith_core::fleet_provisioning::Asked;
use thingsmith_core::rules;
use thingsmith_mqtt::TopicName;

/// What a client of MQTT asks for by publishing on this topic, if its policies allow it: it is answered on its connection, and
/// nobody else gets its message.
pub(crate) fn request(topic: &TopicName) -> Option<Asked> {
    // Most topics are not reserved, and looking at one byte tells.
    topic.is_reserved().then(|| Asked::on(topic.as_str())).flatten()
}

/// Whether a client may publish a message on this reserved topic, if its policies allow it: Basic Ingest.
pub(crate) fn may_be_published(topic: &TopicName) -> bool {
    rules::rule_of_basic_ingest(topic).is_some()
}

/// Why a client may not publish on a reserved topic, for the operator who looks into it.
pub(crate) fn why_closed(topic: &str) -> &'static str {
    let mut levels = topic.split('/');
    let service = match (levels.next(), levels.next(), levels.next()) {
        (Some("$aws"), Some("things"), Some(_)) => levels.next(),
        _ => None,
    };
    match service {
        Some("shadow") => "device shadows are not implemented: nothing may be published on their topics",
        Some("jobs") => "jobs are not implemented: nothing may be published on their topics",
        Some("streams") => "streams are not implemented: nothing may be published on their topics",
        Some("defender") => "Device Defender is not implemented: nothing may be published on its topics",
        _ => "nothing may be published on this reserved topic",
    }
}

/// Whether a client may subscribe to this filter on reserved topics, if its policies allow it. What nobody but the server
/// publishes is open; Basic Ingest (`$aws/rules`) is for rules alone, and what the guide does not name is closed.
pub(crate) fn may_be_subscribed(filter: &str) -> bool {
    let mut levels = filter.split('/');
    if levels.next() != Some("$aws") {
        return false;
    }
    match levels.next() {
        Some("events") => levels.next().is_some(),
        Some("certificates") => {
            matches!(levels.next(), Some("create" | "create-from-csr" | "+" | "#"))
        }
        Some("provisioning-templates") => levels.next().is_some(),
        Some("things") => match (levels.next(), levels.next()) {
            (Some("#"), None) => true,
            (Some(_), Some(kind)) => matches!(
                kind,
                "shadow" | "jobs" | "tunnels" | "streams" | "defender" | "+" | "#"
            ),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_guide_names_is_open_and_nothing_else() {
        for open in [
            "$aws/events/presence/connected/+",
            "$aws/events/#",
            "$aws/events/subscriptions/subscribed/pump",
            "$aws/certificates/create/json/accepted",
            "$aws/certificates/create-from-csr/cbor/#",
            "$aws/provisioning-templates/fleet/provision/json/rejected",
            "$aws/things/pump/shadow/update/delta",
            "$aws/things/pump/jobs/notify-next",
            "$aws/things/+/tunnels/notify",
            "$aws/things/pump/streams/1/data/cbor",
            "$aws/things/pump/defender/metrics/json/accepted",
            "$aws/things/pump/#",
        ] {
            assert!(may_be_subscribed(open), "{open}");
        }
        for closed in [
            "$aws/rules/ingest",
            "$aws/rules/#",
            "$aws/#",
            "$aws/+/x",
            "$aws/events",
            "$aws/things/pump",
            "$aws/things/pump/other",
            "$aws/certificates/other",
            "$aws",
            "$SYS/x",
            "$SYS/#",
            "$x",
            "$",
            "$/aws/events/#",
        ] {
            assert!(!may_be_subscribed(closed), "{closed}");
        }
    }
}
