-- Functions.

CREATE TABLE functions (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    runtime TEXT NOT NULL,
    handler TEXT NOT NULL,
    description TEXT NOT NULL,
    timeout_seconds INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    storage_mib INTEGER NOT NULL,
    architecture TEXT NOT NULL,
    sealed_environment BLOB,
    code_sha256 BLOB NOT NULL,
    code_bytes INTEGER NOT NULL,
    revision TEXT NOT NULL,
    policy_revision TEXT NOT NULL,
    modified_at INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;

-- The zip file of a function. It stands apart, so that whoever reads the settings does not read it.
CREATE TABLE function_code (
    realm INTEGER NOT NULL,
    function INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    zip BLOB NOT NULL,
    PRIMARY KEY (realm, function)
) STRICT;

-- The statements of functions' policies.
CREATE TABLE function_permissions (
    realm INTEGER NOT NULL,
    function INTEGER NOT NULL,
    statement_id TEXT NOT NULL,
    action TEXT NOT NULL,
    principal TEXT NOT NULL,
    source_arn TEXT,
    source_account TEXT,
    PRIMARY KEY (realm, function, statement_id)
) STRICT, WITHOUT ROWID;
