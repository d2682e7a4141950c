//! What rules do: one file for each kind of action that is carried out here.

mod http;
mod lambda;
mod republish;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thingsmith_sql::Version;

use super::index::Rule;
use super::offer::Offered;
use super::template::Template;
use crate::{Code, Deeds, Fault};

pub(super) use http::ANSWER;
use http::Http;
pub(crate) use http::check_url;
use lambda::Lambda;
use republish::Republish;

/// One action of a rule.
#[derive(Debug)]
pub(super) enum Action {
    Lambda(Lambda),
    Republish(Republish),
    Http(Box<Http>),
    /// One of AWS's that leads to a service which is not here.
    Elsewhere(&'static str),
}

/// The kinds of actions that are kept and not carried out, with the member that names their target.
const ELSEWHERE: &[&str] = &[
    "dynamoDB",
    "dynamoDBv2",
    "sns",
    "sqs",
    "kinesis",
    "s3",
    "firehose",
    "cloudwatchMetric",
    "cloudwatchAlarm",
    "cloudwatchLogs",
    "elasticsearch",
    "salesforce",
    "iotAnalytics",
    "iotEvents",
    "iotSiteWise",
    "stepFunctions",
    "timestream",
    "kafka",
    "openSearch",
    "location",
    "influxDB",
];

/// How an action failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What it was to reach.
    pub(super) resource: String,
    /// Why it did not.
    pub(super) message: String,
}

impl Action {
    /// Reads an action, which satisfies AWS's model.
    pub(super) fn read(place: &str, action: &Value, version: Version) -> Result<Self, Fault> {
        let none = Map::new();
        let members = action.as_object().unwrap_or(&none);
        let mut members = members.iter();
        let (Some((kind, settings)), None) = (members.next(), members.next()) else {
            return Err(Fault::invalid(format!(
                "{place} must say exactly one kind of action."
            )));
        };
        let place = format!("{place}.{kind}");
        match kind.as_str() {
            "lambda" => Lambda::read(&place, settings, version).map(Self::Lambda),
            "republish" => Republish::read(&place, settings, version).map(Self::Republish),
            "http" => Http::read(&place, settings, version).map(|http| Self::Http(Box::new(http))),
            other => match ELSEWHERE.iter().find(|known| **known == other) {
                Some(known) => Ok(Self::Elsewhere(known)),
                None => Err(Fault::invalid(format!("{place} is not a kind of action."))),
            },
        }
    }

    /// AWS's name of the kind in reports of failures.
    pub(super) fn kind(&self) -> String {
        let kind = match self {
            Self::Lambda(_) => "lambda",
            Self::Republish(_) => "republish",
            Self::Http(_) => "http",
            Self::Elsewhere(kind) => kind,
        };
        let mut characters = kind.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        let name: String = first.into_iter().chain(characters).collect();
        format!("{name}Action")
    }

    /// Whether it waits for somebody else, so that others must not wait for it.
    pub(super) fn waits(&self) -> bool {
        match self {
            Self::Lambda(_) | Self::Http(_) => true,
            Self::Republish(action) => action.calls_others(),
            Self::Elsewhere(_) => false,
        }
    }

    /// Carries it out with what the statement selected.
    pub(super) async fn run(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
        payload: &[u8],
    ) -> Result<(), Failure> {
        match self {
            Self::Lambda(action) => action.run(deeds, offered, rule, payload).await,
            Self::Republish(action) => action.run(deeds, offered, rule, payload).await,
            Self::Http(action) => action.run(deeds, offered, rule, payload).await,
            Self::Elsewhere(kind) => Err(Failure {
                resource: (*kind).to_owned(),
                message: format!("Actions of the kind {kind} are not carried out by this server."),
            }),
        }
    }

    /// Its fields with expressions.
    pub(super) fn templates(&self) -> Box<dyn Iterator<Item = &Template> + '_> {
        match self {
            Self::Lambda(action) => Box::new(action.templates()),
            Self::Republish(action) => Box::new(action.templates()),
            Self::Http(action) => Box::new(action.templates()),
            Self::Elsewhere(_) => Box::new(std::iter::empty()),
        }
    }

    /// The URL that must be confirmed for it, if that is known before any message comes.
    pub(super) fn confirmation_url(&self) -> Option<&str> {
        match self {
            Self::Http(action) => action.confirmation_url(),
            _ => None,
        }
    }
}

/// The settings of an action by their names.
fn settings<T: DeserializeOwned>(place: &str, settings: &Value) -> Result<T, Fault> {
    T::deserialize(settings).map_err(|wrong| Fault::new(Code::InvalidRequest, format!("{place}: {wrong}.")))
}
