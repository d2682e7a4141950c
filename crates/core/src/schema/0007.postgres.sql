-- Functions.

CREATE TABLE functions (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    role_arn TEXT COLLATE "C" NOT NULL,
    runtime TEXT COLLATE "C" NOT NULL,
    handler TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    timeout_seconds BIGINT NOT NULL,
    memory_mib BIGINT NOT NULL,
    storage_mib BIGINT NOT NULL,
    architecture TEXT COLLATE "C" NOT NULL,
    sealed_environment BYTEA,
    code_sha256 BYTEA NOT NULL,
    code_bytes BIGINT NOT NULL,
    revision TEXT COLLATE "C" NOT NULL,
    policy_revision TEXT COLLATE "C" NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (realm, name)
);

-- The zip file of a function. It stands apart, so that whoever reads the settings does not read it.
CREATE TABLE function_code (
    realm BIGINT NOT NULL,
    function BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    zip BYTEA NOT NULL,
    PRIMARY KEY (realm, function)
);

-- The statements of functions' policies.
CREATE TABLE function_permissions (
    realm BIGINT NOT NULL,
    function BIGINT NOT NULL,
    statement_id TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    source_arn TEXT COLLATE "C",
    source_account TEXT COLLATE "C",
    PRIMARY KEY (realm, function, statement_id)
);
