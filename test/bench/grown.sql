-- In the tables as they have grown: a hundred times as many in one call.
CREATE PROCEDURE compare_calls(label text, n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 1..3 LOOP
        CALL in_one_call(label, round, true, n);
        CALL in_one_call(label, round, false, n);
    END LOOP;
END $$;
CALL in_one_call('warm-up', 0, true, 10);
CALL in_one_call('warm-up', 0, false, 10);
CALL compare_calls(:size / 1000 || ' in one call', :size / 1000);
CALL compare_calls(:size / 100 || ' in one call', :size / 100);
CALL compare_calls(:size / 10 || ' in one call', :size / 10);

SELECT what, round(hand_ms::numeric, 3) AS "ms each by hand", round((hand_ms / first_value(hand_ms) OVER w)::numeric, 2) AS "to the first",
       round(pvext_ms::numeric, 3) AS "ms each by pvext", round((pvext_ms / first_value(pvext_ms) OVER w)::numeric, 2) AS "to the first",
       round(ratio::numeric, 2) AS "pvext to hand", round(fastest::numeric, 2) AS "fastest rounds"
FROM outcome WINDOW w AS (PARTITION BY what LIKE 'one of%' ORDER BY substring(what, '\d+')::int)
ORDER BY what NOT LIKE 'one of%', substring(what, '\d+')::int;
