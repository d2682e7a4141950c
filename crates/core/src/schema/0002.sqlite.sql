-- Event configurations, tags, thing types and billing groups.

CREATE TABLE event_configurations (
    realm INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (realm, event_type)
) STRICT, WITHOUT ROWID;

-- The resource is the number of any object that takes tags.
CREATE TABLE tags (
    realm INTEGER NOT NULL,
    resource INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (realm, resource, key)
) STRICT, WITHOUT ROWID;

-- The lists and the MQTT 5 configuration are JSON. `revision` counts changes, for guards.
CREATE TABLE thing_types (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    thing_type_id BLOB NOT NULL,
    description TEXT,
    searchable_attributes TEXT NOT NULL,
    mqtt5_configuration TEXT,
    created_at INTEGER NOT NULL,
    deprecated_at INTEGER,
    revision INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;

CREATE TABLE billing_groups (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    billing_group_id BLOB NOT NULL,
    description TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;

-- The number of a billing group that is no more may stay behind: numbers are never used again.
ALTER TABLE things ADD COLUMN thing_type INTEGER;
ALTER TABLE things ADD COLUMN billing_group INTEGER;
CREATE INDEX things_by_type ON things (realm, thing_type, name) WHERE thing_type IS NOT NULL;
CREATE INDEX things_by_billing_group ON things (realm, billing_group, name) WHERE billing_group IS NOT NULL;

-- 1 for an attachment of type EXCLUSIVE_THING, 0 for NON_EXCLUSIVE_THING.
ALTER TABLE thing_principals ADD COLUMN exclusive INTEGER NOT NULL DEFAULT 0;
