-- From :former to :size subjects, and the new ones erased, spread over the tables.
INSERT INTO person SELECT i, 'Kari Nordmann ' || i, 'kari' || i || '@example.no'
    FROM generate_series(:former + 1, :size) AS i;
INSERT INTO account SELECT i, i, 'kari' || i FROM generate_series(:former + 1, :size) AS i;
INSERT INTO invoice SELECT i, (i + 1) / 2, 'Kari ' || i, 'Storgata ' || i
    FROM generate_series(2 * :former + 1, 2 * :size) AS i;
VACUUM ANALYZE;

SELECT format('CREATE OR REPLACE FUNCTION nth(i int) RETURNS int LANGUAGE sql IMMUTABLE
    AS ''SELECT (%s + 1 + i::bigint * 7919 %% %s)::int''', :former, :size - :former) \gexec

CREATE OR REPLACE PROCEDURE compare(label text) LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 0..25 LOOP
        CALL one_by_one(label, round, true, 20);
        CALL one_by_one(label, round, false, 20);
    END LOOP;
END $$;
CALL compare('one of ' || :size);
