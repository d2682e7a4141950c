use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::layers::{self, LayerVersionName};

use super::version::Whole;
use crate::{Context, Http, Operation};

/// Reads a version of a layer by its ARN. No link to its code is given.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidParameterValueException` for a layer of another region.
pub struct GetLayerVersionByArn;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    arn: String,
}

impl Operation for GetLayerVersionByArn {
    const NAME: &'static str = "GetLayerVersionByArn";
    const HTTP: Http = Http::get("/2018-10-31/layers?find=LayerVersion");
    const ACTION: Option<&'static str> = Some("lambda:GetLayerVersion");
    type Input = Input;
    type Output = Whole;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Whole, Fault> {
        let name: LayerVersionName = input.arn.parse()?;
        let realm = cx.realm().await?;
        let version = layers::layer_version(cx.deeds, &realm, &name).await?;
        Ok(Whole::of(&realm, version))
    }
}
