use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::logging::{self, DEFAULT};

use super::LogTarget;
use crate::{Context, Empty, Http, Operation};

/// Takes away the level of a target; one that has none is left as it is.
///
/// # Errors
/// `InvalidRequestException` for the target `DEFAULT`, which always has a level, and for one without a name.
pub struct DeleteV2LoggingLevel;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    target_type: String,
    target_name: String,
}

impl Operation for DeleteV2LoggingLevel {
    const NAME: &'static str = "DeleteV2LoggingLevel";
    const HTTP: Http = Http::delete("/v2LoggingLevel");
    const ACTION: Option<&'static str> = Some("iot:DeleteV2LoggingLevel");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        if input.target_type == DEFAULT {
            return Err(Fault::invalid(
                "targetType DEFAULT always has a level, which can only be set.",
            ));
        }
        let target = LogTarget {
            target_type: input.target_type,
            target_name: Some(input.target_name),
        };
        let target = target.checked()?;
        let realm = cx.realm().await?;
        logging::delete_level(cx.deeds, &realm, &target).await?;
        Ok(Empty {})
    }
}
