-- Some time later, by the worker and by nobody else.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== His request went through by itself, as far as the bookkeeping lets it'
\echo
SELECT key, state, requested_by, executed_by, retained_until, blocked_by FROM pv.erasure WHERE key = '1004';

\echo '== What remains for statistics: a year of it'
\echo
SELECT to_char(month, 'YYYY-MM') AS month,
       sum(hours) FILTER (WHERE product = 'internet') AS internet,
       sum(hours) FILTER (WHERE product = 'telephone') AS telephone,
       sum(hours) FILTER (WHERE product = 'television') AS television
FROM statistics
WHERE month >= date_trunc('year', current_date) - interval '10 years'
  AND month < date_trunc('year', current_date) - interval '9 years'
GROUP BY month ORDER BY month;

\echo '== The consent ledger of those who have been erased: what was done stands, who it was has gone'
\echo
\c - officer
SELECT key, purpose, action, version, channel, evidence
FROM pv.consent_history WHERE key IS NULL ORDER BY id;

\echo '== Somebody imports an old list, with Ingrid on it: nobody is to write to her'
\echo
\c - dba
BEGIN;
INSERT INTO customer (id, name, email, since) VALUES
    (2001, 'I. Solbakken', 'Ingrid.Solbakken@Example.no', current_date),
    (2002, 'Turid Vik', 'turid.vik@example.no', current_date);
SELECT id, name, pv.may_process('customer', id, 'newsletter_email') AS newsletter,
       pv.may_process('customer', id, 'product_survey') AS survey
FROM customer WHERE id > 2000 ORDER BY id;
ROLLBACK;
