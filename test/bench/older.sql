-- What an erasure costs where a link has no foreign key, for :what: beside a transaction
-- that is older its rows are to be looked at once more, when that has ended.
SELECT now() AS begun \gset
CREATE OR REPLACE PROCEDURE without_key(what text) LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 0..9 LOOP
        CALL one_by_one(what, round, true, 50);
        CALL one_by_one(what, round, false, 50);
    END LOOP;
END $$;
CALL without_key(:'what');
SELECT what, subjects AS "subjects a round", rounds, round(hand_ms::numeric, 3) AS "ms each by hand",
       round(pvext_ms::numeric, 3) AS "ms each by pvext", round(ratio::numeric, 2) AS ratio, round(fastest::numeric, 2) AS "fastest rounds",
       (SELECT string_agg(DISTINCT state::text, ', ') FROM pv.erasure WHERE requested_at >= :'begun') AS states
FROM outcome WHERE what = :'what';
