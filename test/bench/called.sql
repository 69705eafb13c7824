-- What came out of single calls: one row by its key, and give_consent().
SELECT what, rounds, round(hand_ms::numeric, 4) AS "ms without", round(pvext_ms::numeric, 4) AS "ms with pvext",
       round(ratio::numeric, 2) AS ratio, round(lowest::numeric, 2) || ' to ' || round(highest::numeric, 2) AS "in the rounds",
       round(fastest::numeric, 2) AS "fastest rounds",
       CASE WHEN what LIKE 'one customer by id%' THEN 'at most 1.15'
            WHEN what LIKE 'give_consent%' AND what NOT LIKE '%evidence' THEN 'at most 2.0' END AS target
FROM outcome WHERE what !~ '^\d' ORDER BY what LIKE 'give%', what;
