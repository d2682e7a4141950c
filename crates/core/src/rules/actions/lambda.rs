//! The action `lambda`: a function is called with what the statement selected, and nobody waits for its answer.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use thingsmith_sql::Version;

use super::super::index::Rule;
use super::super::offer::Offered;
use super::super::template::Template;
use super::Failure;
use crate::functions::{self, InvokeFailure, OnBehalf};
use crate::{Deeds, Fault};

#[derive(Debug)]
pub(in super::super) struct Lambda {
    function_arn: Template,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    function_arn: String,
}

/// Pauses before the second and the third try. AWS waits minutes, and its queue outlives servers; here what waits is in
/// memory.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// A function's own time-out is what ends it; this is the longest that one may have.
const PATIENCE: Duration = Duration::from_secs(900);

impl Lambda {
    pub(super) fn read(place: &str, settings: &Value, version: Version) -> Result<Self, Fault> {
        let settings: Settings = super::settings(place, settings)?;
        let member = format!("{place}.functionArn");
        Ok(Self {
            function_arn: Template::parse(&member, &settings.function_arn, version)?,
        })
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.function_arn)
    }

    /// Calls the function, three times when need be. A function that fails is no failure of the action: AWS hands the event
    /// over and is done (guide, "Lambda").
    pub(super) async fn run(
        &self,
        deeds: &Deeds,
        offered: &Offered,
        rule: &Rule,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let arn = self.function_arn.text(deeds, offered, rule).await;
        let arn = arn.map_err(|message| Failure {
            resource: self.function_arn.constant().unwrap_or_default().to_owned(),
            message,
        })?;
        let failed = |message: String| Failure {
            resource: arn.clone(),
            message,
        };
        if serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_err() {
            return Err(failed(
                "The selected payload is not JSON, and a function takes JSON alone.".into(),
            ));
        }
        let event = Bytes::copy_from_slice(payload);
        let mut pauses = PAUSES.iter();
        loop {
            let on_behalf = OnBehalf {
                service: "iot.amazonaws.com",
                source_arn: &rule.arn,
                source_account: offered.realm.account.as_str(),
            };
            let realm = &offered.realm;
            let outcome =
                functions::invoke_for_service(deeds, realm, &arn, on_behalf, event.clone(), PATIENCE).await;
            let failure = match outcome {
                Ok(_) => return Ok(()),
                Err(failure) => failure,
            };
            let again = !matches!(
                failure,
                InvokeFailure::NotFound(_) | InvokeFailure::NotPermitted(_)
            );
            if let Some(pause) = pauses.next().filter(|_| again) {
                tokio::time::sleep(*pause).await;
                continue;
            }
            return match failure {
                InvokeFailure::Failed { .. } | InvokeFailure::TimedOut => {
                    tracing::warn!(
                        rule = rule.name,
                        function = arn,
                        %failure,
                        "a function that a rule calls failed three times, and its event is dropped"
                    );
                    Ok(())
                }
                failure => Err(failed(format!("The function was not called: {failure}."))),
            };
        }
    }
}
