-- Thing types, billing groups, tags and events.

ALTER TABLE things ADD COLUMN thing_type BIGINT;
ALTER TABLE things ADD COLUMN billing_group BIGINT;
-- 1 for an attachment of type EXCLUSIVE_THING, 0 for NON_EXCLUSIVE_THING.
ALTER TABLE thing_principals ADD COLUMN exclusive BIGINT NOT NULL DEFAULT 0;
