-- The registry's first schema: realms, things, certificates, policies and what hangs them together.
-- BIGINT times are milliseconds since 1970. `number`s come from one space, so that a number names one object.

CREATE TABLE realms (
    realm INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    endpoint_prefix TEXT NOT NULL UNIQUE,
    UNIQUE (account, region)
) STRICT;

CREATE TABLE number_blocks (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO number_blocks (name, next) VALUES ('objects', 1), ('realms', 1);

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE authorities (
    name TEXT PRIMARY KEY,
    certificate BLOB NOT NULL,
    sealed_key BLOB NOT NULL
) STRICT;

CREATE TABLE access_keys (
    holder TEXT PRIMARY KEY,
    access_key_id TEXT NOT NULL,
    account TEXT NOT NULL,
    sealed_secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    at INTEGER NOT NULL,
    number INTEGER NOT NULL,
    realm INTEGER NOT NULL,
    kind TEXT NOT NULL,
    object INTEGER NOT NULL,
    PRIMARY KEY (at, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE things (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    thing_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    UNIQUE (realm, name)
) STRICT;

-- The attributes once more, for ListThings by attribute.
CREATE TABLE thing_attributes (
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    thing TEXT NOT NULL,
    PRIMARY KEY (realm, name, value, thing)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    id BLOB NOT NULL,
    status TEXT NOT NULL,
    mode TEXT NOT NULL,
    der BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    customer_version INTEGER NOT NULL,
    generation_id BLOB NOT NULL,
    UNIQUE (id, realm)
) STRICT;
CREATE INDEX certificates_by_age ON certificates (realm, created_at, number);

CREATE TABLE policies (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    default_version INTEGER NOT NULL,
    newest_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    generation_id BLOB NOT NULL,
    UNIQUE (realm, name)
) STRICT;
CREATE INDEX policies_by_age ON policies (realm, created_at, number);

CREATE TABLE policy_versions (
    realm INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (realm, policy, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_attachments (
    realm INTEGER NOT NULL,
    target INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    PRIMARY KEY (realm, target, policy)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (realm, policy, target);

CREATE TABLE thing_principals (
    realm INTEGER NOT NULL,
    thing INTEGER NOT NULL,
    principal INTEGER NOT NULL,
    PRIMARY KEY (realm, thing, principal)
) STRICT, WITHOUT ROWID;
CREATE INDEX thing_principals_by_principal ON thing_principals (realm, principal, thing);
