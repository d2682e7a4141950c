-- Topic rules and their destinations.

-- `settings` is AWS's payload of the rule without `ruleDisabled`; `filter` is what its FROM names. The revision changes
-- with every change of the rule, so that a node parses again only what changed.
CREATE TABLE topic_rules (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    settings TEXT COLLATE "C" NOT NULL,
    filter TEXT COLLATE "C",
    disabled BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (realm, name)
);

-- The SHA-256 of the URL is what makes it unique: a URL may be longer than an index takes. Of the token that confirms the
-- destination only the SHA-256 is kept.
CREATE TABLE topic_rule_destinations (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    confirmation_url TEXT COLLATE "C" NOT NULL,
    url_hash BYTEA NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    status_reason TEXT COLLATE "C",
    token_hash BYTEA,
    confirmed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (realm, id),
    UNIQUE (realm, url_hash)
);
CREATE INDEX topic_rule_destinations_by_token ON topic_rule_destinations (realm, token_hash);
