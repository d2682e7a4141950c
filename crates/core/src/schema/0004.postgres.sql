-- Certificate authorities of customers, transfers and registration codes.

-- The CA certificate that a certificate was registered under, and the account that it was transferred from.
ALTER TABLE certificates ADD COLUMN ca BYTEA;
ALTER TABLE certificates ADD COLUMN previous_owner TEXT COLLATE "C";
CREATE INDEX certificates_by_ca ON certificates (realm, ca, created_at, number) WHERE ca IS NOT NULL;

CREATE TABLE ca_certificates (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    id BYTEA NOT NULL,
    -- The SHA-256 of the subject: a subject may be longer than an index takes.
    subject BYTEA NOT NULL,
    -- With the mode DEFAULT the region, in which only one account may have the certificate; else null.
    claimed_in TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    auto_registration TEXT COLLATE "C" NOT NULL,
    mode TEXT COLLATE "C" NOT NULL,
    der BYTEA NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    customer_version BIGINT NOT NULL,
    generation_id BYTEA NOT NULL,
    template_body TEXT COLLATE "C",
    role_arn TEXT COLLATE "C",
    template_name TEXT COLLATE "C",
    UNIQUE (id, realm),
    UNIQUE (id, claimed_in)
);
CREATE INDEX ca_certificates_by_age ON ca_certificates (realm, created_at, number);
CREATE INDEX ca_certificates_by_subject ON ca_certificates (realm, subject, number);

-- How many CA certificates of a realm have a subject.
CREATE TABLE ca_subjects (
    realm BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    holders BIGINT NOT NULL,
    PRIMARY KEY (realm, subject)
);

CREATE TABLE registration_codes (realm BIGINT PRIMARY KEY, code TEXT COLLATE "C" NOT NULL);

-- Each transfer as either side sees it; `number` and `created_at` are those of the certificate on that side.
CREATE TABLE certificate_transfers (
    realm BIGINT NOT NULL,
    id BYTEA NOT NULL,
    direction TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    peer_account TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C",
    sent_at BIGINT NOT NULL,
    settled_at BIGINT,
    reject_reason TEXT COLLATE "C",
    PRIMARY KEY (realm, id)
);
CREATE INDEX certificate_transfers_by_age ON certificate_transfers (realm, direction, state, created_at, number);
