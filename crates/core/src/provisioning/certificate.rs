//! The certificate of a plan: the one that is named, registered or issued.

use thingsmith_model::{CertificateId, CertificateStatus, Resource, Timestamp};
use thingsmith_ports::{Batch, Hold};
use thingsmith_template::{CertificateSource, OnExisting, PlannedCertificate};
use thingsmith_x509::check_client_certificate;
use uuid::Uuid;

use super::Bearer;
use super::place::conflict;
use crate::acting::Acting;
use crate::ca_certificates::{self, CaCertificate, find_signer};
use crate::certificates::{self, Certificate, rows};
use crate::fault::sentence;
use crate::fleet_provisioning::Given;
use crate::realms::RealmRecord;
use crate::tries::Attempt;
use crate::{Code, Deeds, Fault};

/// Where the certificate comes from, worked out once for all tries.
pub(super) enum Source<'a> {
    /// It is registered.
    Registered(CertificateId),
    /// It is registered: a device was given it to register with.
    Owned(&'a Given),
    /// Just issued: nobody else can have it.
    Issued(Certificate),
    /// Given as PEM: registered, or to be registered under the CA certificate that signed it.
    Given {
        read: Box<thingsmith_x509::Certificate>,
        ca: Option<CertificateId>,
        record: Certificate,
    },
    /// A device showed it when it connected.
    Shown {
        record: Certificate,
        signer: &'a CaCertificate,
    },
}

impl<'a> Source<'a> {
    /// Reads what the plan says, and issues a certificate if it says so.
    pub(super) async fn prepare(
        deeds: &Deeds,
        actor: &dyn Acting,
        planned: &PlannedCertificate,
        bearer: &Bearer<'a>,
    ) -> Result<Self, Fault> {
        let status = status(planned);
        if let Bearer::JustInTime { record, signer } = bearer {
            let own =
                matches!(&planned.source, CertificateSource::Id(id) if id.parse().ok() == Some(record.id));
            if !own {
                return Err(Fault::invalid(
                    "CertificateId must be that of the certificate that the device connects with.",
                ));
            }
            return Ok(Self::Shown {
                // With a number of its own: by it the registration is found again after a commit without an answer.
                record: Certificate {
                    number: deeds.number().await?,
                    status,
                    ..(*record).clone()
                },
                signer,
            });
        }
        if let Bearer::Claimed(owned) = bearer {
            let id = owned.given.token.certificate_id;
            let own =
                matches!(&planned.source, CertificateSource::Id(named) if named.parse().ok() == Some(id));
            if !own {
                return Err(Fault::invalid(
                    "CertificateId must be that of the certificate that the ownership token is for.",
                ));
            }
            return Ok(Self::Owned(owned.given));
        }
        match &planned.source {
            CertificateSource::Id(id) => {
                let id = id.parse().map_err(|_| {
                    Fault::invalid("CertificateId is not a certificate id of 64 hexadecimal digits.")
                })?;
                Ok(Self::Registered(id))
            }
            CertificateSource::SigningRequest(csr) => {
                actor.may("iot:CreateCertificateFromCsr", "*")?;
                certificates::issue_from_csr(deeds, csr, status)
                    .await
                    .map(Self::Issued)
            }
            CertificateSource::Pem { certificate, ca } => {
                let read = |member: &str, pem: &str| {
                    let wrong = |cause| validation(member, &sentence(&cause));
                    thingsmith_x509::Certificate::from_pem(pem).map_err(wrong)
                };
                let ca = ca
                    .as_deref()
                    .map(|pem| read("CACertificatePem", pem))
                    .transpose()?;
                let read = read("CertificatePem", certificate)?;
                check_client_certificate(&read)
                    .map_err(|cause| validation("CertificatePem", &sentence(&cause)))?;
                let mode = thingsmith_model::CertificateMode::Default;
                Ok(Self::Given {
                    record: Certificate::record(deeds, &read, status, mode).await?,
                    ca: ca.map(|ca| ca.id()),
                    read: Box::new(read),
                })
            }
        }
    }

    /// The record of the certificate that the batch may add.
    pub(super) fn record(&self) -> Option<&Certificate> {
        match self {
            Self::Registered(_) | Self::Owned(_) => None,
            Self::Issued(record) | Self::Given { record, .. } | Self::Shown { record, .. } => Some(record),
        }
    }
}

/// What the batch does to the certificate.
pub(super) enum Bearing {
    /// Adds it, under a CA certificate that must be active.
    Add {
        record: Certificate,
        signer: Option<Signer>,
    },
    /// Takes it as it is registered, or gives it another status.
    Take {
        found: Certificate,
        status: Option<CertificateStatus>,
        signer: Option<Signer>,
    },
}

/// The number of the CA certificate under which a certificate is registered, and what it must be when the batch happens.
#[derive(Clone, Copy)]
pub(super) enum Signer {
    /// Active.
    Active(i64),
    /// Active, and registering what devices first show.
    AutoRegistering(i64),
}

impl Signer {
    fn hold(self, batch: &mut Batch, realm: &RealmRecord) {
        match self {
            Self::Active(number) => ca_certificates::rows::hold_active(batch, realm.realm, number),
            Self::AutoRegistering(number) => {
                ca_certificates::rows::hold_auto_registering(batch, realm.realm, number);
            }
        }
    }
}

impl Bearing {
    /// Looks at what is registered and decides. `fresh` spares the look at a certificate that a device has just shown,
    /// which is hardly ever registered, and at one that was found with its token: if something else is true by then, the batch
    /// says so.
    pub(super) async fn look(
        deeds: &Deeds,
        realm: &RealmRecord,
        actor: &dyn Acting,
        planned: &PlannedCertificate,
        source: &Source<'_>,
        fresh: bool,
    ) -> Result<Self, Attempt> {
        let id = match source {
            Source::Issued(record) => {
                let (record, signer) = (record.clone(), None);
                return Ok(Self::Add { record, signer });
            }
            Source::Registered(id) => id,
            Source::Owned(given) => &given.token.certificate_id,
            Source::Given { record, .. } | Source::Shown { record, .. } => &record.id,
        };
        let found = match source {
            Source::Shown { .. } if fresh => None,
            Source::Owned(given) if fresh => given.certificate.clone(),
            _ => rows::find(deeds.store(), realm.realm, id).await?,
        };
        // The same certificate registered anew is another registration.
        let found = found.filter(|found| match source {
            Source::Owned(given) => found.number == given.token.certificate,
            _ => true,
        });
        if let Some(found) = found {
            let signer = match source {
                Source::Shown { signer, .. } => Some(Signer::AutoRegistering(signer.number)),
                Source::Registered(_) | Source::Owned(_) | Source::Issued(_) | Source::Given { .. } => None,
            };
            return Ok(Self::take(realm, actor, planned, found, signer)?);
        }
        match source {
            Source::Registered(_) | Source::Owned(_) => Err(certificates::not_found(id).into()),
            Source::Given { read, ca, record } => {
                actor.may("iot:RegisterCertificate", "*")?;
                let signer = find_signer(deeds, realm, read, ca.as_ref()).await?;
                Ok(Self::Add {
                    record: Certificate {
                        mode: signer.mode,
                        ca: Some(signer.id),
                        ..record.clone()
                    },
                    signer: Some(Signer::Active(signer.number)),
                })
            }
            Source::Shown { record, signer } => {
                // It is the CA that registers; the template's role gives it its status.
                actor.may("iot:UpdateCertificate", &record.arn(realm))?;
                Ok(Self::Add {
                    record: record.clone(),
                    signer: Some(Signer::AutoRegistering(signer.number)),
                })
            }
            Source::Issued(record) => Ok(Self::Add {
                record: record.clone(),
                signer: None,
            }),
        }
    }

    fn take(
        realm: &RealmRecord,
        actor: &dyn Acting,
        planned: &PlannedCertificate,
        found: Certificate,
        signer: Option<Signer>,
    ) -> Result<Self, Fault> {
        certificates::check_attachable(&found)?;
        let wanted = status(planned);
        let status = match (found.status, planned.status_override) {
            (current, _) if current == wanted => None,
            // It waits for its first status, which is what registering gives it.
            (CertificateStatus::PendingActivation, _) => Some(wanted),
            (_, OnExisting::DoNothing | OnExisting::Merge) => None,
            (current, OnExisting::Fail) => {
                return Err(conflict(format!(
                    "Certificate {} is {current}, not {wanted}, and OverrideSettings.Status is FAIL.",
                    found.id
                )));
            }
            (CertificateStatus::Revoked, OnExisting::Replace) => {
                return Err(Fault::new(
                    Code::CertificateState,
                    format!("Certificate {} is REVOKED and cannot become {wanted}.", found.id),
                ));
            }
            (_, OnExisting::Replace) => Some(wanted),
        };
        if status.is_some() {
            actor.may("iot:UpdateCertificate", &found.arn(realm))?;
        }
        Ok(Self::Take {
            found,
            status,
            signer,
        })
    }

    /// The certificate's record, as it was before a change of its status.
    pub(super) fn certificate(&self) -> &Certificate {
        match self {
            Self::Add { record, .. } => record,
            Self::Take { found, .. } => found,
        }
    }

    /// The certificate's record with the status that the batch leaves it.
    pub(super) fn afterwards(&self) -> Certificate {
        match self {
            Self::Add { record, .. } => record.clone(),
            Self::Take { found, status, .. } => Certificate {
                status: status.unwrap_or(found.status),
                ..found.clone()
            },
        }
    }

    /// Whether the batch adds it.
    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::Add { .. })
    }

    /// Whether the batch changes its status.
    pub(super) fn is_changed(&self) -> bool {
        matches!(self, Self::Take { status: Some(_), .. })
    }

    /// Its ARN.
    pub(super) fn arn(&self, realm: &RealmRecord) -> String {
        realm
            .arn(Resource::Certificate(self.certificate().id))
            .to_string()
    }

    /// The first steps of the batch. `hold` is how the certificate is held for what is hung on it, if anything is.
    pub(super) fn write(
        &self,
        batch: &mut Batch,
        realm: &RealmRecord,
        hold: Option<Hold>,
        at: Timestamp,
        generation_id: Uuid,
    ) {
        match self {
            Self::Add { record, signer } => {
                // Always the CA certificate before the certificate, as wherever one is registered.
                if let Some(signer) = signer {
                    signer.hold(batch, realm);
                }
                rows::insert(batch, realm.realm, record);
            }
            Self::Take {
                found,
                status,
                signer,
            } => {
                if let Some(signer) = signer {
                    signer.hold(batch, realm);
                }
                if let Some(hold) = hold {
                    rows::hold(batch, realm.realm, found.number, hold);
                }
                if let Some(status) = status {
                    rows::update_status(batch, realm.realm, found, *status, at, generation_id);
                }
            }
        }
    }
}

fn status(planned: &PlannedCertificate) -> CertificateStatus {
    match planned.status {
        thingsmith_template::CertificateStatus::Active => CertificateStatus::Active,
        thingsmith_template::CertificateStatus::Inactive => CertificateStatus::Inactive,
    }
}

fn validation(member: &str, what: &str) -> Fault {
    Fault::new(Code::CertificateValidation, format!("{member}: {what}"))
}
