-- Thing types, billing groups, tags and events.

ALTER TABLE things ADD COLUMN thing_type INTEGER;
ALTER TABLE things ADD COLUMN billing_group INTEGER;
-- 1 for an attachment of type EXCLUSIVE_THING, 0 for NON_EXCLUSIVE_THING.
ALTER TABLE thing_principals ADD COLUMN exclusive INTEGER NOT NULL DEFAULT 0;
