-- Certificate authorities of customers, transfers and registration codes.

-- The CA certificate that a certificate was registered under, and the account that it was transferred from.
ALTER TABLE certificates ADD COLUMN ca BLOB;
ALTER TABLE certificates ADD COLUMN previous_owner TEXT;
CREATE INDEX certificates_by_ca ON certificates (realm, ca, created_at, number) WHERE ca IS NOT NULL;

CREATE TABLE ca_certificates (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    id BLOB NOT NULL,
    -- The SHA-256 of the subject: a subject may be longer than an index takes.
    subject BLOB NOT NULL,
    -- With the mode DEFAULT the region, in which only one account may have the certificate; else null.
    claimed_in TEXT,
    status TEXT NOT NULL,
    auto_registration TEXT NOT NULL,
    mode TEXT NOT NULL,
    der BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    customer_version INTEGER NOT NULL,
    generation_id BLOB NOT NULL,
    template_body TEXT,
    role_arn TEXT,
    template_name TEXT,
    UNIQUE (id, realm),
    UNIQUE (id, claimed_in)
) STRICT;
CREATE INDEX ca_certificates_by_age ON ca_certificates (realm, created_at, number);
CREATE INDEX ca_certificates_by_subject ON ca_certificates (realm, subject, number);

-- How many CA certificates of a realm have a subject.
CREATE TABLE ca_subjects (
    realm INTEGER NOT NULL,
    subject BLOB NOT NULL,
    holders INTEGER NOT NULL,
    PRIMARY KEY (realm, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE registration_codes (realm INTEGER PRIMARY KEY, code TEXT NOT NULL) STRICT;

-- Each transfer as either side sees it; `number` and `created_at` are those of the certificate on that side.
CREATE TABLE certificate_transfers (
    realm INTEGER NOT NULL,
    id BLOB NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    peer_account TEXT NOT NULL,
    message TEXT,
    sent_at INTEGER NOT NULL,
    settled_at INTEGER,
    reject_reason TEXT,
    PRIMARY KEY (realm, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_transfers_by_age ON certificate_transfers (realm, direction, state, created_at, number);
