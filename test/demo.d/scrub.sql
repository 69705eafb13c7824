-- What has been erased and purged is still in the files.  The values that are searched
-- for come as psql's variable "erased", one a line, and go to no file.
\set ON_ERROR_STOP on
\set ECHO none
\set QUIET on
\pset null -
\o /dev/null
SELECT set_config('demo.erased', :'erased', false);
\o
\set QUIET off
\set ECHO queries

\echo
\echo '== No table has them any more, the files do: what was erased and purged, by kind of file'
\echo
CHECKPOINT;
SELECT CASE WHEN place ~ '^(table|TOAST table|index) pv\.' THEN 'pvext''s own tables'
            ELSE substring(place FROM '^(?:system catalog|\w+)') END AS kind,
       count(*) AS files, sum(count) AS copies
FROM pv.search_bytes(string_to_array(current_setting('demo.erased'), E'\n')) GROUP BY 1 ORDER BY 3 DESC;

\echo '== What it takes to scrub them, by lock'
\echo
SELECT substring(command FROM '^SELECT[^(]*|^[A-Z]+(?: FULL| MATERIALIZED VIEW| INDEX CONCURRENTLY| INDEX)?') AS command,
       lock, count(*) AS commands, pg_size_pretty(sum(wal_bytes)) AS wal
FROM pv.scrub_plan() WITH ORDINALITY AS p(command, lock, wal_bytes, note, n) GROUP BY 1, 2 ORDER BY min(n);

\echo '== The worker is to do it, in this demonstration at once'
\echo
ALTER DATABASE company SET pvext.scrub = on;
ALTER DATABASE company SET pvext.scrub_wal = on;
ALTER DATABASE company SET pvext.scrub_interval = 0;
