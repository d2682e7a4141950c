-- Certificate providers; what guards fleet provisioning by claim.

-- A realm has one. The client token tells a create that is repeated from another one.
CREATE TABLE certificate_providers (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    function_arn TEXT COLLATE "C" NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    client_token TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (realm)
);

-- Certificates that a trusted user was given for one provisioning template, for five minutes.
CREATE TABLE provisioning_claims (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    id BYTEA NOT NULL,
    template BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (realm, id)
);
CREATE INDEX provisioning_claims_by_template ON provisioning_claims (realm, template);
CREATE INDEX provisioning_claims_by_end ON provisioning_claims (expires_at);

-- The parameter of a provisioning template that must be one of the allowed serial numbers.
CREATE TABLE allow_lists (
    realm BIGINT NOT NULL,
    template BIGINT NOT NULL,
    parameter TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, template)
);
CREATE TABLE allowed_serial_numbers (
    realm BIGINT NOT NULL,
    template BIGINT NOT NULL,
    serial_number TEXT COLLATE "C" NOT NULL,
    batch TEXT COLLATE "C",
    expires_at BIGINT,
    PRIMARY KEY (realm, template, serial_number)
);

-- What the operator says of a claim certificate: how many devices carry it, and of which batch they are.
CREATE TABLE claim_limits (
    realm BIGINT NOT NULL,
    claim BYTEA NOT NULL,
    devices BIGINT NOT NULL,
    batch TEXT COLLATE "C",
    refuse BIGINT NOT NULL,
    PRIMARY KEY (realm, claim)
);

-- Registrations by claim certificate. Each count is the sum over its stripes, so that devices of one claim that are
-- registered at once do not wait for each other.
CREATE TABLE claim_counts (
    realm BIGINT NOT NULL,
    claim BYTEA NOT NULL,
    stripe BIGINT NOT NULL,
    registrations BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (realm, claim, stripe)
);
