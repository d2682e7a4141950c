//! From a request to its answer: signature, operation, members, constraints, permission, deed.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::http::request::Parts;
use thingsmith_aws_model::{OperationModel, Protocol, Route};
use thingsmith_core::decisions::{Decision, Stage};
use thingsmith_core::{Code, Fault};
use thingsmith_sigv4::{Request, SignedRequest};
use uuid::Uuid;

use crate::auth::{self, Caller, Claim, RequestFacts};
use crate::protocol::aws_query::{self, Form};
use crate::protocol::{EdgeError, Received, Refusal, Reply, exception, rest_json};
use crate::service::{Answer, Form as Wanted, Members};
use crate::{Api, Context, Service, iot_data, lambda};

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) peer: SocketAddr,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
}

/// What the log says of a request.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) operation: Option<String>,
    pub(crate) access_key_id: Option<String>,
}

/// The service that a request means.
#[derive(Clone, Copy)]
enum Meant<'a> {
    Spoken(&'a Service),
    /// One of AWS's that is not spoken yet.
    Later(&'a str),
    Unknown(&'a str),
}

/// The services whose operations devices and their makers need and that come later, by the name in the scope of their
/// signatures.
const LATER: [&str; 10] = [
    "IoTSecuredTunneling",
    "acm",
    "acm-pca",
    "cognito-identity",
    "greengrass",
    "iot-jobs-data",
    "iotdeviceadvisor",
    "iotdevicegateway",
    "s3",
    "secretsmanager",
];

impl Api {
    /// Answers a request to AWS.
    pub(crate) async fn answer(
        &self,
        head: &Parts,
        body: Incoming,
        source: Source,
        request_id: Uuid,
        noted: &mut Noted,
    ) -> Reply {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let headers: Vec<(&str, &[u8])> = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let request = Request {
            method: head.method.as_str(),
            target: target.as_bytes(),
            headers: &headers,
        };
        let signed = Claim::read(request);
        let scope = signed
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(|signed| signed.credential().scope.service.clone());
        let meant = self.meant(head, target, scope.as_deref());

        let mut answering = Answering {
            api: self,
            head,
            target,
            source,
            request_id,
            meant,
            operation: None,
        };
        let answer = answering.run(signed, body, noted).await;
        let operation = answering.operation;
        noted.operation = operation.map(|operation| operation.name.clone());
        if let Err(Refusal::Fault(fault)) = &answer {
            self.note_fault(meant, operation, fault, request_id);
        }
        let service = match meant {
            Meant::Spoken(service) => service,
            Meant::Later(_) | Meant::Unknown(_) => &self.iot,
        };
        match (service.model.metadata().protocol, answer, operation) {
            (Protocol::Query, Ok(Members::Apart(output)), Some(operation)) => {
                aws_query::success(&service.model, operation, &output, request_id)
            }
            (Protocol::Query, Err(refusal), _) => aws_query::refusal(&service.model, &refusal, request_id),
            (_, Ok(output), operation) => rest_json::success(&service.model, operation, output),
            (_, Err(refusal), _) => rest_json::refusal(&service.model, &refusal),
        }
    }

    /// The service that a request means: its signature says so; that of an unsigned one is guessed, for the form of the
    /// refusal.
    fn meant<'a>(&'a self, head: &'a Parts, target: &str, scope: Option<&'a str>) -> Meant<'a> {
        match scope {
            Some("iam") => Meant::Spoken(&self.iam),
            Some("iot") => Meant::Spoken(&self.iot),
            Some("iotdata") => Meant::Spoken(&self.iot_data),
            Some("lambda") => Meant::Spoken(&self.lambda),
            Some("sts") => Meant::Spoken(&self.sts),
            Some(name) => match LATER.iter().find(|later| **later == name) {
                Some(later) => Meant::Later(later),
                None => Meant::Unknown(name),
            },
            None => {
                let header = |name| {
                    head.headers
                        .get(name)
                        .and_then(|value| value.to_str().ok())
                        .unwrap_or_default()
                };
                if let Some((prefix, _)) = header("x-amz-target").split_once('.') {
                    return Meant::Later(prefix);
                }
                let form = header(CONTENT_TYPE.as_str()).starts_with("application/x-www-form-urlencoded");
                let root = target == "/" || target.starts_with("/?");
                Meant::Spoken(if root && (form || target.contains("Action=")) {
                    &self.sts
                } else {
                    &self.iot
                })
            }
        }
    }

    /// Logs what is behind a fault that is ours, once, and counts those that the operation must not answer.
    fn note_fault(
        &self,
        meant: Meant<'_>,
        operation: Option<&OperationModel>,
        fault: &Fault,
        request_id: Uuid,
    ) {
        if let Some(cause) = &fault.cause {
            tracing::error!(%request_id, code = fault.code.exception(), cause = &**cause as &dyn std::error::Error, "a request failed");
        }
        // Any service's front end may say these.
        if matches!(
            fault.code,
            Code::AccessDenied | Code::InternalFailure | Code::ServiceUnavailable | Code::NotImplemented
        ) {
            return;
        }
        let (Meant::Spoken(service), Some(operation)) = (meant, operation) else {
            return;
        };
        // The query services' word for a member that is wrong is one of the common ones.
        if fault.code == Code::InvalidRequest && service.model.metadata().protocol == Protocol::Query {
            return;
        }
        let exception = exception(&service.model, fault.code);
        if !operation
            .errors
            .iter()
            .any(|listed| service.model.shape(*listed).name == exception)
        {
            self.unlisted.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%request_id, operation = operation.name, exception, "AWS's model does not list this exception");
        }
    }
}

/// One request on its way.
struct Answering<'a> {
    api: &'a Api,
    head: &'a Parts,
    target: &'a str,
    source: Source,
    request_id: Uuid,
    meant: Meant<'a>,
    /// The operation, once it is known.
    operation: Option<&'a OperationModel>,
}

impl<'a> Answering<'a> {
    async fn run(
        &mut self,
        signed: Result<Option<SignedRequest<'a>>, EdgeError>,
        body: Incoming,
        noted: &mut Noted,
    ) -> Answer {
        let claim = match signed {
            Err(error) => Err(error.into()),
            Ok(Some(signed)) => {
                noted.access_key_id = Some(signed.credential().access_key_id.clone());
                auth::claim(&self.api.keys, &self.api.deeds, signed)
                    .await
                    .map(Some)
            }
            // Some operations of the query services take no signature; which one is meant stands in the body.
            Ok(None) if matches!(self.meant, Meant::Spoken(service) if service.model.metadata().protocol == Protocol::Query) => {
                Ok(None)
            }
            Ok(None) => Err(EdgeError::NoCredential.into()),
        };
        let claim = match claim {
            Ok(claim) => claim,
            Err(error) => {
                self.discard(body).await;
                return Err(error);
            }
        };
        let body = self.read(body).await?;
        let received = Received {
            target: self.target,
            headers: &self.head.headers,
            body: &body,
        };
        match claim {
            Some(claim) => {
                let caller = claim.prove(&self.api.keys, &body, self.api.deeds.clock().now())?;
                self.ask(&received, &claim, &caller).await
            }
            None => Err(self.unsigned(&received).into()),
        }
    }

    /// Finds the operation, reads its members and calls it.
    async fn ask(&mut self, received: &Received<'_>, claim: &Claim<'_>, caller: &Caller) -> Answer {
        let service = match self.meant {
            Meant::Spoken(service) => service,
            Meant::Later(name) => {
                return Err(
                    EdgeError::NotImplemented(format!("The service {name} is not implemented.")).into(),
                );
            }
            Meant::Unknown(name) => {
                let name: String = name.chars().take(64).collect();
                return Err(EdgeError::UnknownOperation(format!("There is no service {name}.")).into());
            }
        };
        let model = &service.model;
        let (entry, input) = if model.metadata().protocol == Protocol::Query {
            let form = Form::read(received)?;
            let operation = form.operation(model)?;
            self.operation = Some(operation);
            (service.entry(operation)?, form.input(model, operation)?)
        } else {
            let path = self.path(service);
            let route = self.route(service, &path)?;
            self.operation = Some(route.operation);
            (
                service.entry(route.operation)?,
                rest_json::input(model, &route, received)?,
            )
        };
        let operation = self.operation.expect("both arms set it");
        model.validate(operation, &input).map_err(EdgeError::from)?;

        let facts = RequestFacts {
            caller,
            region: claim.region().as_str(),
            source: self.source.peer.ip(),
            secure: self.source.secure,
            user_agent: self
                .head
                .headers
                .get(USER_AGENT)
                .and_then(|value| value.to_str().ok()),
            now: self.api.deeds.clock().now(),
        };
        let cx = Context {
            deeds: &self.api.deeds,
            config: &self.api.config,
            caller,
            region: claim.region(),
            request_id: self.request_id,
            facts: &facts,
        };
        let decide = |action: &str, resources: &[String]| {
            auth::authorize(&facts, action, resources)
                .inspect_err(|refused| self.note_denied(&facts, action, resources, refused))
        };
        let form = match model.metadata().protocol {
            Protocol::Query => Wanted::Apart,
            _ => rest_json::form(model, operation),
        };
        (entry.run)(&cx, &decide, input, form).await
    }

    /// Keeps a record of what a caller may not do.
    fn note_denied(&self, facts: &RequestFacts<'_>, action: &str, resources: &[String], refused: &EdgeError) {
        let mut decision = Decision::new(Stage::Api, refused.to_string())
            .from_peer(self.source.peer)
            .about(action, &resources.join(", "));
        decision.account = Some(facts.caller.account.to_string());
        decision.region = Some(facts.region.to_owned());
        decision.caller = Some(facts.caller.arn.clone());
        self.api.deeds.refuse(decision);
    }

    fn path(&self, service: &Service) -> Cow<'a, str> {
        let path = self.target.split_once('?').map_or(self.target, |(path, _)| path);
        match service.model.metadata().signing_name() {
            "iotdata" => iot_data::topic_as_one_segment(path),
            "lambda" => lambda::without_slash(path).into(),
            _ => path.into(),
        }
    }

    fn route<'p>(&self, service: &'a Service, path: &'p str) -> Result<Route<'a, 'p>, EdgeError> {
        let method = self.head.method.as_str();
        service.model.route(method, path).ok_or_else(|| {
            let path: String = path.chars().take(256).collect();
            EdgeError::UnknownOperation(format!("No operation is reached by {method} {path}."))
        })
    }

    /// What an unsigned request of a query service is told.
    fn unsigned(&mut self, received: &Received<'_>) -> EdgeError {
        let Meant::Spoken(service) = self.meant else {
            return EdgeError::NoCredential;
        };
        let operation = Form::read(received).and_then(|form| form.operation(&service.model));
        match operation {
            Ok(operation) if operation.unsigned => {
                self.operation = Some(operation);
                match service.entry(operation) {
                    // No operation that takes no signature is written.
                    Ok(_) => EdgeError::NoCredential,
                    Err(missing) => missing,
                }
            }
            _ => EdgeError::NoCredential,
        }
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, EdgeError> {
        let limit = self.body_bytes();
        if body.size_hint().lower() > limit as u64 {
            return Err(EdgeError::TooLarge(limit));
        }
        let usual = self.api.config.body_bytes as u64;
        let large = body.size_hint().upper().is_none_or(|bytes| bytes > usual) && limit as u64 > usual;
        let collected = async {
            let _permit = match large {
                // The semaphore is never closed.
                true => self.api.large.acquire().await.ok(),
                false => None,
            };
            Limited::new(body, limit).collect().await
        };
        match tokio::time::timeout(self.api.config.body_timeout, collected).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(EdgeError::TooLarge(limit)),
            Ok(Err(error)) => Err(EdgeError::Serialization(format!(
                "The request's body broke off: {error}."
            ))),
            Err(_) => Err(EdgeError::TooSlow),
        }
    }

    /// Most bytes of this request's body.
    fn body_bytes(&self) -> usize {
        let usual = self.api.config.body_bytes;
        match self.meant {
            Meant::Spoken(service) if service.model.metadata().signing_name() == "lambda" => self
                .route(service, &self.path(service))
                .ok()
                .and_then(|route| lambda::body_bytes(&route.operation.name))
                .map_or(usual, |more| more.max(usual)),
            _ => usual,
        }
    }

    /// Lets a small body of a refused request pass, so that its sender gets to read the answer.
    async fn discard(&self, body: Incoming) {
        let limit = self.api.config.body_bytes;
        if body.size_hint().lower() > limit as u64 {
            return;
        }
        let mut body = Limited::new(body, limit);
        let pass = async { while let Some(Ok(_)) = body.frame().await {} };
        let _ = tokio::time::timeout(self.api.config.body_timeout, pass).await;
    }
}
