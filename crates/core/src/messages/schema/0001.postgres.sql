-- Retained messages, and the sessions that outlive their connections with what waits for them.
-- BIGINT times are milliseconds since 1970. `number`s of sessions and messages come from one space.

CREATE TABLE number_blocks (name TEXT COLLATE "C" PRIMARY KEY, next BIGINT NOT NULL);
INSERT INTO number_blocks (name, next) VALUES ('objects', 1);

CREATE TABLE retained_messages (
    realm BIGINT NOT NULL,
    topic TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    qos BIGINT NOT NULL,
    properties TEXT COLLATE "C",
    modified_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (realm, topic)
);
CREATE INDEX retained_messages_by_end ON retained_messages (expires_at) WHERE expires_at IS NOT NULL;

-- How many retained messages a realm has: counting half a million for each new one would be dear.
CREATE TABLE retained_counts (realm BIGINT PRIMARY KEY, retained BIGINT NOT NULL);

-- `queued` and `queued_bytes` are of the session's messages; `newest` is the number of the last one that was taken.
CREATE TABLE sessions (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    expiry_seconds BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    queued BIGINT NOT NULL,
    queued_bytes BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    UNIQUE (realm, client_id)
);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE session_subscriptions (
    realm BIGINT NOT NULL,
    session BIGINT NOT NULL,
    filter TEXT COLLATE "C" NOT NULL,
    qos BIGINT NOT NULL,
    no_local BIGINT NOT NULL,
    retain_as_published BIGINT NOT NULL,
    PRIMARY KEY (realm, session, filter)
);

CREATE TABLE session_messages (
    realm BIGINT NOT NULL,
    session BIGINT NOT NULL,
    number BIGINT NOT NULL,
    topic TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    properties TEXT COLLATE "C",
    expires_at BIGINT,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (realm, session, number)
);
