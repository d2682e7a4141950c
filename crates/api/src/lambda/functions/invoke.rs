use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use thingsmith_core::functions::{self, FunctionName, Invocation, LATEST};
use thingsmith_core::{Code, Fault};

use super::settings::first;
use crate::{Context, Http, Operation};

/// Calls a function: waits for what it answers (`RequestResponse`), does not (`Event`), or only finds out whether the caller
/// may (`DryRun`).
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestContentException` for an event that is not JSON,
/// `TooManyRequestsException`, `InvalidRuntimeException` when functions like it are not run here.
pub struct Invoke;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    function_name: FunctionName,
    invocation_type: Option<String>,
    log_type: Option<String>,
    client_context: Option<String>,
    durable_execution_name: Option<String>,
    payload: Option<String>,
    qualifier: Option<String>,
    tenant_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executed_version: Option<&'static str>,
}

impl Operation for Invoke {
    const NAME: &'static str = "Invoke";
    const HTTP: Http = Http::post("/2015-03-31/functions/{FunctionName}/invocations");
    const ACTION: Option<&'static str> = Some("lambda:InvokeFunction");
    type Input = Input;
    type Output = Output;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        first(&[
            ("DurableExecutionName", input.durable_execution_name.is_some()),
            ("TenantId", input.tenant_id.is_some()),
        ])
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        let name = input.function_name.clone().qualified(input.qualifier.clone());
        crate::lambda::resource(cx, name.as_ref().unwrap_or(&input.function_name))
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let name = input.function_name.qualified(input.qualifier)?;
        let invocation = Invocation {
            event: payload(input.payload)?,
            client_context: input.client_context.as_deref().map(client_context).transpose()?,
            request_id: cx.request_id.to_string(),
        };
        let realm = cx.realm().await?;
        let plain = |status_code| Output {
            status_code,
            function_error: None,
            log_result: None,
            payload: None,
            executed_version: None,
        };
        match input.invocation_type.as_deref() {
            Some("DryRun") => {
                functions::may_be_event(cx.deeds, &realm, &name).await?;
                return Ok(plain(204));
            }
            Some("Event") => {
                functions::invoke_later(cx.deeds, &realm, &name, invocation).await?;
                return Ok(plain(202));
            }
            _ => {}
        }
        let outcome = functions::invoke(cx.deeds, &realm, &name, invocation).await?;
        let tail = input.log_type.as_deref() == Some("Tail");
        Ok(Output {
            function_error: outcome.failed.map(|_| "Unhandled"),
            log_result: tail.then(|| STANDARD.encode(&outcome.log_tail)),
            payload: Some(STANDARD.encode(&outcome.payload)),
            executed_version: Some(LATEST),
            ..plain(200)
        })
    }
}

fn payload(text: Option<String>) -> Result<Bytes, Fault> {
    let Some(text) = text else { return Ok(Bytes::new()) };
    STANDARD
        .decode(text)
        .map(Bytes::from)
        .map_err(|_| Fault::new(Code::InvalidRequestContent, "Payload is not base64."))
}

/// Reads the client context: JSON in base64.
fn client_context(text: &str) -> Result<String, Fault> {
    let wrong = || {
        Fault::new(
            Code::InvalidRequestContent,
            "Client context must be a valid Base64-encoded JSON object.",
        )
    };
    let bytes = STANDARD.decode(text).map_err(|_| wrong())?;
    let json = String::from_utf8(bytes).map_err(|_| wrong())?;
    // It travels to the function as a header.
    if json.contains(['\r', '\n', '\0']) || !json.starts_with('{') {
        return Err(wrong());
    }
    serde_json::from_str::<IgnoredAny>(&json).map_err(|_| wrong())?;
    Ok(json)
}
