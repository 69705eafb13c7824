-- The part of a round that rewrites a table.
SELECT clock_timestamp() AS time, pg_current_wal_insert_lsn() AS lsn \gset
VACUUM FULL rewritten;
\set part 'VACUUM FULL'
\ir scrub_part.sql
-- As a table is that has been vacuumed, and nobody waits for what was written.
VACUUM rewritten;
\if :checkpoint
CHECKPOINT;
\endif
