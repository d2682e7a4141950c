//! How a device comes to its identity, puts another in its place, and stays connected.

use std::time::{Duration, SystemTime};

use thingsmith_mqtt::Version;

use crate::client::KEEP_ALIVE_SECONDS;
use crate::directory::{Change, Directory, Endpoint, Kept, Record, Request, Stage};
use crate::pace::{Backoff, Pace};
use crate::provisioning::{Created, Creation, Provisioning, Registered};
use crate::{AgentError, Client, DeviceKey, Identity, Message, Options};

/// A device: where it keeps its identity, and how patient it is.
pub struct Device<'d> {
    /// Where it keeps its identity.
    pub directory: &'d Directory,
    /// Time and chance.
    pub pace: &'d dyn Pace,
    /// How it waits before it tries again.
    pub backoff: Backoff,
    /// How long it waits for each answer.
    pub patience: Duration,
    /// How long it tries before it gives up.
    pub gives_up_after: Duration,
    /// Hears how it gets on.
    pub progress: &'d (dyn Fn(Progress<'_>) + Sync),
}

/// How a device gets on.
#[derive(Debug)]
pub enum Progress<'p> {
    /// It goes on with what an earlier attempt left.
    Resumed,
    /// It has a certificate, which belongs to nothing yet.
    Created {
        /// The certificate's id.
        certificate_id: &'p str,
    },
    /// It is registered.
    Registered {
        /// As which thing.
        thing_name: Option<&'p str>,
    },
    /// It is connected.
    Connected {
        /// By which client id.
        client_id: &'p str,
    },
    /// It tries again.
    Waiting {
        /// What went wrong.
        cause: &'p AgentError,
        /// After how long.
        wait: Duration,
    },
}

/// What a device provisions itself with.
pub struct Claim<'c> {
    /// The claim certificate, shared by a batch of devices or made a moment ago by a trusted user, with its key.
    pub identity: &'c Identity,
    /// The client id by which the claim connects; two devices may not have the same at once.
    pub client_id: &'c str,
}

/// How often a device that is let in by claim comes back after it was refused: a server that stops also closes.
const REFUSALS: u32 = 2;
/// What AWS says of a token that was used, is too old or is somebody else's.
const INVALID_TOKEN: &str = "InvalidCertificateOwnershipToken";

impl Endpoint {
    /// Connects with a clean session.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect(
        &self,
        identity: &Identity,
        client_id: &str,
        patience: Duration,
    ) -> Result<Client, AgentError> {
        let version = if self.mqtt5 { Version::V5 } else { Version::V3_1_1 };
        let options = Options {
            host: &self.host,
            port: self.port,
            server_name: &self.server_name,
            roots_pem: &self.roots_pem,
            identity,
            client_id,
            patience,
        };
        Client::connect_by(&options, version).await
    }
}

impl Device<'_> {
    /// Provisions the device by a claim certificate, unless it has an identity already.
    ///
    /// The client id is the one of the provisioned device; without one it is the thing's name.
    ///
    /// # Errors
    /// The last reason when nothing helped in time; see [`AgentError`].
    pub async fn provision_by_claim(
        &self,
        endpoint: &Endpoint,
        claim: &Claim<'_>,
        request: &Request,
        client_id: Option<&str>,
    ) -> Result<Kept, AgentError> {
        let change = self.directory.change()?;
        if let Some(kept) = self.has_one()? {
            return Ok(kept);
        }
        self.obtain(&change, endpoint, claim, request, client_id).await?;
        change.activate()
    }

    /// Provisions a device whose maker gave it a certificate: it connects, is refused the first time, and comes back until it
    /// is let in.
    ///
    /// # Errors
    /// As [`Self::provision_by_claim`].
    pub async fn provision_just_in_time(
        &self,
        endpoint: &Endpoint,
        certificates_pem: &str,
        key_pem: &str,
        client_id: &str,
    ) -> Result<Kept, AgentError> {
        let change = self.directory.change()?;
        if let Some(kept) = self.has_one()? {
            return Ok(kept);
        }
        let identity = Identity::from_pem(certificates_pem, key_pem)?;
        self.be_let_in(endpoint, &identity, client_id).await?;
        change.abandon()?;
        change.keep_pair(certificates_pem, key_pem)?;
        change.keep_record(&Record {
            certificate_id: None,
            thing_name: None,
            client_id: client_id.to_owned(),
            device_configuration: Default::default(),
            endpoint: endpoint.clone(),
            request: None,
        })?;
        change.activate()
    }

    /// Puts another key and certificate in the place of the device's own: asked for by its own connection as a claim asks,
    /// tried out, and only then put into use. What is asked is what was asked when the device was provisioned, unless it is
    /// given.
    ///
    /// # Errors
    /// As [`Self::provision_by_claim`]; the device then has its identity as before.
    pub async fn rotate(&self, request: Option<&Request>) -> Result<Kept, AgentError> {
        let change = self.directory.change()?;
        let Kept { identity, record } = self.directory.current()?;
        let request = request.or(record.request.as_ref()).ok_or(AgentError::Incomplete(
            "the device was not provisioned by a template, so that none is known to ask again",
        ))?;
        let claim = Claim {
            identity: &identity,
            client_id: &record.client_id,
        };
        let (endpoint, client_id) = (&record.endpoint, record.client_id.as_str());
        let made = self
            .obtain(&change, endpoint, &claim, request, Some(client_id))
            .await?;
        if let Err(cause) = self
            .be_let_in(endpoint, &made.identity, &made.record.client_id)
            .await
        {
            if cause.is_refusal() {
                change.abandon()?;
            }
            return Err(cause);
        }
        change.activate()
    }

    /// Connects with the device's identity.
    ///
    /// # Errors
    /// See [`AgentError`].
    pub async fn connect(&self) -> Result<Client, AgentError> {
        let Kept { identity, record } = self.directory.current()?;
        record
            .endpoint
            .connect(&identity, &record.client_id, self.patience)
            .await
    }

    /// A connection that is made anew whenever it ends.
    pub fn stay_connected(&self, filters: Vec<String>) -> Lasting<'_> {
        Lasting {
            device: self,
            filters,
            client: None,
            failures: 0,
        }
    }

    fn has_one(&self) -> Result<Option<Kept>, AgentError> {
        match self.directory.current() {
            Ok(kept) => Ok(Some(kept)),
            Err(AgentError::NoIdentity(_)) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Comes by a registered identity that is not in use yet.
    async fn obtain(
        &self,
        change: &Change<'_>,
        endpoint: &Endpoint,
        claim: &Claim<'_>,
        request: &Request,
        client_id: Option<&str>,
    ) -> Result<Kept, AgentError> {
        let mut tries = Tries::new(self, REFUSALS);
        loop {
            if let Stage::Registered(kept) = change.stage(self.pace.now())? {
                if kept.record.request.as_ref() == Some(request) {
                    return Ok(*kept);
                }
                change.abandon()?;
            }
            let attempt = Attempt {
                device: self,
                change,
                endpoint,
                claim,
                request,
                client_id,
            };
            match attempt.run().await {
                Ok(record) => change.keep_record(&record)?,
                Err(cause) => tries.again(cause).await?,
            }
        }
    }

    /// Connects until the server lets the device in.
    async fn be_let_in(
        &self,
        endpoint: &Endpoint,
        identity: &Identity,
        client_id: &str,
    ) -> Result<(), AgentError> {
        let mut tries = Tries::new(self, u32::MAX);
        loop {
            match endpoint.connect(identity, client_id, self.patience).await {
                Ok(client) => {
                    (self.progress)(Progress::Connected { client_id });
                    // It may be gone already; it was let in.
                    drop(client.disconnect().await);
                    return Ok(());
                }
                Err(cause) => tries.again(cause).await?,
            }
        }
    }
}

/// One connection by which a device tries to come by a registered identity.
struct Attempt<'a, 'd> {
    device: &'a Device<'d>,
    change: &'a Change<'a>,
    endpoint: &'a Endpoint,
    claim: &'a Claim<'a>,
    request: &'a Request,
    client_id: Option<&'a str>,
}

impl Attempt<'_, '_> {
    async fn run(&self) -> Result<Record, AgentError> {
        let Device {
            pace,
            patience,
            progress,
            ..
        } = self.device;
        let Claim { identity, client_id } = self.claim;
        let request = self.request;
        let mut client = self.endpoint.connect(identity, client_id, *patience).await?;
        let (format, creation) = (request.format, request.creation);
        let mut provisioning = Provisioning::open(&mut client, format, &request.template, creation).await?;
        if let Stage::Created { identity, pending } = self.change.stage(pace.now())? {
            progress(Progress::Resumed);
            let answer = provisioning
                .register_thing(&pending.ownership_token, &request.parameters)
                .await;
            match answer {
                Err(AgentError::Rejected { code, .. }) if code == INVALID_TOKEN => {
                    if self.is_known(&identity).await {
                        return Ok(self.record(&pending.certificate_id, Registered::default()));
                    }
                    self.change.abandon()?;
                }
                other => return other.map(|registered| self.record(&pending.certificate_id, registered)),
            }
        }
        let created = self.create(&mut provisioning).await?;
        progress(Progress::Created {
            certificate_id: &created.certificate_id,
        });
        let registered = provisioning
            .register_thing(&created.ownership_token, &request.parameters)
            .await?;
        // A claim's next device need not wait until the server notices that this one has gone.
        drop(client.disconnect().await);
        Ok(self.record(&created.certificate_id, registered))
    }

    async fn create(&self, provisioning: &mut Provisioning<'_>) -> Result<Created, AgentError> {
        let now = || self.device.pace.now();
        if self.request.creation == Creation::Keys {
            let (created, key) = provisioning.create_keys_and_certificate().await?;
            self.change.keep_created(&created, Some(&key), now())?;
            return Ok(created);
        }
        let key = match self.change.stage(now())? {
            Stage::Key(pem) => DeviceKey::from_pem(&pem)?,
            _ => {
                let key = DeviceKey::generate()?;
                self.change.keep_key(&key.to_pem())?;
                key
            }
        };
        // The service reads the key alone; the template's parameters name the device.
        let csr = key.signing_request(self.client_id.unwrap_or("device"))?;
        let created = provisioning.create_certificate_from_csr(&csr).await?;
        self.change.keep_created(&created, None, now())?;
        Ok(created)
    }

    /// Whether the answer to an earlier RegisterThing was lost: then the token is used up, and the certificate works. A
    /// device that does not know its client id cannot find out.
    async fn is_known(&self, identity: &Identity) -> bool {
        let Some(client_id) = self.client_id else {
            return false;
        };
        let connected = self
            .endpoint
            .connect(identity, client_id, self.device.patience)
            .await;
        match connected {
            Ok(client) => {
                drop(client.disconnect().await);
                true
            }
            Err(_) => false,
        }
    }

    fn record(&self, certificate_id: &str, registered: Registered) -> Record {
        (self.device.progress)(Progress::Registered {
            thing_name: registered.thing_name.as_deref(),
        });
        let client_id = self.client_id.map(str::to_owned);
        Record {
            certificate_id: Some(certificate_id.to_owned()),
            client_id: client_id
                .or_else(|| registered.thing_name.clone())
                .unwrap_or_else(|| certificate_id.to_owned()),
            thing_name: registered.thing_name,
            device_configuration: registered.device_configuration,
            endpoint: self.endpoint.clone(),
            request: Some(self.request.clone()),
        }
    }
}

/// What was tried so far.
struct Tries<'a, 'd> {
    device: &'a Device<'d>,
    began: SystemTime,
    failures: u32,
    refusals_left: u32,
}

impl<'a, 'd> Tries<'a, 'd> {
    fn new(device: &'a Device<'d>, refusals: u32) -> Self {
        Self {
            device,
            began: device.pace.now(),
            failures: 0,
            refusals_left: refusals,
        }
    }

    /// Waits for the next try; gives the cause back if there is none.
    async fn again(&mut self, cause: AgentError) -> Result<(), AgentError> {
        let Device {
            pace,
            backoff,
            gives_up_after,
            progress,
            ..
        } = self.device;
        if !cause.is_passing() {
            if !cause.is_refusal() || self.refusals_left == 0 {
                return Err(cause);
            }
            self.refusals_left -= 1;
        }
        let wait = backoff.after(self.failures, pace.chance());
        // A clock that was set back meanwhile says nothing.
        let elapsed = pace.now().duration_since(self.began).unwrap_or_default();
        if elapsed + wait > *gives_up_after {
            return Err(cause);
        }
        progress(Progress::Waiting { cause: &cause, wait });
        pace.wait(wait).await;
        self.failures = self.failures.saturating_add(1);
        Ok(())
    }
}

/// A connection that is made anew whenever it ends, with the identity that is in use then.
pub struct Lasting<'d> {
    device: &'d Device<'d>,
    filters: Vec<String>,
    client: Option<Client>,
    failures: u32,
}

impl Lasting<'_> {
    /// The next message of the subscriptions, however long it takes.
    ///
    /// # Errors
    /// What no other try will mend, such as files that are damaged.
    pub async fn next_message(&mut self) -> Result<Message, AgentError> {
        loop {
            let cause = match self.listen().await {
                Ok(message) => {
                    self.failures = 0;
                    return Ok(message);
                }
                Err(cause) => cause,
            };
            self.client = None;
            if !cause.is_passing() && !cause.is_refusal() {
                return Err(cause);
            }
            let Device {
                pace,
                backoff,
                progress,
                ..
            } = self.device;
            let wait = backoff.after(self.failures, pace.chance());
            progress(Progress::Waiting { cause: &cause, wait });
            pace.wait(wait).await;
            self.failures = self.failures.saturating_add(1);
        }
    }

    async fn listen(&mut self) -> Result<Message, AgentError> {
        let client = match &mut self.client {
            Some(client) => client,
            none => {
                let Kept { identity, record } = self.device.directory.current()?;
                let patience = self.device.patience;
                let endpoint = &record.endpoint;
                let mut client = endpoint.connect(&identity, &record.client_id, patience).await?;
                for filters in self.filters.chunks(FILTERS) {
                    let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
                    client.subscribe_all(&filters).await?;
                }
                (self.device.progress)(Progress::Connected {
                    client_id: &record.client_id,
                });
                none.insert(client)
            }
        };
        let quiet = Duration::from_secs(u64::from(KEEP_ALIVE_SECONDS)) / 2;
        loop {
            match client.next_message_within(quiet).await {
                Err(AgentError::TimedOut) => client.ping().await?,
                other => return other,
            }
            // What answers lets the next failure be the first again.
            self.failures = 0;
        }
    }
}

/// Filters that AWS takes in one SUBSCRIBE.
const FILTERS: usize = 8;
