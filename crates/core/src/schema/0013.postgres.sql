-- What nodes ask each other about clients that are connected to one of them.

-- The nodes that share the store, and when each was last there.
CREATE TABLE nodes (number BIGINT PRIMARY KEY, seen_at BIGINT NOT NULL);

-- A question of the node `asker` to all others. What is to be sent to the client stands in the last three columns.
CREATE TABLE node_questions (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    asker BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    question TEXT COLLATE "C" NOT NULL,
    topic TEXT COLLATE "C",
    payload BYTEA,
    properties TEXT COLLATE "C"
);
CREATE INDEX node_questions_by_time ON node_questions (asked_at);

CREATE TABLE node_answers (
    realm BIGINT NOT NULL,
    question BIGINT NOT NULL,
    node BIGINT NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, question, node)
);
