-- Requests for erasure, as customer support gets them.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== As customer support'
\echo
\c - support
\set ON_ERROR_STOP off
SELECT name FROM customer WHERE id = 1002;
\set ON_ERROR_STOP on

\echo
\echo '== A preview: Bjørn (1002) left lately and has paid'
\echo
SELECT * FROM pv.preview_erasure('customer', 1002);

\set QUIET on
\x on
\set QUIET off
\echo '== Sigrid (1003) is a customer still: refused'
\echo
SELECT key, state, blocked_by, rows_anonymised FROM pv.erase_subject('customer', 1003, 'asked by e-mail');

\echo '== Olav (1004) owes a bill, Marte''s (1005) is at the debt collector''s: refused'
\echo
SELECT key, state, blocked_by, rows_anonymised
FROM pv.erase_subjects('customer', '{1004,1005}', 'asked by telephone');

\echo '== Bjørn''s (1002) bookkeeping is younger than five years: erased in part'
\echo
SELECT key, state, retained_until, rows_anonymised FROM pv.erase_subject('customer', 1002, 'asked by e-mail');

\echo '== Ingrid (1001) left long ago: erased'
\echo
SELECT * FROM pv.erase_subject('customer', 1001, 'asked by letter');

\echo '== Asking again changes nothing'
\echo
SELECT id, state, completed_at, rows_anonymised FROM pv.erase_subject('customer', 1001, 'asked again');
\set QUIET on
\x off
\set QUIET off

\echo '== What is still personal of Ingrid''s, and of Bjørn''s'
\echo
SELECT * FROM pv.verify_erasure('customer', 1001);
SELECT * FROM pv.verify_erasure('customer', 1002);

\echo '== As the DBA again: what the tables hold now'
\echo
\c - dba
SELECT id, name, email, mobile, street, postal_code, city FROM customer WHERE id IN (1001, 1002) ORDER BY id;
(SELECT customer_id, issued_on, amount, name, street, postal_code, city
 FROM invoice WHERE customer_id = 1001 ORDER BY id DESC LIMIT 2)
UNION ALL
(SELECT customer_id, issued_on, amount, name, street, postal_code, city
 FROM invoice WHERE customer_id = 1002 ORDER BY id DESC LIMIT 2);
SELECT customer_id, body FROM note WHERE customer_id IN (1001, 1002) ORDER BY id;

\echo '== The ledger of erasures'
\echo
SELECT key, state, requested_by, reason, rows_anonymised AS rows, retained_until, blocked_by
FROM pv.erasure ORDER BY requested_at, key;
