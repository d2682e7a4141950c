-- The index by which what was registered was counted by claim: counts have had a table of their own since 0011, and each
-- registration wrote an entry that nobody read.
DROP INDEX ownership_tokens_by_claim;
