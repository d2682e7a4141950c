-- Layers of functions.

-- The newest version that a layer ever had: numbers are not used twice.
CREATE TABLE layers (
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    newest_version BIGINT NOT NULL,
    PRIMARY KEY (realm, name)
);

-- The versions of layers. A deleted one stays for as long as a function has it. What it is for stands in words, with a space
-- between them.
CREATE TABLE layer_versions (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    license TEXT COLLATE "C" NOT NULL,
    runtimes TEXT COLLATE "C" NOT NULL,
    architectures TEXT COLLATE "C" NOT NULL,
    code_sha256 BYTEA NOT NULL,
    code_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    UNIQUE (realm, name, version)
);

-- The zip file of a version.
CREATE TABLE layer_code (
    realm BIGINT NOT NULL,
    layer BIGINT NOT NULL,
    zip BYTEA NOT NULL,
    PRIMARY KEY (realm, layer)
);

-- Which functions have a version, and in which place of theirs.
CREATE TABLE function_layers (
    realm BIGINT NOT NULL,
    function BIGINT NOT NULL,
    place BIGINT NOT NULL,
    layer BIGINT NOT NULL,
    PRIMARY KEY (realm, function, place)
);
CREATE INDEX function_layers_by_layer ON function_layers (realm, layer);

-- The versions that a function has, as it tells of them: NUMBER:NAME:VERSION:BYTES, with a space between them.
ALTER TABLE functions ADD COLUMN layers TEXT COLLATE "C" NOT NULL DEFAULT '';
