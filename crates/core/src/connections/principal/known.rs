//! What the store says of a principal.

use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::{CertificateId, CertificateStatus, Timestamp};
use thingsmith_mqtt::UserProperties;
use thingsmith_policy::ThingFacts;
use thingsmith_ports::StoreError;

use super::facts::thing_facts;
use crate::callers::Caller;
use crate::connections::rows::{self, Grounds};
use crate::connections::signatory::Standing;
use crate::connections::{Signatory, propagation};
use crate::outbox::Change;
use crate::policies::AttachedDocument;
use crate::realms::RealmRecord;
use crate::{Deeds, provisioning_claims};

/// How old what is known of a principal may be when it decides while changes are not announced. While they are, it holds
/// until one concerns it.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// What a principal's knowledge is read by.
#[derive(Clone)]
pub(super) enum Who {
    /// A registered certificate, by its number.
    Registered(i64),
    /// A claim that a trusted user was given.
    Claim { number: i64, id: CertificateId },
    /// Somebody who signed.
    Signatory(Signatory),
}

/// What the store says of a principal.
pub(super) struct Known {
    pub(super) read_at: Timestamp,
    pub(super) active: bool,
    /// Whose IAM policies decide, in place of documents; none of a certificate.
    pub(super) caller: Option<Arc<Caller>>,
    /// When it is over with it, and its connection.
    pub(super) expires_at: Option<Timestamp>,
    /// From when on it may ask for nothing more.
    pub(super) ends_at: Option<Timestamp>,
    /// The objects that all this was read from, but for the certificate.
    pub(super) read_from: Vec<Change>,
    pub(super) documents: Vec<AttachedDocument>,
    /// The thing that the certificate is attached to exclusively, or that of the client's name when it is attached to it.
    pub(super) thing: Option<ThingFacts>,
    /// Whether the certificate is attached to the thing exclusively.
    pub(super) exclusive: bool,
    /// What the thing's type adds to each of its messages.
    pub(super) propagated: UserProperties,
}

/// Readings before what is attached counts as damaged. A second one is rare already.
const READINGS: usize = 4;

/// Whether what was seen of a certificate as its first thing also decides for it under this client id: it has no thing,
/// that is the one, or it is attached to it exclusively.
pub(super) fn decides_for(grounds: &Grounds, client_id: &str) -> bool {
    grounds
        .thing
        .as_ref()
        .is_none_or(|thing| thing.exclusive || thing.name == client_id)
}

/// Reads what decides for a principal.
pub(super) async fn read(
    deeds: &Deeds,
    realm: &RealmRecord,
    who: &Who,
    client_id: &str,
) -> Result<Known, StoreError> {
    let certificate = match who {
        Who::Registered(number) => *number,
        Who::Claim { id, .. } => return read_claim(deeds, realm, id).await,
        Who::Signatory(signatory) => return read_signatory(deeds, signatory).await,
    };
    for _ in 0..READINGS {
        if let Some(known) = read_once(deeds, realm, certificate, client_id).await? {
            return Ok(known);
        }
    }
    Err(StoreError::other("a document of an attached policy is not there"))
}

/// The thing that a certificate connects as under a client id, and the documents that decide for it, whether it is active
/// or not.
pub(crate) async fn rights(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: i64,
    client_id: &str,
) -> Result<(Option<ThingFacts>, Vec<AttachedDocument>), StoreError> {
    let known = read(deeds, realm, &Who::Registered(certificate), client_id).await?;
    Ok((known.thing, known.documents))
}

pub(super) async fn read_signatory(deeds: &Deeds, signatory: &Signatory) -> Result<Known, StoreError> {
    let read_at = deeds.clock().now();
    let nothing = Known::nothing(read_at);
    Ok(match signatory.read(deeds).await? {
        None => nothing,
        Some(Standing {
            caller,
            expires_at,
            read_from,
        }) => Known {
            active: true,
            caller: Some(caller),
            expires_at,
            read_from,
            ..nothing
        },
    })
}

/// Reads what a claim that a trusted user was given may do: it has no thing and no policies of the registry.
async fn read_claim(deeds: &Deeds, realm: &RealmRecord, id: &CertificateId) -> Result<Known, StoreError> {
    let read_at = deeds.clock().now();
    let found = provisioning_claims::rows::find(deeds.store(), realm.realm, id).await?;
    let Some((claim, template)) = found else {
        return Ok(Known::nothing(read_at));
    };
    Ok(Known {
        active: true,
        ends_at: Some(claim.expires_at),
        read_from: vec![Change::ProvisioningTemplate(claim.template)],
        documents: vec![provisioning_claims::rights(realm, &claim, &template)?],
        ..Known::nothing(read_at)
    })
}

/// Reads once; nothing if a document was gone when its turn came.
async fn read_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: i64,
    client_id: &str,
) -> Result<Option<Known>, StoreError> {
    let read_at = deeds.clock().now();
    let grounds = rows::grounds(deeds.store(), realm.realm, certificate, client_id).await?;
    Known::new(deeds, realm, read_at, grounds, client_id).await
}

impl Known {
    /// What is known of whoever is not there.
    fn nothing(read_at: Timestamp) -> Self {
        Self {
            read_at,
            active: false,
            caller: None,
            expires_at: None,
            ends_at: None,
            read_from: Vec::new(),
            documents: Vec::new(),
            thing: None,
            exclusive: false,
            propagated: UserProperties::new(),
        }
    }

    /// What decides on these grounds; nothing if a document was gone when its turn came.
    pub(super) async fn new(
        deeds: &Deeds,
        realm: &RealmRecord,
        read_at: Timestamp,
        grounds: Option<Grounds>,
        client_id: &str,
    ) -> Result<Option<Self>, StoreError> {
        // The same certificate registered anew has another number, and is another registration.
        let Some(grounds) = grounds else {
            return Ok(Some(Self::nothing(read_at)));
        };
        let policies = grounds
            .policies
            .iter()
            .map(|policy| Change::Policy(policy.number));
        let groups = grounds.groups.iter().copied().map(Change::ThingGroup);
        let thing = grounds.thing.iter().map(|thing| Change::Thing(thing.number));
        let thing_type = grounds.thing.iter().filter_map(|thing| thing.thing_type.as_ref());
        let thing_type = thing_type.map(|found| Change::ThingType(found.number));
        let read_from = policies.chain(groups).chain(thing).chain(thing_type).collect();
        let documents = deeds
            .documents()
            .parsed(deeds, realm.realm, grounds.policies)
            .await?;
        let Some(documents) = documents else {
            return Ok(None);
        };
        Ok(Some(Self {
            read_at,
            active: grounds.status == CertificateStatus::Active,
            caller: None,
            expires_at: None,
            ends_at: None,
            read_from,
            documents,
            exclusive: grounds.thing.as_ref().is_some_and(|thing| thing.exclusive),
            propagated: propagation::user_properties(grounds.thing.as_ref(), client_id),
            // Thing variables have values only for the certificate's own thing (guide, "Thing policy variables").
            thing: grounds.thing.map(thing_facts),
        }))
    }
}
