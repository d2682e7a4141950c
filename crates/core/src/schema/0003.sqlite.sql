-- Thing groups.

-- `parent` is 0 for a group without one; `root` is the number of the topmost group of its hierarchy, `depth` is 1 there.
CREATE TABLE thing_groups (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    group_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    root INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    description TEXT,
    attributes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;
CREATE INDEX thing_groups_by_parent ON thing_groups (realm, parent, name);

-- Each group with itself (distance 0) and with every group above it, so that nothing climbs step by step.
CREATE TABLE thing_group_ancestors (
    realm INTEGER NOT NULL,
    descendant INTEGER NOT NULL,
    ancestor INTEGER NOT NULL,
    distance INTEGER NOT NULL,
    PRIMARY KEY (realm, descendant, ancestor)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX thing_group_ancestors_by_ancestor ON thing_group_ancestors (realm, ancestor, descendant);

-- A thing is in one group of a hierarchy at most.
CREATE TABLE thing_group_members (
    realm INTEGER NOT NULL,
    thing INTEGER NOT NULL,
    thing_group INTEGER NOT NULL,
    root INTEGER NOT NULL,
    PRIMARY KEY (realm, thing, thing_group),
    UNIQUE (realm, thing, root)
) STRICT, WITHOUT ROWID;
CREATE INDEX thing_group_members_by_group ON thing_group_members (realm, thing_group, thing);

-- Who is attached exclusively; few are. It covers what is read, so that SQLite takes it without statistics.
CREATE INDEX thing_principals_exclusive ON thing_principals (realm, principal, exclusive, thing) WHERE exclusive = 1;
