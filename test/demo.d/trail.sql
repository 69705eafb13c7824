-- The audit log after the erasures.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== As the auditor: the same trail of Ingrid (1001), without the values'
\echo
\c - auditor
\set QUIET on
\x on
\set QUIET off
SELECT login, actor, operation, old, new, redacted
FROM pv.subject_trail('customer', 1001) WHERE relation = 'public.customer' AND operation <> 'READ';
\set QUIET on
\x off
\set QUIET off

\echo '== Every seal verifies'
\echo
SELECT count(*) AS problems FROM pv.verify_audit();
