use thingsmith_core::{Fault, layers};

use super::Named;
use crate::{Context, Empty, Http, Operation};

/// Deletes a version of a layer. Functions that have it keep it; one that is not there counts as deleted.
///
/// # Errors
/// `AccessDeniedException` for a layer of another account.
pub struct DeleteLayerVersion;

impl Operation for DeleteLayerVersion {
    const NAME: &'static str = "DeleteLayerVersion";
    const HTTP: Http = Http::delete("/2018-10-31/layers/{LayerName}/versions/{VersionNumber}");
    const ACTION: Option<&'static str> = Some("lambda:DeleteLayerVersion");
    type Input = Named;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Named) -> Vec<String> {
        input.resource(cx)
    }

    async fn call(cx: &Context<'_>, input: Named) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        layers::delete_layer_version(cx.deeds, &realm, &input.name()).await?;
        Ok(Empty {})
    }
}
