-- IAM, role aliases, domain configurations and logging options.
-- Rows of IAM have the realm of their account in the region aws-global: they belong to no region.
-- `folded` is the name in lower case: IAM's names differ in more than case.

CREATE TABLE users (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    folded TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (realm, folded)
);

-- A user's access keys; the administrator's stands in access_keys.
CREATE TABLE user_keys (
    access_key_id TEXT COLLATE "C" PRIMARY KEY,
    realm BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    sealed_secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX user_keys_by_holder ON user_keys (realm, holder, access_key_id);

CREATE TABLE roles (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    folded TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    trust TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    longest_session_seconds BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (realm, folded)
);

-- The policies that stand in a user or a role itself.
CREATE TABLE inline_policies (
    realm BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    characters BIGINT NOT NULL,
    PRIMARY KEY (realm, holder, name)
);

CREATE TABLE managed_policies (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    folded TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    default_version BIGINT NOT NULL,
    newest_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (realm, folded)
);

CREATE TABLE managed_policy_versions (
    realm BIGINT NOT NULL,
    policy BIGINT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (realm, policy, version)
);

-- Managed policies attached to users and roles. AWS's own have negative numbers and stand in the program.
CREATE TABLE managed_attachments (
    realm BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    policy BIGINT NOT NULL,
    PRIMARY KEY (realm, holder, policy)
);
CREATE INDEX managed_attachments_by_policy ON managed_attachments (realm, policy, holder);

CREATE TABLE role_aliases (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    role_arn TEXT COLLATE "C" NOT NULL,
    duration_seconds BIGINT NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (realm, name)
);

-- The domain in lower case is what a hello's server name is looked up by, in all realms. The row of the default endpoint
-- has one that is no name of a host.
CREATE TABLE domain_configurations (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL UNIQUE,
    settings TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (realm, name)
);

-- What SetV2LoggingOptions was told, and in the last two columns what SetLoggingOptions was.
CREATE TABLE logging_options (
    realm BIGINT PRIMARY KEY,
    role_arn TEXT COLLATE "C",
    disabled BIGINT,
    events TEXT COLLATE "C",
    first_role_arn TEXT COLLATE "C",
    first_level TEXT COLLATE "C"
);

-- The level of everything without one of its own has the type DEFAULT and no name.
CREATE TABLE logging_levels (
    realm BIGINT NOT NULL,
    target_type TEXT COLLATE "C" NOT NULL,
    target_name TEXT COLLATE "C" NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, target_type, target_name)
);
