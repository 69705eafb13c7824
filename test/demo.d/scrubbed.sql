-- The worker has scrubbed, and the server was then killed and started again.
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
\echo '== The worker has scrubbed; for good measure the server was killed, and started again'
\echo
SELECT state, done AS commands, finished_at - started_at < '1 minute' AS "within a minute" FROM pv.run_log WHERE duty = 'scrub' ORDER BY id;
SELECT key, state, completed_at < scrubbed_at AS scrubbed FROM pv.erasure ORDER BY requested_at;
CHECKPOINT;
SELECT * FROM pv.search_bytes(string_to_array(current_setting('demo.erased'), E'\n'));

\echo '== The receipt says what was scrubbed, and what no scrub can reach'
\echo
\set QUIET on
\x on
\set QUIET off
SELECT id, cardinality(erasures) AS erasures, array_to_string(scope, E'\n') AS scope,
       array_to_string(not_reached, E'\n') AS not_reached, login FROM pv.scrub_receipt;
\set QUIET on
\x off
\set QUIET off
