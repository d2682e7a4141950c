use thingsmith_core::{Fault, layers};

use super::Named;
use super::version::Whole;
use crate::{Context, Http, Operation};

/// Reads a version of a layer. No link to its code is given.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct GetLayerVersion;

impl Operation for GetLayerVersion {
    const NAME: &'static str = "GetLayerVersion";
    const HTTP: Http = Http::get("/2018-10-31/layers/{LayerName}/versions/{VersionNumber}");
    const ACTION: Option<&'static str> = Some("lambda:GetLayerVersion");
    type Input = Named;
    type Output = Whole;

    fn resources(cx: &Context<'_>, input: &Named) -> Vec<String> {
        input.resource(cx)
    }

    async fn call(cx: &Context<'_>, input: Named) -> Result<Whole, Fault> {
        let realm = cx.realm().await?;
        let version = layers::layer_version(cx.deeds, &realm, &input.name()).await?;
        Ok(Whole::of(&realm, version))
    }
}
