CREATE VIEW round_of AS
SELECT what, round,
       max(ms) FILTER (WHERE part = 'VACUUM') AS vacuum, max(ms) FILTER (WHERE part = 'scrub_pages') AS scrub,
       max(ms) FILTER (WHERE part = 'nothing') AS nothing, max(ms) FILTER (WHERE part = 'count') AS count,
       max(ms) FILTER (WHERE part = 'VACUUM FULL') AS "full",
       max(wal) FILTER (WHERE part = 'VACUUM') AS vacuum_wal, max(wal) FILTER (WHERE part = 'scrub_pages') AS scrub_wal
FROM measured WHERE round > 1 GROUP BY what, round;
SELECT what, count(*) AS rounds,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY vacuum))::numeric) AS vacuum_ms,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY scrub))::numeric) AS scrub_ms,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY "full"))::numeric) AS full_ms,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY nothing))::numeric) AS nothing_ms,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY count))::numeric) AS count_ms,
       pg_size_pretty(max(vacuum_wal)) AS vacuum_wal, pg_size_pretty(max(scrub_wal)) AS scrub_wal
FROM round_of GROUP BY what ORDER BY what;
SELECT r.what, v.ratio,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY v.value))::numeric, 3) AS median,
       round(min(v.value)::numeric, 3) AS lowest, round(max(v.value)::numeric, 3) AS highest
FROM round_of AS r
CROSS JOIN LATERAL (VALUES (1, 'VACUUM and scrub_pages to VACUUM', (vacuum + scrub) / vacuum),
                           (2, 'VACUUM and scrub_pages to VACUUM FULL', (vacuum + scrub) / "full"),
                           (3, 'WAL of scrub_pages to that of VACUUM', CAST(scrub_wal / vacuum_wal AS float8)),
                           (4, 'nothing to scrub to count(*)', nothing / count),
                           (5, 'the same by the page',
                            nothing / count * pg_relation_size('scrubbed') / pg_total_relation_size('scrubbed'))) AS v(n, ratio, value)
GROUP BY r.what, v.n, v.ratio ORDER BY r.what, v.n;
