-- One subject at a time, by hand and by pvext in turn, each round on subjects of
-- its own. The first round of each is not counted: it plans the statements.
SET pvext.erasure_limit = 0;
DO $$
BEGIN
    FOR round IN 0..9 LOOP
        CALL measure('one by hand', round, format(
            'DO $x$ BEGIN FOR i IN %s..%s LOOP PERFORM by_hand(i); END LOOP; END $x$',
            1 + round * 1000, 500 + round * 1000));
        CALL measure('one by pvext', round, format(
            'DO $x$ BEGIN FOR i IN %s..%s LOOP PERFORM pv.erase_subject(''person'', i); END LOOP; END $x$',
            501 + round * 1000, 1000 + round * 1000));
    END LOOP;
END $$;

-- Ten thousand in one call.
DO $$
BEGIN
    FOR round IN 0..3 LOOP
        CALL measure('10000 by hand', round, format(
            'SELECT by_hand(array_agg(i)) FROM generate_series(%s, %s) i',
            20001 + round * 20000, 30000 + round * 20000));
        CALL measure('10000 by pvext', round, format(
            'SELECT count(*) FROM pv.erase_subjects(''person'', (SELECT array_agg(i::text) FROM generate_series(%s, %s) i))',
            30001 + round * 20000, 40000 + round * 20000));
    END LOOP;
END $$;

SELECT h.what AS by_hand, round(h.ms::numeric, 1) AS ms, p.what AS by_pvext, round(p.ms::numeric, 1) AS ms,
       round((p.ms / h.ms)::numeric, 2) AS ratio
FROM (SELECT what, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms FROM measured WHERE round > 0 GROUP BY 1) h
JOIN (SELECT what, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms FROM measured WHERE round > 0 GROUP BY 1) p
  ON replace(h.what, 'hand', 'pvext') = p.what AND h.what <> p.what
ORDER BY 1 DESC;
