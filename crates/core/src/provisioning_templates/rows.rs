//! The SQL of provisioning templates and their versions.

use thingsmith_model::{CertificateId, Realm, TemplateName, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::{Hook, ProvisioningTemplate, TemplateKind, TemplateVersion};
use crate::claims::rows::{Guards, limited};

/// What `template` reads of a row of the table `t`.
macro_rules! columns {
    () => {
        "t.number, t.name, t.kind, t.description, t.enabled, t.role_arn, t.hook_target_arn, t.hook_payload_version, \
         t.default_version, t.newest_version, t.created_at, t.modified_at, t.revision"
    };
}

/// The template of this name.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    name: &TemplateName,
) -> Result<Option<ProvisioningTemplate>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM provisioning_templates t WHERE t.realm = $1 AND t.name = $2"
            ),
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first().map(template).transpose()
}

/// The template of this name, and what a registration by a claim with it is checked by. One statement, since each registration
/// asks.
pub async fn find_guarded(
    store: &dyn Store,
    realm: Realm,
    name: &TemplateName,
    claim: &CertificateId,
) -> Result<Option<(ProvisioningTemplate, Guards)>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                ", s.parameter, l.devices, l.batch, l.refuse, \
                 CASE WHEN l.claim IS NULL THEN CAST(NULL AS BIGINT) ELSE \
                 (SELECT CAST(coalesce(sum(c.registrations), 0) AS BIGINT) FROM claim_counts c \
                 WHERE c.realm = $1 AND c.claim = $3) END \
                 FROM provisioning_templates t \
                 LEFT JOIN allow_lists s ON s.realm = $1 AND s.template = t.number \
                 LEFT JOIN claim_limits l ON l.realm = $1 AND l.claim = $3 \
                 WHERE t.realm = $1 AND t.name = $2"
            ),
            [
                realm.0.into(),
                name.as_str().into(),
                claim.as_bytes().as_slice().into(),
            ],
        ))
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let guards = Guards {
        parameter: row.get(13)?,
        limited: limited(row, 14, claim)?,
    };
    Ok(Some((template(row)?, guards)))
}

/// The template of this name with the body of its default version.
pub async fn find_with_body(
    store: &dyn Store,
    realm: Realm,
    name: &TemplateName,
) -> Result<Option<(ProvisioningTemplate, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                ", v.body FROM provisioning_templates t JOIN provisioning_template_versions v \
                 ON v.realm = t.realm AND v.template = t.number AND v.version = t.default_version \
                 WHERE t.realm = $1 AND t.name = $2"
            ),
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first()
        .map(|row| Ok((template(row)?, row.get(13)?)))
        .transpose()
}

/// A page of templates in order of their names, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: &str,
    limit: i64,
) -> Result<Vec<ProvisioningTemplate>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM provisioning_templates t WHERE t.realm = $1 AND t.name > $2 ORDER BY t.name LIMIT $3"
            ),
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(template).collect()
}

/// Counts one more template of a realm, which may have `limit`. Whoever else counts waits meanwhile.
pub fn count_up(batch: &mut Batch, realm: Realm, limit: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO provisioning_template_counts (realm, templates) VALUES ($1, 1) \
             ON CONFLICT (realm) DO UPDATE SET templates = provisioning_template_counts.templates + 1 \
             WHERE provisioning_template_counts.templates < $2",
            [realm.0.into(), limit.into()],
        ),
        1,
    );
}

/// Counts one template of a realm less.
pub fn count_down(batch: &mut Batch, realm: Realm) {
    batch.guard(
        Statement::new(
            "UPDATE provisioning_template_counts SET templates = templates - 1 WHERE realm = $1 AND templates > 0",
            [realm.0.into()],
        ),
        1,
    );
}

/// How many templates a realm has.
pub async fn count(store: &dyn Store, realm: Realm) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT templates FROM provisioning_template_counts WHERE realm = $1",
            [realm.0.into()],
        ))
        .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Adds a template. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, template: &ProvisioningTemplate) {
    let (target_arn, payload_version) = hook_columns(template);
    batch.execute(Statement::new(
        "INSERT INTO provisioning_templates (number, realm, name, kind, description, enabled, role_arn, \
         hook_target_arn, hook_payload_version, default_version, newest_version, created_at, modified_at, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        [
            template.number.into(),
            realm.0.into(),
            template.name.as_str().into(),
            template.kind.as_str().into(),
            template.description.as_deref().into(),
            i64::from(template.enabled).into(),
            template.role_arn.as_str().into(),
            target_arn.into(),
            payload_version.into(),
            template.default_version.into(),
            template.newest_version.into(),
            template.created_at.into(),
            template.modified_at.into(),
            template.revision.into(),
        ],
    ));
}

/// Writes what may change of a template, provided that it is at the revision before that of `after` and has the version
/// that is to be its default. It must be held exclusively in an earlier step, so that the version stays.
pub fn update(batch: &mut Batch, realm: Realm, after: &ProvisioningTemplate) {
    let (target_arn, payload_version) = hook_columns(after);
    batch.guard(
        Statement::new(
            "UPDATE provisioning_templates SET description = $4, enabled = $5, role_arn = $6, hook_target_arn = $7, \
             hook_payload_version = $8, default_version = $9, newest_version = $10, modified_at = $11, \
             revision = revision + 1 WHERE realm = $1 AND number = $2 AND revision = $3 \
             AND EXISTS (SELECT 1 FROM provisioning_template_versions \
             WHERE realm = $1 AND template = $2 AND version = $9)",
            [
                realm.0.into(),
                after.number.into(),
                (after.revision - 1).into(),
                after.description.as_deref().into(),
                i64::from(after.enabled).into(),
                after.role_arn.as_str().into(),
                target_arn.into(),
                payload_version.into(),
                after.default_version.into(),
                after.newest_version.into(),
                after.modified_at.into(),
            ],
        ),
        1,
    );
}

/// Holds a template's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM provisioning_templates WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Whether the registration configuration of any CA certificate names a template.
pub async fn is_named_by_a_ca(
    store: &dyn Store,
    realm: Realm,
    name: &TemplateName,
) -> Result<bool, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT 1 FROM ca_certificates WHERE realm = $1 AND template_name = $2 LIMIT 1",
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    Ok(!rows.is_empty())
}

/// Deletes a template that no CA certificate names, with its versions, provided that it still is as `before` says. It must
/// be held exclusively in an earlier step.
pub fn delete(batch: &mut Batch, realm: Realm, before: &ProvisioningTemplate) {
    batch.guard(
        Statement::new(
            "DELETE FROM provisioning_templates WHERE realm = $1 AND number = $2 AND revision = $3 \
             AND NOT EXISTS (SELECT 1 FROM ca_certificates c WHERE c.realm = $1 AND c.template_name = $4)",
            [
                realm.0.into(),
                before.number.into(),
                before.revision.into(),
                before.name.as_str().into(),
            ],
        ),
        1,
    );
    batch.execute(Statement::new(
        "DELETE FROM provisioning_template_versions WHERE realm = $1 AND template = $2",
        [realm.0.into(), before.number.into()],
    ));
}

/// Adds a version of a new template.
pub fn insert_version(
    batch: &mut Batch,
    realm: Realm,
    template: i64,
    version: i64,
    body: &str,
    created_at: Timestamp,
) {
    batch.execute(Statement::new(
        "INSERT INTO provisioning_template_versions (realm, template, version, body, created_at) \
         VALUES ($1, $2, $3, $4, $5)",
        [
            realm.0.into(),
            template.into(),
            version.into(),
            body.into(),
            created_at.into(),
        ],
    ));
}

/// Adds a version to a template that has fewer than `limit`. The template must be held exclusively in an earlier step,
/// since its versions are counted.
pub fn add_version(
    batch: &mut Batch,
    realm: Realm,
    template: i64,
    version: i64,
    body: &str,
    created_at: Timestamp,
    limit: i64,
) {
    batch.guard(
        Statement::new(
            "INSERT INTO provisioning_template_versions (realm, template, version, body, created_at) \
             SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), $4, CAST($5 AS BIGINT) \
             WHERE (SELECT count(*) FROM provisioning_template_versions WHERE realm = $1 AND template = $2) < $6",
            [
                realm.0.into(),
                template.into(),
                version.into(),
                body.into(),
                created_at.into(),
                limit.into(),
            ],
        ),
        1,
    );
}

/// How many versions a template has.
pub async fn count_versions(store: &dyn Store, realm: Realm, template: i64) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT count(*) FROM provisioning_template_versions WHERE realm = $1 AND template = $2",
            [realm.0.into(), template.into()],
        ))
        .await?;
    rows.first()
        .ok_or_else(|| StoreError::other("a count gave no row"))?
        .get(0)
}

/// A version of a template and its body.
pub async fn version(
    store: &dyn Store,
    realm: Realm,
    template: i64,
    version: i64,
) -> Result<Option<(TemplateVersion, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT version, created_at, body FROM provisioning_template_versions \
             WHERE realm = $1 AND template = $2 AND version = $3",
            [realm.0.into(), template.into(), version.into()],
        ))
        .await?;
    rows.first()
        .map(|row| Ok((template_version(row)?, row.get(2)?)))
        .transpose()
}

/// A page of the versions of a template, oldest first, after `after`.
pub async fn page_of_versions(
    store: &dyn Store,
    realm: Realm,
    template: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<TemplateVersion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT version, created_at FROM provisioning_template_versions \
             WHERE realm = $1 AND template = $2 AND version > $3 ORDER BY version LIMIT $4",
            [realm.0.into(), template.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(template_version).collect()
}

/// Deletes a version that is not the default one. The template must be held exclusively in an earlier step.
pub fn delete_version(batch: &mut Batch, realm: Realm, template: i64, version: i64) {
    batch.guard(
        Statement::new(
            "DELETE FROM provisioning_template_versions WHERE realm = $1 AND template = $2 AND version = $3 \
             AND NOT EXISTS (SELECT 1 FROM provisioning_templates \
             WHERE realm = $1 AND number = $2 AND default_version = $3)",
            [realm.0.into(), template.into(), version.into()],
        ),
        1,
    );
}

fn hook_columns(template: &ProvisioningTemplate) -> (Option<&str>, Option<&str>) {
    let hook = template.hook.as_ref();
    (
        hook.map(|hook| hook.target_arn.as_str()),
        hook.and_then(|hook| hook.payload_version.as_deref()),
    )
}

fn template_version(row: &Row) -> Result<TemplateVersion, StoreError> {
    Ok(TemplateVersion {
        version: row.get(0)?,
        created_at: row.get(1)?,
    })
}

fn template(row: &Row) -> Result<ProvisioningTemplate, StoreError> {
    let (name, kind): (String, String) = (row.get(1)?, row.get(2)?);
    let target_arn: Option<String> = row.get(6)?;
    let payload_version = row.get(7)?;
    Ok(ProvisioningTemplate {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        kind: TemplateKind::named(&kind)
            .ok_or_else(|| StoreError::other(format!("a template has the unknown type {kind:?}")))?,
        description: row.get(3)?,
        enabled: row.get::<i64>(4)? == 1,
        role_arn: row.get(5)?,
        hook: target_arn.map(|target_arn| Hook {
            target_arn,
            payload_version,
        }),
        default_version: row.get(8)?,
        newest_version: row.get(9)?,
        created_at: row.get(10)?,
        modified_at: row.get(11)?,
        revision: row.get(12)?,
    })
}
