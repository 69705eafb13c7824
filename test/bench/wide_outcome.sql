SELECT what, rounds, round(hand_ms::numeric, 1) AS "ms by hand", round(pvext_ms::numeric, 1) AS "ms by pvext", round(ratio::numeric, 2) AS ratio,
       round(lowest::numeric, 2) || ' to ' || round(highest::numeric, 2) AS "in the rounds"
FROM outcome ORDER BY what;
SELECT round(f.pvext_ms / s.pvext_ms) AS "first by pvext, of its second", round(f.hand_ms / s.hand_ms) AS "first by hand, of its second"
FROM outcome AS f, outcome AS s WHERE f.what LIKE 'first%' AND s.what LIKE 'second%';
SELECT CASE WHEN hand THEN 'by hand' ELSE 'by pvext' END AS "a session's memory", round(max(bytes) / 1e6) AS "MB" FROM memory GROUP BY hand ORDER BY hand DESC;
