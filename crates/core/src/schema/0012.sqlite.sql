-- Layers of functions.

-- The newest version that a layer ever had: numbers are not used twice.
CREATE TABLE layers (
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    newest_version INTEGER NOT NULL,
    PRIMARY KEY (realm, name)
) STRICT, WITHOUT ROWID;

-- The versions of layers. A deleted one stays for as long as a function has it. What it is for stands in words, with a space
-- between them.
CREATE TABLE layer_versions (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    description TEXT NOT NULL,
    license TEXT NOT NULL,
    runtimes TEXT NOT NULL,
    architectures TEXT NOT NULL,
    code_sha256 BLOB NOT NULL,
    code_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    UNIQUE (realm, name, version)
) STRICT;

-- The zip file of a version.
CREATE TABLE layer_code (
    realm INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    zip BLOB NOT NULL,
    PRIMARY KEY (realm, layer)
) STRICT;

-- Which functions have a version, and in which place of theirs.
CREATE TABLE function_layers (
    realm INTEGER NOT NULL,
    function INTEGER NOT NULL,
    place INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    PRIMARY KEY (realm, function, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX function_layers_by_layer ON function_layers (realm, layer);

-- The versions that a function has, as it tells of them: NUMBER:NAME:VERSION:BYTES, with a space between them.
ALTER TABLE functions ADD COLUMN layers TEXT NOT NULL DEFAULT '';
