-- Topic rules and their destinations.

-- `settings` is AWS's payload of the rule without `ruleDisabled`; `filter` is what its FROM names. The revision changes
-- with every change of the rule, so that a node parses again only what changed.
CREATE TABLE topic_rules (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    filter TEXT,
    disabled INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (realm, name)
) STRICT;

-- The SHA-256 of the URL is what makes it unique: a URL may be longer than an index takes. Of the token that confirms the
-- destination only the SHA-256 is kept.
CREATE TABLE topic_rule_destinations (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    id TEXT NOT NULL,
    confirmation_url TEXT NOT NULL,
    url_hash BLOB NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    token_hash BLOB,
    confirmed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (realm, id),
    UNIQUE (realm, url_hash)
) STRICT;
CREATE INDEX topic_rule_destinations_by_token ON topic_rule_destinations (realm, token_hash);
