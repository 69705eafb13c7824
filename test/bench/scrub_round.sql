-- A round: rows are erased in both tables; then one is rewritten, the other is vacuumed, scrubbed,
-- scrubbed once more when there is nothing to do, and read. :checkpoint: one before VACUUM, so that
-- VACUUM logs whole pages; none falls in between.
SELECT coalesce(max(round) + 1, 0) AS round, coalesce(max(round) + 1, 0) / 2 % 2 = 0 AS rewritten_first FROM measured \gset
SET max_parallel_workers_per_gather = 0;
CALL erase('scrubbed', :round);
CALL erase('rewritten', :round);
\if :checkpoint
CHECKPOINT;
\endif
\if :rewritten_first
\ir scrub_full.sql
\endif
SELECT clock_timestamp() AS time, pg_current_wal_insert_lsn() AS lsn \gset
VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) scrubbed;
\set part VACUUM
\ir scrub_part.sql
SELECT * FROM pv.scrub_pages('scrubbed');
\set part scrub_pages
\ir scrub_part.sql
SELECT * FROM pv.scrub_pages('scrubbed');
\set part nothing
\ir scrub_part.sql
SELECT count(*) FROM scrubbed;
\set part count
\ir scrub_part.sql
\if :rewritten_first
\else
\ir scrub_full.sql
\endif
