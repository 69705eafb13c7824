-- Another session withdraws a consent between two queries of this one. Run
-- again and again in a session; the first time warms up.
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS round FROM measured WHERE what = '11 warm' AND hand \gset
SELECT format('SELECT pv.withdraw_consent(''customer'', %s, ''newsletter'', ''web'')', nth(:round)) AS withdrawal \gset
CALL ask(1, 'before', :round, false);
CALL ask(11, 'warm', :round, true);
\set out `psql -X -A -t -h :'HOST' -U :'USER' -d :'DBNAME' -c :'withdrawal'`
CALL ask(11, 'warm', :round, false);
