-- The registry's first schema: realms, things, certificates, policies and what hangs them together.
-- BIGINT times are milliseconds since 1970. `number`s come from one space, so that a number names one object.

CREATE TABLE realms (
    realm BIGINT PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    endpoint_prefix TEXT COLLATE "C" NOT NULL UNIQUE,
    UNIQUE (account, region)
);

CREATE TABLE number_blocks (name TEXT COLLATE "C" PRIMARY KEY, next BIGINT NOT NULL);
INSERT INTO number_blocks (name, next) VALUES ('objects', 1), ('realms', 1);

CREATE TABLE settings (name TEXT COLLATE "C" PRIMARY KEY, value TEXT COLLATE "C" NOT NULL);

CREATE TABLE authorities (
    name TEXT COLLATE "C" PRIMARY KEY,
    certificate BYTEA NOT NULL,
    sealed_key BYTEA NOT NULL
);

CREATE TABLE access_keys (
    holder TEXT COLLATE "C" PRIMARY KEY,
    access_key_id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    sealed_secret BYTEA NOT NULL
);

CREATE TABLE outbox (
    at BIGINT NOT NULL,
    number BIGINT NOT NULL,
    realm BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    object BIGINT NOT NULL,
    PRIMARY KEY (at, number)
);

CREATE TABLE things (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    thing_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    attributes TEXT COLLATE "C" NOT NULL,
    UNIQUE (realm, name)
);

-- The attributes once more, for ListThings by attribute.
CREATE TABLE thing_attributes (
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    thing TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, name, value, thing)
);

CREATE TABLE certificates (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    id BYTEA NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    mode TEXT COLLATE "C" NOT NULL,
    der BYTEA NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    customer_version BIGINT NOT NULL,
    generation_id BYTEA NOT NULL,
    UNIQUE (id, realm)
);
CREATE INDEX certificates_by_age ON certificates (realm, created_at, number);

CREATE TABLE policies (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    default_version BIGINT NOT NULL,
    newest_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    generation_id BYTEA NOT NULL,
    UNIQUE (realm, name)
);
CREATE INDEX policies_by_age ON policies (realm, created_at, number);

CREATE TABLE policy_versions (
    realm BIGINT NOT NULL,
    policy BIGINT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (realm, policy, version)
);

CREATE TABLE policy_attachments (
    realm BIGINT NOT NULL,
    target BIGINT NOT NULL,
    policy BIGINT NOT NULL,
    PRIMARY KEY (realm, target, policy)
);
CREATE INDEX policy_attachments_by_policy ON policy_attachments (realm, policy, target);

CREATE TABLE thing_principals (
    realm BIGINT NOT NULL,
    thing BIGINT NOT NULL,
    principal BIGINT NOT NULL,
    PRIMARY KEY (realm, thing, principal)
);
CREATE INDEX thing_principals_by_principal ON thing_principals (realm, principal, thing);
