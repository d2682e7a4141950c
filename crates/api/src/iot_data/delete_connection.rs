use serde::Deserialize;
use thingsmith_core::quotas::Quota;
use thingsmith_core::{Fault, clients};

use super::{check_client_id, client_resource};
use crate::{Context, Empty, Http, Operation};

/// Disconnects a client, and ends its session if that is asked for.
///
/// # Errors
/// `ResourceNotFoundException` for a client that is not connected and has no session to end; `ThrottlingException` when the
/// account asks too often, or for the same client more than once a second.
pub struct DeleteConnection;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    client_id: String,
    clean_session: Option<bool>,
    prevent_will_message: Option<bool>,
}

impl Operation for DeleteConnection {
    const NAME: &'static str = "DeleteConnection";
    const HTTP: Http = Http::delete("/connections/{clientId}");
    const ACTION: Option<&'static str> = Some("iot:DeleteConnection");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(client_resource(&input.client_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        check_client_id(&input.client_id)?;
        let realm = cx.realm().await?;
        cx.deeds.call_within(realm.realm, Quota::DeleteConnection)?;
        let quotas = cx.deeds.quotas();
        quotas.client_is_deleted(realm.realm, &input.client_id, cx.deeds.clock())?;
        let clean_session = input.clean_session.unwrap_or_default();
        let prevent_will = input.prevent_will_message.unwrap_or_default();
        clients::delete_connection(cx.deeds, &realm, &input.client_id, clean_session, prevent_will).await?;
        Ok(Empty {})
    }
}
