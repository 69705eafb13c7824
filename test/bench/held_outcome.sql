SELECT what, rounds, round(hand_ms::numeric, 1) AS "ms of the query", round(pvext_ms::numeric, 1) AS "ms by pvext", round(ratio::numeric, 2) AS ratio,
       round(lowest::numeric, 2) || ' to ' || round(highest::numeric, 2) AS "in the rounds"
FROM outcome ORDER BY what;
