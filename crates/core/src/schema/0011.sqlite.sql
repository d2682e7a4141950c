-- Certificate providers; what guards fleet provisioning by claim.

-- A realm has one. The client token tells a create that is repeated from another one.
CREATE TABLE certificate_providers (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    function_arn TEXT NOT NULL,
    operation TEXT NOT NULL,
    client_token TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    UNIQUE (realm)
) STRICT;

-- Certificates that a trusted user was given for one provisioning template, for five minutes.
CREATE TABLE provisioning_claims (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    id BLOB NOT NULL,
    template INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (realm, id)
) STRICT;
CREATE INDEX provisioning_claims_by_template ON provisioning_claims (realm, template);
CREATE INDEX provisioning_claims_by_end ON provisioning_claims (expires_at);

-- The parameter of a provisioning template that must be one of the allowed serial numbers.
CREATE TABLE allow_lists (
    realm INTEGER NOT NULL,
    template INTEGER NOT NULL,
    parameter TEXT NOT NULL,
    PRIMARY KEY (realm, template)
) STRICT;
CREATE TABLE allowed_serial_numbers (
    realm INTEGER NOT NULL,
    template INTEGER NOT NULL,
    serial_number TEXT NOT NULL,
    batch TEXT,
    expires_at INTEGER,
    PRIMARY KEY (realm, template, serial_number)
) STRICT;

-- What the operator says of a claim certificate: how many devices carry it, and of which batch they are.
CREATE TABLE claim_limits (
    realm INTEGER NOT NULL,
    claim BLOB NOT NULL,
    devices INTEGER NOT NULL,
    batch TEXT,
    refuse INTEGER NOT NULL,
    PRIMARY KEY (realm, claim)
) STRICT;

-- Registrations by claim certificate. Each count is the sum over its stripes, so that devices of one claim that are
-- registered at once do not wait for each other.
CREATE TABLE claim_counts (
    realm INTEGER NOT NULL,
    claim BLOB NOT NULL,
    stripe INTEGER NOT NULL,
    registrations INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (realm, claim, stripe)
) STRICT;
