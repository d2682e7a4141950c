//! What a principal's policies let it do.

use std::net::{IpAddr, Ipv4Addr};

use thingsmith_model::{PolicyName, Timestamp};
use thingsmith_mqtt::TopicName;
use thingsmith_policy::{ConnectAttributes, IotContext, Request, Verdict, evaluate};
use thingsmith_ports::StoreError;

use super::known::{FRESH, Who, read};
use super::{Principal, TopicAction, arn};

/// The answer to what a principal wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it may.
    pub allowed: bool,
    /// The statement of a certificate's policy that decided; none when no statement spoke of it or the certificate is not
    /// active any more.
    pub decided_by: Option<DecidingStatement>,
    /// Whether a statement denied it: also one of an IAM policy, which is not named.
    pub denied_explicitly: bool,
    /// Whether the certificate is still active, or the access key still good.
    pub active: bool,
}

/// A statement of an attached policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidingStatement {
    /// The policy.
    pub policy: PolicyName,
    /// Its version.
    pub version: i64,
    /// The statement in it, counted from 0.
    pub statement: usize,
}

impl Principal {
    /// May it connect under its client id?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_connect(&mut self) -> Result<Answer, StoreError> {
        let resource = arn(&self.realm, "client", &self.connect.client_id);
        self.ask("iot:Connect", &resource).await
    }

    /// May it publish on this topic?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_publish(&mut self, topic: &str) -> Result<Answer, StoreError> {
        self.ask_on_topic(TopicAction::Publish, topic).await
    }

    /// May a message of its be retained on this topic? That it may be published is another question.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_retain_publish(&mut self, topic: &str) -> Result<Answer, StoreError> {
        self.ask_on_topic(TopicAction::RetainPublish, topic).await
    }

    /// May it subscribe with this filter, as it was sent?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_subscribe(&mut self, filter: &str) -> Result<Answer, StoreError> {
        let resource = arn(&self.realm, "topicfilter", filter);
        self.ask("iot:Subscribe", &resource).await
    }

    /// May it receive a message on this topic?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_receive(&mut self, topic: &str) -> Result<Answer, StoreError> {
        self.ask_on_topic(TopicAction::Receive, topic).await
    }

    /// Whether it certainly may do this now, which is found out without waiting for anybody. If not, the answer and its
    /// reasons are to be asked for: it may still be a yes. `now` is the time by the server's clock, looked at a moment ago.
    pub fn certainly_may(&mut self, action: TopicAction, topic: &TopicName, now: Timestamp) -> bool {
        if self.is_out_of_date(now, self.watch.count()) || !self.is_in_force(action.as_str(), now) {
            return false;
        }
        if self.permitted.has(action, topic) {
            return true;
        }
        let resource = arn(&self.realm, "topic", topic.as_str());
        let allowed = self.decide(action.as_str(), &resource, now).allowed;
        // IAM policies may ask what time it is.
        if allowed && !matches!(self.who, Who::Signatory(_)) {
            self.permitted.remember(action, topic);
        }
        allowed
    }

    async fn ask_on_topic(&mut self, action: TopicAction, topic: &str) -> Result<Answer, StoreError> {
        let resource = arn(&self.realm, "topic", topic);
        self.ask(action.as_str(), &resource).await
    }

    async fn ask(&mut self, action: &str, resource: &str) -> Result<Answer, StoreError> {
        let now = self.deeds.clock().now();
        let changes = self.watch.count();
        if self.is_out_of_date(now, changes) {
            let moment = self.deeds.watches().moment();
            self.known = read(&self.deeds, &self.realm, &self.who, &self.connect.client_id).await?;
            self.permitted.forget();
            self.read_up_to = changes;
            self.watch_what_is_known(moment);
        }
        Ok(self.decide(action, resource, now))
    }

    /// Whether what is known is to be read anew after so many changes that concern it.
    fn is_out_of_date(&self, now: Timestamp, changes: u64) -> bool {
        let aged = now >= self.known.read_at.plus(FRESH) && !self.deeds.watches().is_live(now);
        aged || changes != self.read_up_to
    }

    /// Whether policies are asked at all.
    fn is_in_force(&self, action: &str, now: Timestamp) -> bool {
        // Whoever asked with a claim in time still hears the answer.
        let is_over = action != "iot:Receive" && self.known.ends_at.is_some_and(|ends_at| now >= ends_at);
        let expired = self.known.expires_at.is_some_and(|expires_at| expires_at <= now);
        self.known.active && !is_over && !expired
    }

    fn decide(&self, action: &str, resource: &str, now: Timestamp) -> Answer {
        if !self.is_in_force(action, now) {
            return Answer {
                allowed: false,
                decided_by: None,
                denied_explicitly: false,
                active: false,
            };
        }
        let connecting = action == "iot:Connect";
        let client_id = Some(self.client_id()).filter(|id| !id.is_empty());
        // Guide, "Thing policy variables": they are of connections over MQTT only.
        let thing = self.known.thing.as_ref().filter(|_| client_id.is_some());
        let context = IotContext {
            client_id,
            source_ip: self.source.as_deref(),
            domain_name: self.connect.server_name.as_deref(),
            thing,
            // Guide: whether the certificate or the Cognito identity is attached; others never are.
            is_attached: client_id
                .filter(|_| self.certificate.is_some())
                .map(|_| thing.is_some()),
            certificate: self.certificate.as_ref(),
            connect_attributes: connecting.then_some(ConnectAttributes {
                persistent_connect: self.connect.persistent,
                last_will: self.will_topic.is_some(),
            }),
            last_will_topic: if connecting {
                self.will_topic.as_deref()
            } else {
                None
            },
            others: &[],
        };
        if let (Who::Signatory(signatory), Some(caller)) = (&self.who, &self.known.caller) {
            let source = self.connect.source.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            let context = signatory.context(caller, source, now, context);
            let verdict = caller.verdict(&context, action, resource);
            return Answer {
                allowed: verdict == Verdict::Allowed,
                decided_by: None,
                denied_explicitly: verdict == Verdict::ExplicitDeny,
                active: true,
            };
        }
        let documents = self
            .known
            .documents
            .iter()
            .map(|attached| attached.document.as_ref());
        let decision = evaluate(
            documents,
            &Request {
                action,
                resource,
                variables: &context,
            },
        );
        let decided_by = decision.decided_by.map(|by| {
            let attached = &self.known.documents[by.document];
            DecidingStatement {
                policy: attached.name.clone(),
                version: attached.version,
                statement: by.statement,
            }
        });
        Answer {
            allowed: decision.verdict == Verdict::Allowed,
            decided_by,
            denied_explicitly: decision.verdict == Verdict::ExplicitDeny,
            active: true,
        }
    }
}
