-- What has_consent() costs, as far as it was measured within the server.
SELECT q.what, a.how, round(a.without_ms::numeric, 2) AS "ms without", round(a.checked_ms::numeric, 2) AS "ms checked",
       round(a.ratio::numeric, 2) AS ratio, round(a.lowest::numeric, 2) || ' to ' || round(a.highest::numeric, 2) AS "in the rounds",
       round(a.fastest::numeric, 2) AS "fastest rounds",
       CASE WHEN a.how LIKE 'warm%' THEN q.warm_target ELSE q.first_target END AS target
FROM asked AS a JOIN query AS q USING (nr) ORDER BY q.nr, a.how LIKE 'first%', a.how;
