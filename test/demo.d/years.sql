-- The worker has purged.  Then time passes: what the tables, the ledger of erasures and
-- the register of requests know of dates is put six years back, in one transaction.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== The worker has purged; what is left belongs to customers who owe a bill'
\echo
SELECT sum(done) AS purged, max(finished_at - started_at) < '1 minute' AS "within a minute"
FROM pv.run_log WHERE duty = 'purge';
SELECT relation, rule, rows, oldest, held_by FROM pv.overdue;

\echo '== Nobody asked these former customers, or had to: their data has gone, the rows stand'
\echo
SELECT c.id, c.name, c.email, c.street, max(s.ended_on) AS left_on
FROM customer AS c JOIN service AS s ON s.customer_id = c.id
WHERE c.email LIKE 'erased-%' AND c.id < 1000 GROUP BY c.id ORDER BY c.id LIMIT 3;

\echo '== Six years pass'
\echo
BEGIN;
UPDATE service SET started_on = started_on - interval '6 years', ended_on = ended_on - interval '6 years';
UPDATE invoice SET issued_on = issued_on - interval '6 years', paid_on = paid_on - interval '6 years';
UPDATE payment SET paid_on = paid_on - interval '6 years';
UPDATE pv.erasure_ledger SET requested_at = requested_at - interval '6 years', executed_at = executed_at - interval '6 years',
    tried_at = tried_at - interval '6 years', retained_until = retained_until - interval '6 years'
WHERE state <> 'completed';
ALTER TABLE pv.request_ledger DISABLE TRIGGER refuse_others_change;
UPDATE pv.request_ledger SET received_at = received_at - interval '6 years', due_at = due_at - interval '6 years',
    recorded_at = recorded_at - interval '6 years', identity_confirmed_at = identity_confirmed_at - interval '6 years'
WHERE answered_at IS NULL;
ALTER TABLE pv.request_ledger ENABLE ALWAYS TRIGGER refuse_others_change;
COMMIT;
