use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::clients::{self, Connection, Report};
use thingsmith_core::quotas::Quota;

use super::{check_client_id, client_resource};
use crate::{Context, Http, Operation};

/// Says whether a client is connected, and how; for half an hour also how it left.
///
/// # Errors
/// `ResourceNotFoundException` for a client that is not, was not lately, and has no session; `ThrottlingException` when the
/// account asks too often.
pub struct GetConnection;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    client_id: String,
    include_socket_information: Option<bool>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    client_id: String,
    connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_name: Option<String>,
    clean_session: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive_duration: Option<u16>,
    /// In milliseconds, as the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    connected_since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnected_since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<String>,
    session_expiry: u32,
}

impl Operation for GetConnection {
    const NAME: &'static str = "GetConnection";
    const HTTP: Http = Http::get("/connections/{clientId}");
    const ACTION: Option<&'static str> = Some("iot:GetConnection");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(client_resource(&input.client_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        check_client_id(&input.client_id)?;
        let realm = cx.realm().await?;
        cx.deeds.call_within(realm.realm, Quota::GetConnection)?;
        let connection = clients::get_connection(cx.deeds, &realm, &input.client_id).await?;
        let output = Output {
            client_id: input.client_id,
            ..Output::default()
        };
        Ok(match connection {
            Connection::Connected(report) => {
                let sockets = input.include_socket_information.unwrap_or_default();
                connected(output, report, sockets)
            }
            Connection::Disconnected {
                departure,
                session_expiry_seconds,
            } => {
                let (report, at, reason) = match departure {
                    Some(departure) => (
                        Some(departure.report),
                        Some(departure.at.as_millis()),
                        Some(departure.reason),
                    ),
                    None => (None, None, None),
                };
                Output {
                    clean_session: session_expiry_seconds.is_none(),
                    session_expiry: session_expiry_seconds.unwrap_or_default(),
                    disconnected_since: at,
                    disconnect_reason: reason,
                    keep_alive_duration: report.as_ref().map(|report| report.keep_alive_seconds),
                    thing_name: report.and_then(|report| report.thing_name),
                    ..output
                }
            }
        })
    }
}

fn connected(output: Output, report: Report, sockets: bool) -> Output {
    // An IPv4 client of a listener on `[::]` is told as what it is.
    let source = sockets.then(|| (report.source.ip().to_canonical(), report.source.port()));
    let target = sockets.then(|| (report.target.ip().to_canonical(), report.target.port()));
    Output {
        connected: true,
        thing_name: report.thing_name,
        clean_session: report.session_expiry_seconds == 0,
        source_ip: source.map(|(ip, _)| ip.to_string()),
        source_port: source.map(|(_, port)| port),
        target_ip: target.map(|(ip, _)| ip.to_string()),
        target_port: target.map(|(_, port)| port),
        keep_alive_duration: Some(report.keep_alive_seconds),
        connected_since: Some(report.connected_at.as_millis()),
        session_expiry: report.session_expiry_seconds,
        ..output
    }
}
