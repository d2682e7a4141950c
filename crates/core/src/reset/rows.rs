//! The SQL that empties the registry: with the outbox, the only statements but a connection's first that look at every
//! realm.
//!
//! Others go on meanwhile. What they make after these statements have looked stays, whole: parents go first, in the order
//! in which deeds hold them, and then whatever hangs on none.

use thingsmith_model::Timestamp;
use thingsmith_ports::{Batch, Statement};

/// Adds a change of each certificate to the outbox, and deletes the certificates of which it did. Certificates and
/// changes have numbers from one space, so that the certificate's own serves as the change's.
pub fn delete_certificates(batch: &mut Batch, at: Timestamp) {
    batch.execute(Statement::new(
        "INSERT INTO outbox (at, number, realm, kind, object) \
         SELECT CAST($1 AS BIGINT), number, realm, 'certificate', number FROM certificates",
        [at.into()],
    ));
    batch.execute(Statement::new(
        "DELETE FROM certificates WHERE EXISTS \
         (SELECT 1 FROM outbox WHERE outbox.at = $1 AND outbox.number = certificates.number)",
        [at.into()],
    ));
}

/// Adds a change of each topic rule to the outbox, as of certificates, and deletes the rules of which it did.
pub fn delete_topic_rules(batch: &mut Batch, at: Timestamp) {
    batch.execute(Statement::new(
        "INSERT INTO outbox (at, number, realm, kind, object) \
         SELECT CAST($1 AS BIGINT), number, realm, 'topic rule', number FROM topic_rules",
        [at.into()],
    ));
    batch.execute(Statement::new(
        "DELETE FROM topic_rules WHERE EXISTS \
         (SELECT 1 FROM outbox WHERE outbox.at = $1 AND outbox.number = topic_rules.number)",
        [at.into()],
    ));
}

/// Deletes every thing, thing group, policy and CA certificate, and everything that hangs on what is no more.
pub fn delete_the_rest(batch: &mut Batch) {
    for sql in [
        "DELETE FROM things",
        "DELETE FROM thing_groups",
        "DELETE FROM policies",
        "DELETE FROM event_configurations",
        "DELETE FROM thing_types",
        "DELETE FROM billing_groups",
        "UPDATE ca_subjects SET holders = 0",
        "DELETE FROM ca_certificates",
        "UPDATE ca_subjects SET holders = (SELECT count(*) FROM ca_certificates c \
         WHERE c.realm = ca_subjects.realm AND c.subject = ca_subjects.subject)",
        "DELETE FROM ca_subjects WHERE holders = 0",
        "UPDATE provisioning_template_counts SET templates = 0",
        "DELETE FROM provisioning_templates",
        "UPDATE provisioning_template_counts SET templates = (SELECT count(*) FROM provisioning_templates t \
         WHERE t.realm = provisioning_template_counts.realm)",
        "DELETE FROM provisioning_template_counts WHERE templates = 0",
        "DELETE FROM provisioning_template_versions WHERE NOT EXISTS \
         (SELECT 1 FROM provisioning_templates t WHERE t.number = provisioning_template_versions.template)",
        "DELETE FROM ownership_tokens",
        "DELETE FROM registration_codes",
        "DELETE FROM certificate_transfers WHERE NOT EXISTS (SELECT 1 FROM certificates c \
         WHERE c.realm = certificate_transfers.realm AND c.id = certificate_transfers.id) \
         OR NOT EXISTS (SELECT 1 FROM certificates c \
         WHERE c.realm = certificate_transfers.peer AND c.id = certificate_transfers.id)",
        "DELETE FROM certificates WHERE status = 'PENDING_TRANSFER' AND NOT EXISTS (SELECT 1 \
         FROM certificate_transfers t WHERE t.realm = certificates.realm AND t.id = certificates.id)",
        "DELETE FROM users",
        "DELETE FROM roles",
        "DELETE FROM managed_policies",
        "DELETE FROM role_aliases",
        "DELETE FROM functions",
        "DELETE FROM function_code WHERE NOT EXISTS (SELECT 1 FROM functions f WHERE f.number = function_code.function)",
        "DELETE FROM function_permissions \
         WHERE NOT EXISTS (SELECT 1 FROM functions f WHERE f.number = function_permissions.function)",
        "DELETE FROM function_layers \
         WHERE NOT EXISTS (SELECT 1 FROM functions f WHERE f.number = function_layers.function)",
        "DELETE FROM layer_versions \
         WHERE NOT EXISTS (SELECT 1 FROM function_layers f WHERE f.layer = layer_versions.number)",
        "DELETE FROM layer_code \
         WHERE NOT EXISTS (SELECT 1 FROM layer_versions v WHERE v.number = layer_code.layer)",
        "DELETE FROM layers WHERE NOT EXISTS (SELECT 1 FROM layer_versions v \
         WHERE v.realm = layers.realm AND v.name = layers.name)",
        "DELETE FROM domain_configurations",
        "DELETE FROM thing_registration_tasks",
        "DELETE FROM thing_registration_lanes WHERE NOT EXISTS \
         (SELECT 1 FROM thing_registration_tasks t WHERE t.number = thing_registration_lanes.task)",
        "DELETE FROM thing_registration_lines WHERE NOT EXISTS \
         (SELECT 1 FROM thing_registration_tasks t WHERE t.number = thing_registration_lines.task)",
        "DELETE FROM topic_rule_destinations",
        "DELETE FROM certificate_providers",
        "DELETE FROM provisioning_claims",
        "DELETE FROM claim_limits",
        "DELETE FROM claim_counts",
        "DELETE FROM allow_lists WHERE NOT EXISTS \
         (SELECT 1 FROM provisioning_templates t WHERE t.number = allow_lists.template)",
        "DELETE FROM allowed_serial_numbers WHERE NOT EXISTS \
         (SELECT 1 FROM provisioning_templates t WHERE t.number = allowed_serial_numbers.template)",
        "DELETE FROM logging_options",
        "DELETE FROM logging_levels",
        "DELETE FROM node_questions",
        "DELETE FROM node_answers",
        "DELETE FROM user_keys WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.number = user_keys.holder)",
        "DELETE FROM inline_policies \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.number = inline_policies.holder) \
         AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.number = inline_policies.holder)",
        "DELETE FROM managed_policy_versions \
         WHERE NOT EXISTS (SELECT 1 FROM managed_policies p WHERE p.number = managed_policy_versions.policy)",
        "DELETE FROM managed_attachments \
         WHERE (policy > 0 \
         AND NOT EXISTS (SELECT 1 FROM managed_policies p WHERE p.number = managed_attachments.policy)) \
         OR (NOT EXISTS (SELECT 1 FROM users u WHERE u.number = managed_attachments.holder) \
         AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.number = managed_attachments.holder))",
        "DELETE FROM thing_attributes WHERE NOT EXISTS \
         (SELECT 1 FROM things t WHERE t.realm = thing_attributes.realm AND t.name = thing_attributes.thing)",
        "DELETE FROM policy_versions WHERE NOT EXISTS \
         (SELECT 1 FROM policies p WHERE p.number = policy_versions.policy)",
        "DELETE FROM policy_attachments \
         WHERE NOT EXISTS (SELECT 1 FROM policies p WHERE p.number = policy_attachments.policy) \
         OR (NOT EXISTS (SELECT 1 FROM certificates c WHERE c.number = policy_attachments.target) \
         AND NOT EXISTS (SELECT 1 FROM thing_groups g WHERE g.number = policy_attachments.target))",
        "DELETE FROM thing_principals \
         WHERE NOT EXISTS (SELECT 1 FROM things t WHERE t.number = thing_principals.thing) \
         OR NOT EXISTS (SELECT 1 FROM certificates c WHERE c.number = thing_principals.principal)",
        "DELETE FROM thing_group_ancestors \
         WHERE NOT EXISTS (SELECT 1 FROM thing_groups g WHERE g.number = thing_group_ancestors.descendant)",
        "DELETE FROM thing_group_members \
         WHERE NOT EXISTS (SELECT 1 FROM things t WHERE t.number = thing_group_members.thing) \
         OR NOT EXISTS (SELECT 1 FROM thing_groups g WHERE g.number = thing_group_members.thing_group)",
        "DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM policies p WHERE p.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM thing_types t WHERE t.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM thing_groups g WHERE g.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM billing_groups b WHERE b.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM ca_certificates c WHERE c.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM role_aliases r WHERE r.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM certificate_providers c WHERE c.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM provisioning_templates p WHERE p.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM topic_rules r WHERE r.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM functions f WHERE f.number = tags.resource) \
         AND NOT EXISTS (SELECT 1 FROM domain_configurations d WHERE d.number = tags.resource)",
    ] {
        batch.execute(Statement::new(sql, []));
    }
}
