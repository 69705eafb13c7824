-- What an erasure costs that another transaction is older than, so that its rows are
-- looked at once more when that has ended.
DO $$ BEGIN FOR round IN 0..20 LOOP
    CALL one_by_one('beside an older transaction', round, true, 50);
    CALL one_by_one('beside an older transaction', round, false, 50);
END LOOP; END $$;
SELECT what, subjects AS "subjects a round", rounds, round(hand_ms::numeric, 3) AS "ms each by hand",
       round(pvext_ms::numeric, 3) AS "ms each by pvext", round(ratio::numeric, 2) AS ratio, round(fastest::numeric, 2) AS "fastest rounds",
       (SELECT string_agg(DISTINCT state::text, ', ') FROM pv.erasure WHERE requested_at > now() - interval '1 minute') AS states
FROM outcome WHERE what LIKE 'beside%';
