-- Event configurations, tags, thing types and billing groups.

CREATE TABLE event_configurations (
    realm BIGINT NOT NULL,
    event_type TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (realm, event_type)
);

-- The resource is the number of any object that takes tags.
CREATE TABLE tags (
    realm BIGINT NOT NULL,
    resource BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, resource, key)
);

-- The lists and the MQTT 5 configuration are JSON. `revision` counts changes, for guards.
CREATE TABLE thing_types (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    thing_type_id BYTEA NOT NULL,
    description TEXT COLLATE "C",
    searchable_attributes TEXT COLLATE "C" NOT NULL,
    mqtt5_configuration TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    deprecated_at BIGINT,
    revision BIGINT NOT NULL,
    UNIQUE (realm, name)
);

CREATE TABLE billing_groups (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    billing_group_id BYTEA NOT NULL,
    description TEXT COLLATE "C",
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (realm, name)
);

-- The number of a billing group that is no more may stay behind: numbers are never used again.
ALTER TABLE things ADD COLUMN thing_type BIGINT;
ALTER TABLE things ADD COLUMN billing_group BIGINT;
CREATE INDEX things_by_type ON things (realm, thing_type, name) WHERE thing_type IS NOT NULL;
CREATE INDEX things_by_billing_group ON things (realm, billing_group, name) WHERE billing_group IS NOT NULL;

-- 1 for an attachment of type EXCLUSIVE_THING, 0 for NON_EXCLUSIVE_THING.
ALTER TABLE thing_principals ADD COLUMN exclusive BIGINT NOT NULL DEFAULT 0;
