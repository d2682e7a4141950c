-- Provisioning templates.

CREATE TABLE provisioning_templates (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT,
    enabled INTEGER NOT NULL,
    role_arn TEXT NOT NULL,
    hook_target_arn TEXT,
    hook_payload_version TEXT,
    default_version INTEGER NOT NULL,
    newest_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;

CREATE TABLE provisioning_template_versions (
    realm INTEGER NOT NULL,
    template INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (realm, template, version)
) STRICT, WITHOUT ROWID;

-- How many templates a realm has.
CREATE TABLE provisioning_template_counts (realm INTEGER PRIMARY KEY, templates INTEGER NOT NULL) STRICT;

-- A template that a CA certificate names stays.
CREATE INDEX ca_certificates_by_template ON ca_certificates (realm, template_name) WHERE template_name IS NOT NULL;
