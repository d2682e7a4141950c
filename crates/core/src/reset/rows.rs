//! The SQL that empties the registry: with the outbox, the only statements but a connection's first that look at every
//! realm.

use thingsmith_model::Timestamp;
use thingsmith_ports::{Batch, Statement};

/// Adds a change of each certificate to the outbox. Certificates and changes have numbers from one space, so that the
/// certificate's own serves as the change's.
pub fn announce_certificates(batch: &mut Batch, at: Timestamp) {
    batch.execute(Statement::new(
        "INSERT INTO outbox (at, number, realm, kind, object) \
         SELECT $1, number, realm, 'certificate', number FROM certificates",
        [at.into()],
    ));
}

/// Deletes every row of the registry.
pub fn delete_registry(batch: &mut Batch) {
    for sql in [
        "DELETE FROM policy_attachments",
        "DELETE FROM thing_principals",
        "DELETE FROM thing_attributes",
        "DELETE FROM things",
        "DELETE FROM certificates",
        "DELETE FROM policy_versions",
        "DELETE FROM policies",
    ] {
        batch.execute(Statement::new(sql, []));
    }
}
