-- Retained messages, and the sessions that outlive their connections with what waits for them.
-- BIGINT times are milliseconds since 1970. `number`s of sessions and messages come from one space.

CREATE TABLE number_blocks (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO number_blocks (name, next) VALUES ('objects', 1);

CREATE TABLE retained_messages (
    realm INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    properties TEXT,
    modified_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (realm, topic)
) STRICT;
CREATE INDEX retained_messages_by_end ON retained_messages (expires_at) WHERE expires_at IS NOT NULL;

-- How many retained messages a realm has: counting half a million for each new one would be dear.
CREATE TABLE retained_counts (realm INTEGER PRIMARY KEY, retained INTEGER NOT NULL) STRICT;

-- `queued` and `queued_bytes` are of the session's messages; `newest` is the number of the last one that was taken.
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    expiry_seconds INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    queued_bytes INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    UNIQUE (realm, client_id)
) STRICT;
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE session_subscriptions (
    realm INTEGER NOT NULL,
    session INTEGER NOT NULL,
    filter TEXT NOT NULL,
    qos INTEGER NOT NULL,
    no_local INTEGER NOT NULL,
    retain_as_published INTEGER NOT NULL,
    PRIMARY KEY (realm, session, filter)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_messages (
    realm INTEGER NOT NULL,
    session INTEGER NOT NULL,
    number INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    properties TEXT,
    expires_at INTEGER,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (realm, session, number)
) STRICT;
