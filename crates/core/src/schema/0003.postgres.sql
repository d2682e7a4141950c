-- Thing groups.

-- `parent` is 0 for a group without one; `root` is the number of the topmost group of its hierarchy, `depth` is 1 there.
CREATE TABLE thing_groups (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    group_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    parent BIGINT NOT NULL,
    root BIGINT NOT NULL,
    depth BIGINT NOT NULL,
    description TEXT COLLATE "C",
    attributes TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (realm, name)
);
CREATE INDEX thing_groups_by_parent ON thing_groups (realm, parent, name);

-- Each group with itself (distance 0) and with every group above it, so that nothing climbs step by step.
CREATE TABLE thing_group_ancestors (
    realm BIGINT NOT NULL,
    descendant BIGINT NOT NULL,
    ancestor BIGINT NOT NULL,
    distance BIGINT NOT NULL,
    PRIMARY KEY (realm, descendant, ancestor)
);
CREATE UNIQUE INDEX thing_group_ancestors_by_ancestor ON thing_group_ancestors (realm, ancestor, descendant);

-- A thing is in one group of a hierarchy at most.
CREATE TABLE thing_group_members (
    realm BIGINT NOT NULL,
    thing BIGINT NOT NULL,
    thing_group BIGINT NOT NULL,
    root BIGINT NOT NULL,
    PRIMARY KEY (realm, thing, thing_group),
    UNIQUE (realm, thing, root)
);
CREATE INDEX thing_group_members_by_group ON thing_group_members (realm, thing_group, thing);

-- Who is attached exclusively; few are. It covers what is read, so that SQLite takes it without statistics.
CREATE INDEX thing_principals_exclusive ON thing_principals (realm, principal, exclusive, thing) WHERE exclusive = 1;
