//! One line, from its text to its row.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thingsmith_ports::{Batch, Store, StoreError};
use thingsmith_template::{Template, Values};

use crate::acting::ActingRole;
use crate::fault::sentence;
use crate::provisioning::{Along, Bearer, Registered, Standing, register_thing_with};
use crate::realms::RealmRecord;
use crate::thing_registration_tasks::input::Line;
use crate::thing_registration_tasks::{Floor, report, rows};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// How often a failure of ours is met with another try, before the whole task is given a pause.
const TRIES: u32 = 8;
/// After how many tries a failure that nobody else has is believed to be the line's.
const INTERNAL_TRIES: u32 = 3;

/// A line on its way, in a lane of its own.
pub(super) struct Flight {
    pub(super) deeds: Arc<Deeds>,
    pub(super) realm: Arc<RealmRecord>,
    pub(super) template: Arc<Template>,
    pub(super) role: Arc<ActingRole>,
    pub(super) task: i64,
    pub(super) epoch: i64,
    pub(super) lane: i64,
    pub(super) line: Line,
    /// The line's bytes with those of blank lines before it.
    pub(super) bytes: i64,
    pub(super) floor: Floor,
}

/// How it ended.
pub(super) enum Landing {
    /// The line is registered or stands among the errors.
    Done,
    /// Somebody else has the task.
    Lost,
    /// The store does not do what it should.
    Trouble(Fault),
}

impl Flight {
    /// Registers the line, or puts it among the errors.
    pub(super) async fn fly(&self) -> Landing {
        let mut tries = 0;
        loop {
            let Err(fault) = self.register().await else {
                return self.registered();
            };
            tries += 1;
            let theirs = !matches!(
                fault.code,
                Code::InternalFailure | Code::ServiceUnavailable | Code::Throttling
            );
            if theirs {
                return self.fail(&fault).await;
            }
            match self.standing(self.deeds.store()).await {
                Ok(Standing::Done) => return self.registered(),
                Ok(Standing::Lost) => return Landing::Lost,
                Ok(Standing::Open) | Err(_) => {}
            }
            if fault.code == Code::InternalFailure && tries >= INTERNAL_TRIES {
                tracing::error!(
                    line = self.line.number,
                    cause = fault.cause.as_ref().map(tracing::field::display),
                    "a line could not be registered"
                );
                return self.fail(&fault).await;
            }
            if tries >= TRIES {
                return Landing::Trouble(fault);
            }
            tokio::time::sleep(Duration::from_millis(20 << tries)).await;
        }
    }

    fn registered(&self) -> Landing {
        self.deeds.metrics().bulk().line(true);
        Landing::Done
    }

    async fn register(&self) -> Result<(), Fault> {
        let mut parameters = self.line.parameters()?;
        // A list has nothing in a column where the template's default is meant.
        for parameter in self.template.parameters() {
            if parameter.default.is_some() && parameters.get(&parameter.name).is_some_and(String::is_empty) {
                parameters.remove(&parameter.name);
            }
        }
        let values = Values::new(parameters);
        let plan = self.template.resolve(&values);
        let plan = plan.map_err(|wrong| Fault::invalid(sentence(&wrong)))?;
        let (deeds, realm, role) = (&self.deeds, &self.realm, &*self.role);
        register_thing_with(deeds, realm, role, &plan, Bearer::Planned, Some(self))
            .await
            .map(drop)
    }

    /// Puts the line among the errors.
    async fn fail(&self, fault: &Fault) -> Landing {
        let body = report::error_line(self.line.number, self.line.offset, fault);
        let tries = Tries::default();
        loop {
            let outcome = self.fail_once(&body, tries.is_first()).await;
            match tries.settle(outcome).await {
                Ok(Some(landing)) => {
                    if matches!(landing, Landing::Done) {
                        self.deeds.metrics().bulk().line(false);
                    }
                    return landing;
                }
                Ok(None) => {}
                Err(fault) => return Landing::Trouble(fault),
            }
        }
    }

    async fn fail_once(&self, body: &str, first: bool) -> Result<Landing, Attempt> {
        if !first {
            match self.standing(self.deeds.store()).await? {
                Standing::Open => {}
                Standing::Done => return Ok(Landing::Done),
                Standing::Lost => return Ok(Landing::Lost),
            }
        }
        let mut batch = Batch::new();
        self.keep(&mut batch, true, body);
        self.deeds.commit(batch).await?;
        Ok(Landing::Done)
    }

    fn keep(&self, batch: &mut Batch, failed: bool, body: &str) {
        let (realm, line) = (self.realm.realm, self.line.number);
        let place = (self.task, self.lane, self.epoch);
        rows::count_line(batch, realm, place, failed, self.bytes, self.floor);
        rows::insert_line(batch, realm, self.task, line, failed, body);
    }
}

#[async_trait]
impl Along for Flight {
    fn write(&self, batch: &mut Batch, registered: &Registered) {
        let body = report::result_line(self.line.number, self.line.offset, registered);
        self.keep(batch, false, &body);
    }

    async fn standing(&self, store: &dyn Store) -> Result<Standing, StoreError> {
        let place = (self.task, self.lane, self.line.number);
        let (done, epoch) = rows::standing(store, self.realm.realm, place).await?;
        Ok(match (done, epoch) {
            (true, _) => Standing::Done,
            (false, Some(epoch)) if epoch == self.epoch => Standing::Open,
            (false, _) => Standing::Lost,
        })
    }
}
