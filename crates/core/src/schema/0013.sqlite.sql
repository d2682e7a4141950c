-- What nodes ask each other about clients that are connected to one of them.

-- The nodes that share the store, and when each was last there.
CREATE TABLE nodes (number INTEGER PRIMARY KEY, seen_at INTEGER NOT NULL) STRICT;

-- A question of the node `asker` to all others. What is to be sent to the client stands in the last three columns.
CREATE TABLE node_questions (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    asker INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    question TEXT NOT NULL,
    topic TEXT,
    payload BLOB,
    properties TEXT
) STRICT;
CREATE INDEX node_questions_by_time ON node_questions (asked_at);

CREATE TABLE node_answers (
    realm INTEGER NOT NULL,
    question INTEGER NOT NULL,
    node INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (realm, question, node)
) STRICT, WITHOUT ROWID;
