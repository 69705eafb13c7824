-- One of the refused requests has nothing in its way any more.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== From now on the worker does its duties in this database, every second in this demonstration'
\echo
ALTER DATABASE company SET pvext.enabled = on;
SHOW pvext.naptime;

\echo '== Olav (1004) pays'
\echo
WITH paid AS (UPDATE invoice SET paid_on = current_date
              WHERE customer_id = 1004 AND paid_on IS NULL RETURNING id, paid_on, amount)
INSERT INTO payment (invoice_id, paid_on, amount, from_account) SELECT *, '1503 12 34567' FROM paid;
