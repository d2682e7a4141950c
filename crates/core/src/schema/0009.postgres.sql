-- Ownership tokens of certificates that devices were given to register with, and by whose claim.

-- Of a token only the SHA-256 is kept. One that was used stays: it says by which claim its certificate was registered.
CREATE TABLE ownership_tokens (
    realm BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    certificate BIGINT NOT NULL,
    certificate_id BYTEA NOT NULL,
    claim BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    registered_at BIGINT,
    PRIMARY KEY (realm, hash)
);
CREATE INDEX ownership_tokens_waiting ON ownership_tokens (realm, expires_at) WHERE registered_at IS NULL;
CREATE INDEX ownership_tokens_over ON ownership_tokens (expires_at) WHERE registered_at IS NULL;
CREATE INDEX ownership_tokens_by_claim ON ownership_tokens (realm, claim) WHERE registered_at IS NOT NULL;
