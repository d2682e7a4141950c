-- Provisioning templates.

CREATE TABLE provisioning_templates (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    enabled BIGINT NOT NULL,
    role_arn TEXT COLLATE "C" NOT NULL,
    hook_target_arn TEXT COLLATE "C",
    hook_payload_version TEXT COLLATE "C",
    default_version BIGINT NOT NULL,
    newest_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (realm, name)
);

CREATE TABLE provisioning_template_versions (
    realm BIGINT NOT NULL,
    template BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (realm, template, version)
);

-- How many templates a realm has.
CREATE TABLE provisioning_template_counts (realm BIGINT PRIMARY KEY, templates BIGINT NOT NULL);

-- A template that a CA certificate names stays.
CREATE INDEX ca_certificates_by_template ON ca_certificates (realm, template_name) WHERE template_name IS NOT NULL;
