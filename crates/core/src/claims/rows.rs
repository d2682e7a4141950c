//! The SQL of allow lists, and of the limits and counts of claim certificates.

use thingsmith_model::{CertificateId, Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::{AllowedSerialNumber, ClaimLimit, ClaimUse};
use crate::things::rows::certificate_id;

/// What a registration by a claim is checked by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guards {
    /// The parameter that the template's allow list looks at, if it has one.
    pub parameter: Option<String>,
    /// The claim's limit, if it has one, and the registrations that were counted.
    pub limited: Option<(ClaimLimit, i64)>,
}

/// Turns the allow list of a template on, or has it look at another parameter. The template must be held in an earlier
/// step.
pub fn set_allow_list(batch: &mut Batch, realm: Realm, template: i64, parameter: &str) {
    batch.execute(Statement::new(
        "INSERT INTO allow_lists (realm, template, parameter) VALUES ($1, $2, $3) \
         ON CONFLICT (realm, template) DO UPDATE SET parameter = excluded.parameter",
        [realm.0.into(), template.into(), parameter.into()],
    ));
}

/// Turns the allow list of a template off, and forgets its serial numbers.
pub fn delete_allow_list(batch: &mut Batch, realm: Realm, template: i64) {
    for sql in [
        "DELETE FROM allow_lists WHERE realm = $1 AND template = $2",
        "DELETE FROM allowed_serial_numbers WHERE realm = $1 AND template = $2",
    ] {
        batch.execute(Statement::new(sql, [realm.0.into(), template.into()]));
    }
}

/// Allows a serial number, in the place of what was said of it before.
pub fn allow(batch: &mut Batch, realm: Realm, template: i64, allowed: &AllowedSerialNumber) {
    batch.execute(Statement::new(
        "INSERT INTO allowed_serial_numbers (realm, template, serial_number, batch, expires_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (realm, template, serial_number) \
         DO UPDATE SET batch = excluded.batch, expires_at = excluded.expires_at",
        [
            realm.0.into(),
            template.into(),
            allowed.serial_number.as_str().into(),
            allowed.batch.as_deref().into(),
            allowed.expires_at.into(),
        ],
    ));
}

/// Takes a serial number from an allow list; harmless when it is not on it.
pub fn disallow(batch: &mut Batch, realm: Realm, template: i64, serial_number: &str) {
    batch.execute(Statement::new(
        "DELETE FROM allowed_serial_numbers WHERE realm = $1 AND template = $2 AND serial_number = $3",
        [realm.0.into(), template.into(), serial_number.into()],
    ));
}

/// How many serial numbers a template allows.
pub async fn count_allowed(store: &dyn Store, realm: Realm, template: i64) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT count(*) FROM allowed_serial_numbers WHERE realm = $1 AND template = $2",
            [realm.0.into(), template.into()],
        ))
        .await?;
    rows.first()
        .ok_or_else(|| StoreError::other("a count gave no row"))?
        .get(0)
}

/// What a registration by a claim with a template is checked by.
pub async fn guards(
    store: &dyn Store,
    realm: Realm,
    template: i64,
    claim: &CertificateId,
) -> Result<Guards, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT parameter, CAST(NULL AS BIGINT), CAST(NULL AS TEXT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT) \
             FROM allow_lists WHERE realm = $1 AND template = $2 \
             UNION ALL \
             SELECT CAST(NULL AS TEXT), l.devices, l.batch, l.refuse, (SELECT CAST(coalesce(sum(c.registrations), 0) AS \
             BIGINT) FROM claim_counts c WHERE c.realm = $1 AND c.claim = $3) \
             FROM claim_limits l WHERE l.realm = $1 AND l.claim = $3",
            [
                realm.0.into(),
                template.into(),
                claim.as_bytes().as_slice().into(),
            ],
        ))
        .await?;
    let mut guards = Guards::default();
    for row in &rows {
        match limited(row, 1, claim)? {
            None => guards.parameter = row.get(0)?,
            limited => guards.limited = limited,
        }
    }
    Ok(guards)
}

/// Reads a claim's limit and its count from the columns from `first` on: devices, batch, refuse, registrations.
pub(crate) fn limited(
    row: &Row,
    first: usize,
    claim: &CertificateId,
) -> Result<Option<(ClaimLimit, i64)>, StoreError> {
    let Some(devices) = row.get(first)? else {
        return Ok(None);
    };
    let limit = ClaimLimit {
        claim: *claim,
        devices,
        batch: row.get(first + 1)?,
        refuse: row.get::<i64>(first + 2)? == 1,
    };
    Ok(Some((limit, row.get(first + 3)?)))
}

/// A serial number as it is allowed.
pub async fn allowed(
    store: &dyn Store,
    realm: Realm,
    template: i64,
    serial_number: &str,
) -> Result<Option<AllowedSerialNumber>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT serial_number, batch, expires_at FROM allowed_serial_numbers \
             WHERE realm = $1 AND template = $2 AND serial_number = $3",
            [realm.0.into(), template.into(), serial_number.into()],
        ))
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(AllowedSerialNumber {
        serial_number: row.get(0)?,
        batch: row.get(1)?,
        expires_at: row.get(2)?,
    }))
}

/// Says how many devices carry a claim, in the place of what was said before.
pub fn set_limit(batch: &mut Batch, realm: Realm, limit: &ClaimLimit) {
    batch.execute(Statement::new(
        "INSERT INTO claim_limits (realm, claim, devices, batch, refuse) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (realm, claim) \
         DO UPDATE SET devices = excluded.devices, batch = excluded.batch, refuse = excluded.refuse",
        [
            realm.0.into(),
            limit.claim.as_bytes().as_slice().into(),
            limit.devices.into(),
            limit.batch.as_deref().into(),
            i64::from(limit.refuse).into(),
        ],
    ));
}

/// Forgets the limit of a claim; harmless when it has none.
pub fn delete_limit(batch: &mut Batch, realm: Realm, claim: &CertificateId) {
    batch.execute(Statement::new(
        "DELETE FROM claim_limits WHERE realm = $1 AND claim = $2",
        [realm.0.into(), claim.as_bytes().as_slice().into()],
    ));
}

/// Counts a registration by a claim in one of its stripes.
pub fn count(batch: &mut Batch, realm: Realm, claim: &CertificateId, stripe: i64, at: Timestamp) {
    batch.execute(Statement::new(
        "INSERT INTO claim_counts (realm, claim, stripe, registrations, first_at, last_at) \
         VALUES ($1, $2, $3, 1, $4, $4) ON CONFLICT (realm, claim, stripe) \
         DO UPDATE SET registrations = claim_counts.registrations + 1, last_at = excluded.last_at",
        [
            realm.0.into(),
            claim.as_bytes().as_slice().into(),
            stripe.into(),
            at.into(),
        ],
    ));
}

/// As [`count`], for a claim whose limit refuses: provided that its registrations are fewer than its devices, or that it has
/// no such limit any more. Its limit is held, so that no two registrations count at once.
pub fn count_within_limit(
    batch: &mut Batch,
    realm: Realm,
    claim: &CertificateId,
    stripe: i64,
    at: Timestamp,
) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM claim_limits WHERE realm = $1 AND claim = $2",
            [realm.0.into(), claim.as_bytes().as_slice().into()],
        ),
        Hold::Exclusive,
    );
    batch.guard(
        Statement::new(
            "INSERT INTO claim_counts (realm, claim, stripe, registrations, first_at, last_at) \
             SELECT CAST($1 AS BIGINT), $2, CAST($3 AS BIGINT), 1, CAST($4 AS BIGINT), CAST($4 AS BIGINT) \
             WHERE (SELECT coalesce(sum(c.registrations), 0) FROM claim_counts c \
             WHERE c.realm = $1 AND c.claim = $2) \
             < (SELECT l.devices FROM claim_limits l WHERE l.realm = $1 AND l.claim = $2) \
             ON CONFLICT (realm, claim, stripe) \
             DO UPDATE SET registrations = claim_counts.registrations + 1, last_at = excluded.last_at",
            [
                realm.0.into(),
                claim.as_bytes().as_slice().into(),
                stripe.into(),
                at.into(),
            ],
        ),
        1,
    );
}

/// A page of the claims that something was registered by, with their limits, in order of their ids, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: Option<CertificateId>,
    limit: i64,
) -> Result<Vec<ClaimUse>, StoreError> {
    let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let rows = store
        .read(Statement::new(
            "SELECT c.claim, CAST(sum(c.registrations) AS BIGINT), min(c.first_at), max(c.last_at), l.devices, l.batch, \
             l.refuse FROM claim_counts c LEFT JOIN claim_limits l ON l.realm = c.realm AND l.claim = c.claim \
             WHERE c.realm = $1 AND c.claim > $2 GROUP BY c.claim, l.devices, l.batch, l.refuse \
             ORDER BY c.claim LIMIT $3",
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(claim_use).collect()
}

fn claim_use(row: &Row) -> Result<ClaimUse, StoreError> {
    let claim = certificate_id(row.get(0)?)?;
    let limit = match row.get::<Option<i64>>(4)? {
        None => None,
        Some(devices) => Some(ClaimLimit {
            claim,
            devices,
            batch: row.get(5)?,
            refuse: row.get::<i64>(6)? == 1,
        }),
    };
    Ok(ClaimUse {
        claim,
        registrations: row.get(1)?,
        first_at: row.get(2)?,
        last_at: row.get(3)?,
        limit,
    })
}
