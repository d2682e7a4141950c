-- IAM, role aliases, domain configurations and logging options.
-- Rows of IAM have the realm of their account in the region aws-global: they belong to no region.
-- `folded` is the name in lower case: IAM's names differ in more than case.

CREATE TABLE users (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (realm, folded)
) STRICT;

-- A user's access keys; the administrator's stands in access_keys.
CREATE TABLE user_keys (
    access_key_id TEXT PRIMARY KEY,
    realm INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    status TEXT NOT NULL,
    sealed_secret BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_keys_by_holder ON user_keys (realm, holder, access_key_id);

CREATE TABLE roles (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    id TEXT NOT NULL,
    trust TEXT NOT NULL,
    description TEXT,
    longest_session_seconds INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (realm, folded)
) STRICT;

-- The policies that stand in a user or a role itself.
CREATE TABLE inline_policies (
    realm INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    characters INTEGER NOT NULL,
    PRIMARY KEY (realm, holder, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE managed_policies (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    id TEXT NOT NULL,
    description TEXT,
    default_version INTEGER NOT NULL,
    newest_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    UNIQUE (realm, folded)
) STRICT;

CREATE TABLE managed_policy_versions (
    realm INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (realm, policy, version)
) STRICT, WITHOUT ROWID;

-- Managed policies attached to users and roles. AWS's own have negative numbers and stand in the program.
CREATE TABLE managed_attachments (
    realm INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    PRIMARY KEY (realm, holder, policy)
) STRICT, WITHOUT ROWID;
CREATE INDEX managed_attachments_by_policy ON managed_attachments (realm, policy, holder);

CREATE TABLE role_aliases (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    duration_seconds INTEGER NOT NULL,
    owner TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;

-- The domain in lower case is what a hello's server name is looked up by, in all realms. The row of the default endpoint
-- has one that is no name of a host.
CREATE TABLE domain_configurations (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    domain TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;

-- What SetV2LoggingOptions was told, and in the last two columns what SetLoggingOptions was.
CREATE TABLE logging_options (
    realm INTEGER PRIMARY KEY,
    role_arn TEXT,
    disabled INTEGER,
    events TEXT,
    first_role_arn TEXT,
    first_level TEXT
) STRICT;

-- The level of everything without one of its own has the type DEFAULT and no name.
CREATE TABLE logging_levels (
    realm INTEGER NOT NULL,
    target_type TEXT NOT NULL,
    target_name TEXT NOT NULL,
    level TEXT NOT NULL,
    PRIMARY KEY (realm, target_type, target_name)
) STRICT, WITHOUT ROWID;
