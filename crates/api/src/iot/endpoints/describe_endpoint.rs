use serde::{Deserialize, Serialize};
use thingsmith_core::{Code, Fault};

use crate::{Context, Http, Operation};

/// Tells the name under which devices reach this realm. The default realm has the server's own name; every other one a
/// name that begins with a prefix of its own, by which a connection's server name leads to it.
///
/// # Errors
/// `InvalidRequestException` for a type of endpoint that AWS does not have.
pub struct DescribeEndpoint;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    endpoint_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    endpoint_address: String,
}

impl Operation for DescribeEndpoint {
    const NAME: &'static str = "DescribeEndpoint";
    const HTTP: Http = Http::get("/endpoint");
    const ACTION: Option<&'static str> = Some("iot:DescribeEndpoint");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // The API reference: `iot:Data` when nothing is said. Its certificates are of an old authority at AWS; here both
        // names have the same.
        let suffix = match input.endpoint_type.as_deref().unwrap_or("iot:Data") {
            "iot:Data-ATS" => "-ats",
            "iot:Data" => "",
            later @ ("iot:CredentialProvider" | "iot:Jobs" | "iot:DeviceAdvisor" | "iot:Data-Beta") => {
                let message = format!("The endpointType {later} is not implemented.");
                return Err(Fault::new(Code::NotImplemented, message));
            }
            _ => {
                return Err(Fault::invalid(
                    "endpointType must be one of iot:Data, iot:Data-ATS, iot:CredentialProvider, iot:Jobs and \
                     iot:DeviceAdvisor.",
                ));
            }
        };
        Ok(Output {
            endpoint_address: data_endpoint(cx, suffix).await?,
        })
    }
}

/// The name under which devices reach the caller's realm.
pub(in crate::iot) async fn data_endpoint(cx: &Context<'_>, suffix: &str) -> Result<String, Fault> {
    let config = cx.config;
    if (&cx.caller.account, cx.region) == (&config.account, &config.region) {
        return Ok(config.domain.clone());
    }
    let prefix = &cx.realm().await?.endpoint_prefix;
    Ok(format!("{prefix}{suffix}.iot.{}.{}", cx.region, config.domain))
}
