-- Six years later.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== What the worker did'
\echo
SELECT duty, state, done, failures, login FROM pv.run_log WHERE done > 0 ORDER BY id;

\echo '== Of Bjørn (1002) and Olav (1004) nothing is left, and their requests are completed; two others are not'
\echo
SELECT (SELECT count(*) FROM invoice WHERE customer_id IN (1002, 1004)) AS their_invoices,
       (SELECT count(*) FROM invoice WHERE customer_id IN (1002, 1004) AND name <> '') AS with_a_name;
SELECT key, state, requested_by, executed_by, blocked_by FROM pv.erasure ORDER BY requested_at;

\echo '== Due, but blocked'
\echo
SELECT relation, rule, rows, oldest, held_by FROM pv.overdue;

\echo '== As the auditor: how it all stands'
\echo
\c - auditor
\set QUIET on
\x on
\set QUIET off
SELECT * FROM pv.status;
\set QUIET on
\x off
\set QUIET off
