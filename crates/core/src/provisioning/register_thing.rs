//! The room behind every way in: a plan becomes a registered device.

use async_trait::async_trait;
use thingsmith_model::ThingName;
use thingsmith_ports::{Batch, Hold, Store, StoreError};
use thingsmith_template::{Named, Plan, PlannedCertificate};

use super::certificate::{Bearing, Source};
use super::place::{blame, blame_attempt};
use super::policies::{self, Grants};
use super::thing::{self, Record};
use crate::acting::Acting;
use crate::ca_certificates::CaCertificate;
use crate::certificates::{self, Certificate};
use crate::fleet_provisioning::{self, OwnedCertificate};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::things::{self, PrincipalType};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Whose registration it is.
#[derive(Debug, Clone, Copy)]
pub enum Bearer<'a> {
    /// The certificate that the plan names: by its id, as PEM, or by a request for one.
    Planned,
    /// A device that has just shown a certificate.
    JustInTime {
        /// The record of the certificate as its auto registration makes it: its mode and its CA. If the realm has the
        /// certificate already, waiting to be activated, that one is activated.
        record: &'a Certificate,
        /// The CA certificate that signed it. It must be active when the batch happens.
        signer: &'a CaCertificate,
    },
    /// A device that was given a certificate to register with, and the token that says so. The batch uses the token up.
    Claimed(OwnedCertificate<'a>),
}

/// A device that was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its certificate, if the template has one, with the status that it has now.
    pub certificate: Option<Certificate>,
    /// The name of its thing, if the template has one.
    pub thing_name: Option<ThingName>,
    /// The ARNs of the template's resources by their logical names: of the certificate, of the thing, and of the policies
    /// that it has documents of.
    pub resource_arns: Vec<(String, String)>,
    /// The template's `DeviceConfiguration`.
    pub device_configuration: Vec<(String, String)>,
}

/// Carries a plan out: one batch, all or nothing. Doing it twice is harmless, but that a request for a certificate gives
/// another one each time. `actor` must be permitted each change that is made.
///
/// # Errors
/// `InvalidRequestException` for values that cannot be, `ResourceRegistrationFailureException` for what the registry does
/// not have or does not allow, `ConflictingResourceUpdateException` for what is there although its `OverrideSettings` say
/// `FAIL`, `AccessDeniedException` for what the actor may not do. Each but the last begins with the resource's place in
/// the template.
pub async fn register_thing(
    deeds: &Deeds,
    realm: &RealmRecord,
    actor: &dyn Acting,
    plan: &Plan,
    bearer: Bearer<'_>,
) -> Result<Registered, Fault> {
    register_thing_with(deeds, realm, actor, plan, bearer, None).await
}

/// What is to happen in the batch of a registration, besides it.
#[async_trait]
pub(crate) trait Along: Sync {
    /// Adds the last steps of the batch.
    fn write(&self, batch: &mut Batch, registered: &Registered);

    /// Whether they may still happen; asked before each try but the first.
    async fn standing(&self, store: &dyn Store) -> Result<Standing, StoreError>;
}

/// Whether what goes along with a registration may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has not happened and may.
    Open,
    /// It has happened, and with it the registration.
    Done,
    /// It has not happened and may not any more.
    Lost,
}

/// As [`register_thing`], with something that happens in the same batch. There is a batch then even when all of the plan is
/// there.
pub(crate) async fn register_thing_with(
    deeds: &Deeds,
    realm: &RealmRecord,
    actor: &dyn Acting,
    plan: &Plan,
    bearer: Bearer<'_>,
    along: Option<&dyn Along>,
) -> Result<Registered, Fault> {
    let wanted = Wanted::read(deeds, actor, plan, &bearer).await?;
    let tries = Tries::default();
    let mut sent = None;
    loop {
        let outcome = register_once(deeds, realm, actor, &wanted, along, &mut sent, &tries).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            let Some(Sent { registered, thing }) = sent else {
                return Err(Fault::internal("a registration ended without having begun"));
            };
            if let Some(thing) = thing {
                thing.tell(deeds, realm).await;
            }
            return Ok(registered);
        }
    }
}

/// The plan, read.
struct Wanted<'a> {
    plan: &'a Plan,
    certificate: Option<(&'a Named<PlannedCertificate>, Source<'a>)>,
    thing: Option<(&'a str, thing::Wanted)>,
    policies: Vec<policies::Wanted<'a>>,
    /// Whose certificate it is, where a token says so.
    owned: Option<OwnedCertificate<'a>>,
}

impl<'a> Wanted<'a> {
    async fn read(
        deeds: &Deeds,
        actor: &dyn Acting,
        plan: &'a Plan,
        bearer: &Bearer<'a>,
    ) -> Result<Self, Fault> {
        let thing = match &plan.thing {
            Some(named) => {
                let read = thing::Wanted::read(&named.resource);
                let name = named.logical_name.as_str();
                Some((name, read.map_err(|fault| blame(name, fault))?))
            }
            None => None,
        };
        let policies = policies::Wanted::read(&plan.policies)?;
        // Last, since a certificate may be issued.
        let certificate = match (&plan.certificate, bearer) {
            (Some(named), _) => {
                let source = Source::prepare(deeds, actor, &named.resource, bearer).await;
                Some((named, source.map_err(|fault| blame(&named.logical_name, fault))?))
            }
            (None, Bearer::JustInTime { .. } | Bearer::Claimed(_)) => {
                return Err(Fault::invalid("The template has no AWS::IoT::Certificate."));
            }
            (None, Bearer::Planned) => None,
        };
        Ok(Self {
            plan,
            certificate,
            thing,
            policies,
            owned: match bearer {
                Bearer::Claimed(owned) => Some(*owned),
                Bearer::Planned | Bearer::JustInTime { .. } => None,
            },
        })
    }
}

/// What a batch does, for the answer and for the events.
struct Sent {
    registered: Registered,
    thing: Option<Record>,
}

/// How the batch attaches the certificate to the thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attach {
    Exclusively,
    WithOthers,
}

async fn register_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    actor: &dyn Acting,
    wanted: &Wanted<'_>,
    along: Option<&dyn Along>,
    sent: &mut Option<Sent>,
    tries: &Tries,
) -> Result<(), Attempt> {
    if let Some(along) = along
        && !tries.is_first()
    {
        match along.standing(deeds.store()).await? {
            Standing::Open => {}
            Standing::Done => return Ok(()),
            Standing::Lost => return Err(lost().into()),
        }
    } else if tries.in_doubt() && happened(deeds, realm, wanted).await? {
        return Ok(());
    }
    if let Some(owned) = wanted.owned.filter(|_| !tries.is_first()) {
        fleet_provisioning::check_token(deeds, realm, &owned.given.token).await?;
        owned.claimant.check_active(deeds).await?;
    }
    let passed = match wanted.owned {
        Some(owned) if tries.is_first() => Some(owned.passed.clone()),
        Some(owned) => Some(owned.passed.again(deeds, realm).await?),
        None => None,
    };
    let bearing = match &wanted.certificate {
        Some((named, source)) => {
            let look = Bearing::look(deeds, realm, actor, &named.resource, source, tries.is_first()).await;
            Some(look.map_err(|attempt| blame_attempt(&named.logical_name, attempt))?)
        }
        None => None,
    };
    let thing = match &wanted.thing {
        Some((name, thing)) => {
            let look = Record::look(deeds, realm, actor, thing).await;
            Some(look.map_err(|attempt| blame_attempt(name, attempt))?)
        }
        None => None,
    };
    let is_bare = match &bearing {
        Some(bearing) => is_bare(deeds, realm, wanted, bearing, tries).await?,
        None => false,
    };
    let target = bearing
        .as_ref()
        .map(|bearing| (bearing.certificate().number, is_bare));
    let grants = Grants::look(deeds, realm, actor, &wanted.policies, target, tries.is_first()).await?;
    let attach = match (&wanted.certificate, &bearing, &thing) {
        (Some((named, _)), Some(_), Some(_)) if is_bare => Some(attach_as(named.resource.exclusive)),
        (Some((named, _)), Some(bearing), Some(thing)) => {
            let attach = attachment(deeds, realm, bearing, thing, named.resource.exclusive).await;
            attach.map_err(|attempt| blame_attempt(&named.logical_name, attempt))?
        }
        _ => None,
    };
    if let Some(bearing) = &bearing {
        if grants.attach_any() {
            actor.may("iot:AttachPolicy", &bearing.arn(realm))?;
        }
        if attach.is_some() {
            actor.may("iot:AttachThingPrincipal", "*")?;
        }
    }
    let mut batch = Batch::new();
    let mut changes = changes(bearing.as_ref(), thing.as_ref(), &grants, attach);
    let at = deeds.clock().now();
    let generation_id = deeds.uuid();
    if let (Some(owned), Some(bearing)) = (wanted.owned, &bearing) {
        owned.claimant.hold(&mut batch);
        // Whatever else there is to do, the token is used up, and this is the mark that it was.
        let own = Change::Certificate(bearing.certificate().number);
        if !changes.contains(&own) {
            changes.push(own);
        }
    }
    // Certificates first, then things, what they belong to, and policies last: the order of all batches that hold several.
    if let Some(bearing) = &bearing {
        // Exclusively where all that hangs on the certificate is looked at, or it changes.
        let hold = match attach {
            _ if grants.attach_any() || bearing.is_changed() => Some(Hold::Exclusive),
            Some(Attach::Exclusively) => Some(Hold::Exclusive),
            Some(Attach::WithOthers) => Some(Hold::Shared),
            None => None,
        };
        bearing.write(&mut batch, realm, hold, at, generation_id);
    }
    if let Some(owned) = wanted.owned {
        fleet_provisioning::rows::consume(&mut batch, realm.realm, &owned.given.token.hash, at);
        if let Some(passed) = &passed {
            passed.count(&mut batch, realm, owned.given.token.certificate, at);
        }
    }
    if let Some(thing) = &thing {
        thing.write(&mut batch, realm, attach.is_some())?;
    }
    if let (Some(attach), Some((certificate, _)), Some(thing)) = (attach, target, &thing) {
        let step = match attach {
            Attach::Exclusively => things::rows::attach_exclusively,
            Attach::WithOthers => things::rows::attach,
        };
        step(&mut batch, realm.realm, thing.after.number, certificate);
    }
    if let Some(thing) = &thing {
        thing.write_belongings(&mut batch, realm);
    }
    grants.write(&mut batch, realm, target.map(|(number, _)| number));
    let nothing = changes.is_empty() && !bearing.as_ref().is_some_and(Bearing::is_new) && along.is_none();
    let registered = registered(realm, wanted, bearing.as_ref(), thing.as_ref());
    if let Some(along) = along {
        along.write(&mut batch, &registered);
    }
    *sent = Some(Sent { registered, thing });
    if nothing {
        // All of it is there.
        return Ok(());
    }
    deeds.commit_changes(batch, realm.realm, &changes, tries).await
}

/// What went along cannot any more: whoever asked knows why.
fn lost() -> Fault {
    Fault::new(
        Code::ServiceUnavailable,
        "Somebody else goes on with what this registration belongs to.",
    )
}

/// Whether an earlier try has added the certificate: its number is this deed's own. What adds none has a mark.
async fn happened(deeds: &Deeds, realm: &RealmRecord, wanted: &Wanted<'_>) -> Result<bool, Attempt> {
    let Some(record) = wanted
        .certificate
        .as_ref()
        .and_then(|(_, source)| source.record())
    else {
        return Ok(false);
    };
    let found = certificates::rows::find(deeds.store(), realm.realm, &record.id).await?;
    Ok(found.is_some_and(|found| found.number == record.number))
}

/// Whether nothing hangs on the certificate yet: one that the batch adds, and nearly always one that a device was just given to
/// register with, as was seen when its token was. Then no thing and no policy has to be looked for on it; if one was attached
/// since, a guard of the batch says so.
async fn is_bare(
    deeds: &Deeds,
    realm: &RealmRecord,
    wanted: &Wanted<'_>,
    bearing: &Bearing,
    tries: &Tries,
) -> Result<bool, Attempt> {
    if bearing.is_new() {
        return Ok(true);
    }
    match wanted.owned {
        Some(owned) if tries.is_first() => return Ok(owned.given.is_bare),
        Some(_) => {}
        None => return Ok(false),
    }
    let number = bearing.certificate().number;
    let (things, policies) = certificates::rows::attachments(deeds.store(), realm.realm, number).await?;
    Ok(!things && !policies)
}

fn attach_as(exclusive: bool) -> Attach {
    match exclusive {
        true => Attach::Exclusively,
        false => Attach::WithOthers,
    }
}

/// How the certificate, on which something hangs perhaps, is to be attached to the thing; not at all if it is.
async fn attachment(
    deeds: &Deeds,
    realm: &RealmRecord,
    bearing: &Bearing,
    thing: &Record,
    exclusive: bool,
) -> Result<Option<Attach>, Attempt> {
    let attach = attach_as(exclusive);
    let (certificate, name) = (bearing.certificate(), &thing.after.name);
    let has =
        things::rows::attachment(deeds.store(), realm.realm, thing.after.number, certificate.number).await?;
    let invalid = |what: &str| Err(Fault::invalid(format!("Certificate {} {what}", certificate.id)).into());
    match has.here {
        Some(PrincipalType::NonExclusive) if exclusive => invalid(&format!(
            "is attached to thing {name} with ThingPrincipalType NON_EXCLUSIVE_THING; detach it first."
        )),
        Some(_) => Ok(None),
        None if has.exclusive_elsewhere => {
            invalid("is attached to another thing with ThingPrincipalType EXCLUSIVE_THING.")
        }
        None if exclusive && has.elsewhere => {
            invalid("is attached to another thing: ThingPrincipalType EXCLUSIVE_THING is for its only one.")
        }
        None => Ok(Some(attach)),
    }
}

/// What gateways may know of it. A certificate that the batch adds is known to none, and is by its number what tells
/// afterwards whether the batch happened; without one there is at least a mark.
fn changes(
    bearing: Option<&Bearing>,
    thing: Option<&Record>,
    grants: &Grants<'_>,
    attach: Option<Attach>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let known = bearing.filter(|bearing| !bearing.is_new());
    if let Some(bearing) = known
        && (bearing.is_changed() || attach.is_some() || grants.attach_any())
    {
        changes.push(Change::Certificate(bearing.certificate().number));
    }
    if let Some(thing) = thing.filter(|thing| thing.is_changed()) {
        changes.push(Change::Thing(thing.after.number));
    }
    if changes.is_empty() && !bearing.is_some_and(Bearing::is_new) {
        let made = thing.filter(|thing| thing.before.is_none());
        let made = made.map(|thing| thing.after.number).or_else(|| grants.made());
        changes.extend(made.map(Change::Unseen));
    }
    changes
}

fn registered(
    realm: &RealmRecord,
    wanted: &Wanted<'_>,
    bearing: Option<&Bearing>,
    thing: Option<&Record>,
) -> Registered {
    let mut resource_arns = policies::arns(realm, &wanted.policies);
    if let (Some((named, _)), Some(bearing)) = (&wanted.certificate, bearing) {
        resource_arns.push((named.logical_name.clone(), bearing.arn(realm)));
    }
    if let (Some((name, _)), Some(thing)) = (&wanted.thing, thing) {
        resource_arns.push(((*name).to_owned(), thing.arn(realm)));
    }
    Registered {
        certificate: bearing.map(Bearing::afterwards),
        thing_name: thing.map(|thing| thing.after.name.clone()),
        resource_arns,
        device_configuration: wanted.plan.device_configuration.clone(),
    }
}
