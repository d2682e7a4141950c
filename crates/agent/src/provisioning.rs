//! The fleet provisioning API over MQTT ("Device provisioning MQTT API" in AWS IoT's guide), from the device's side.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{AgentError, Client, Format};

/// A certificate that was made and belongs to nothing yet.
pub struct Created {
    /// Its id.
    pub certificate_id: String,
    /// The certificate, and whatever belongs to its chain, as PEM.
    pub certificate_pem: String,
    /// What proves to RegisterThing, for an hour, that the certificate is the device's own.
    pub ownership_token: Zeroizing<String>,
}

/// What RegisterThing made of a device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registered {
    /// The thing's name; none where the template has no thing.
    pub thing_name: Option<String>,
    /// What the template tells devices.
    pub device_configuration: Map<String, Value>,
}

/// The names and values that a template asks a device for.
pub type Parameters = BTreeMap<String, String>;

/// A connection on which a device asks for its certificate and its registration.
pub struct Provisioning<'c> {
    client: &'c mut Client,
    format: Format,
    template: String,
}

impl<'c> Provisioning<'c> {
    /// Subscribes to the answers of RegisterThing with this template, and of the way that makes the certificate.
    ///
    /// # Errors
    /// [`AgentError::Template`] for what is no name, [`AgentError::SubscriptionRefused`] where the certificate's policy does
    /// not allow the subscription.
    pub async fn open(
        client: &'c mut Client,
        format: Format,
        template: &str,
        creation: Creation,
    ) -> Result<Self, AgentError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if template.is_empty() || template.len() > 36 || !template.bytes().all(is_name) {
            return Err(AgentError::Template(template.to_owned()));
        }
        let provisioning = Self {
            client,
            format,
            template: template.to_owned(),
        };
        let (create, register) = (
            provisioning.creation_topic(creation),
            provisioning.register_topic(),
        );
        let filters = [
            format!("{create}/accepted"),
            format!("{create}/rejected"),
            format!("{register}/accepted"),
            format!("{register}/rejected"),
        ];
        let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
        provisioning.client.subscribe_all(&filters).await?;
        Ok(provisioning)
    }

    /// Has the service sign a request, as PEM; the key stays on the device.
    ///
    /// # Errors
    /// [`AgentError::Rejected`] when the service does not; see [`AgentError`].
    pub async fn create_certificate_from_csr(&mut self, csr: &str) -> Result<Created, AgentError> {
        let topic = self.creation_topic(Creation::FromCsr);
        let request = json!({ "certificateSigningRequest": csr });
        let answer = self.ask("CreateCertificateFromCsr", &topic, &request).await?;
        created(&topic, answer).map(|(created, _)| created)
    }

    /// Has the service make the key too; gives it back as PEM.
    ///
    /// # Errors
    /// As [`Self::create_certificate_from_csr`].
    pub async fn create_keys_and_certificate(&mut self) -> Result<(Created, Zeroizing<String>), AgentError> {
        let topic = self.creation_topic(Creation::Keys);
        let answer = self.ask("CreateKeysAndCertificate", &topic, &json!({})).await?;
        let (created, key) = created(&topic, answer)?;
        let key = key.ok_or_else(|| absent(&topic, "privateKey"))?;
        Ok((created, key))
    }

    /// Registers the device that owns a certificate.
    ///
    /// # Errors
    /// [`AgentError::Rejected`] when the template, its hook or its role does not; see [`AgentError`].
    pub async fn register_thing(
        &mut self,
        ownership_token: &str,
        parameters: &Parameters,
    ) -> Result<Registered, AgentError> {
        let topic = self.register_topic();
        let request = json!({ "certificateOwnershipToken": ownership_token, "parameters": parameters });
        let mut answer = self.ask("RegisterThing", &topic, &request).await?;
        let thing_name = take_text(&mut answer, "thingName");
        let device_configuration = match answer.remove("deviceConfiguration") {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        Ok(Registered {
            thing_name,
            device_configuration,
        })
    }

    fn creation_topic(&self, creation: Creation) -> String {
        let verb = match creation {
            Creation::FromCsr => "create-from-csr",
            Creation::Keys => "create",
        };
        format!("$aws/certificates/{verb}/{}", self.format.name())
    }

    fn register_topic(&self) -> String {
        format!(
            "$aws/provisioning-templates/{}/provision/{}",
            self.template,
            self.format.name()
        )
    }

    async fn ask(
        &mut self,
        operation: &'static str,
        topic: &str,
        request: &Value,
    ) -> Result<Map<String, Value>, AgentError> {
        let request = self.format.write(request);
        self.client.publish(topic, request).await?;
        loop {
            let message = self.client.next_message().await?;
            let Some(outcome) = message
                .topic
                .strip_prefix(topic)
                .and_then(|rest| rest.strip_prefix('/'))
            else {
                continue;
            };
            let is_accepted = match outcome {
                "accepted" => true,
                "rejected" => false,
                _ => continue,
            };
            let unreadable = |cause: String| AgentError::Answer {
                topic: message.topic.clone(),
                cause,
            };
            let answer = self.format.read(&message.payload).map_err(unreadable)?;
            let Value::Object(mut answer) = answer else {
                return Err(unreadable("it is no map".to_owned()));
            };
            if is_accepted {
                return Ok(answer);
            }
            let status = answer.get("statusCode").and_then(Value::as_u64);
            return Err(AgentError::Rejected {
                operation,
                status: status
                    .and_then(|status| status.try_into().ok())
                    .unwrap_or_default(),
                code: take_text(&mut answer, "errorCode").unwrap_or_default(),
                message: take_text(&mut answer, "errorMessage").unwrap_or_default(),
            });
        }
    }
}

/// How a certificate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Creation {
    /// The device makes the key and sends a request: CreateCertificateFromCsr.
    #[default]
    #[serde(rename = "csr")]
    FromCsr,
    /// The service makes the key and sends it: CreateKeysAndCertificate.
    Keys,
}

type CreatedWithKey = (Created, Option<Zeroizing<String>>);

fn created(topic: &str, mut answer: Map<String, Value>) -> Result<CreatedWithKey, AgentError> {
    let key = take_text(&mut answer, "privateKey").map(Zeroizing::new);
    let mut text = |name| take_text(&mut answer, name).ok_or_else(|| absent(topic, name));
    let created = Created {
        certificate_id: text("certificateId")?,
        certificate_pem: text("certificatePem")?,
        ownership_token: Zeroizing::new(text("certificateOwnershipToken")?),
    };
    Ok((created, key))
}

fn take_text(answer: &mut Map<String, Value>, name: &str) -> Option<String> {
    match answer.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn absent(topic: &str, name: &str) -> AgentError {
    AgentError::Answer {
        topic: format!("{topic}/accepted"),
        cause: format!("{name} is absent"),
    }
}
