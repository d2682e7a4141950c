//! What waits for functions and servers of others, many at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use thingsmith_model::Realm;
use thingsmith_ports::WebRequest;

use super::Rules;
use super::actions::Failure;
use super::failure::Acting;
use super::index::Rule;
use super::offer::Offered;
use crate::realms::RealmRecord;
use crate::topic_rule_destinations::{Confirmation, confirmation_failed};
use crate::{Deeds, run_statement};

/// One thing that waits for somebody else.
pub(super) enum Delivery {
    /// A rule whose statement calls other services.
    Statement { offered: Arc<Offered>, rule: Arc<Rule> },
    /// An action of a rule, by its place.
    Action { acting: Arc<Acting>, action: usize },
    /// A rule's errorAction, with what failed.
    Error { acting: Arc<Acting>, report: Vec<u8> },
    /// The token that confirms a destination.
    Confirm {
        realm: Realm,
        confirmation: Confirmation,
        enable_url: String,
    },
}

/// How long sending a token may take.
const TIMEOUT: Duration = Duration::from_secs(10);
