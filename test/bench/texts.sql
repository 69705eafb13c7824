DO $$ BEGIN FOR round IN 0..20 LOOP
    CALL one_by_one('five texts', round, true, 50);
    CALL one_by_one('five texts', round, false, 50);
END LOOP; END $$;
SELECT what, subjects AS "subjects a round", rounds, round(hand_ms::numeric, 3) AS "ms each by hand",
       round(pvext_ms::numeric, 3) AS "ms each by pvext", round(ratio::numeric, 2) AS ratio, round(fastest::numeric, 2) AS "fastest rounds"
FROM outcome;
