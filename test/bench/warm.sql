-- Warm: one session asks again and again.
SET max_parallel_workers_per_gather = 0;
CALL ask_all('warm', :rounds);
SELECT name AS "the session's memory", count(*) AS contexts, pg_size_pretty(sum(total_bytes)) AS "in all"
    FROM pg_backend_memory_contexts WHERE name LIKE 'pvext consent%' GROUP BY name ORDER BY name;
SET max_parallel_workers_per_gather = 2;
CALL ask_all('warm, 2 workers', :rounds);
