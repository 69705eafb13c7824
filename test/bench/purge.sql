-- What a purge costs: the same rows made anonymous by one UPDATE, and by pv.purge(), which
-- commits after every batch; :rows rows, a tenth of them expired, all over the table, six
-- columns each. Two tables that are the same, so that both find what the other found.
CREATE EXTENSION pvext CASCADE;
CREATE TABLE by_hand (id int PRIMARY KEY, name text, email text, mobile text, street text, zip text, city text,
                      born date, product text NOT NULL, ended_on date, note text NOT NULL);
INSERT INTO by_hand
SELECT i, 'Name ' || i, i || '@example.no', '9' || i, 'Street ' || i, lpad((i % 9999)::text, 4, '0'), 'City ' || i % 100,
       date '1950-01-01' + i % 20000, 'internet',
       CASE WHEN h % 10 = 0 THEN date '2005-01-01' + (h % 3650)::int WHEN h % 10 < 4 THEN current_date - (h % 300)::int END,
       repeat('x', 100)
FROM (SELECT i, hashint4(i)::bigint + 2147483648 AS h FROM generate_series(1, :rows) AS i) AS r;
CREATE TABLE purged (LIKE by_hand INCLUDING ALL);
INSERT INTO purged TABLE by_hand;
VACUUM ANALYZE by_hand;
VACUUM ANALYZE purged;

SELECT pv.declare_subject('purged');
SELECT pv.declare_personal('purged', '{name,email,mobile,street,zip,city}', 'identifying', erase_with => 'null');
SELECT pv.declare_retention('purged', 'customers', '2 years', 'ended_on', 'policy');
SELECT pv.activate_retention('purged', 'customers', rows) FROM pv.preview_purge();

CREATE TABLE measured (what text, round int, hand boolean, rows bigint, ms float8);

CREATE PROCEDURE measure(what text, round int, hand boolean) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    IF hand THEN
        UPDATE by_hand SET name = NULL, email = NULL, mobile = NULL, street = NULL, zip = NULL, city = NULL
        WHERE ended_on <= current_date - interval '2 years' AND
            (name IS NOT NULL OR email IS NOT NULL OR mobile IS NOT NULL OR street IS NOT NULL OR zip IS NOT NULL OR city IS NOT NULL);
    ELSE
        CALL pv.purge('purged');
    END IF;
    COMMIT;
    INSERT INTO measured VALUES (what, round, hand, 0, 1000 * extract(epoch FROM clock_timestamp() - started));
    UPDATE measured AS m SET rows = CASE WHEN m.hand THEN (SELECT count(*) FROM by_hand WHERE name IS NULL)
                                         ELSE (SELECT count(*) FROM purged WHERE name IS NULL) END WHERE m.rows = 0;
    COMMIT;
END $$;

-- 100 tables of which nothing is due.
CREATE PROCEDURE make_quiet_tables(n int, rows int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..n LOOP
        EXECUTE format('CREATE TABLE quiet_%s (id int PRIMARY KEY, name text, ended_on date)', i);
        EXECUTE format('INSERT INTO quiet_%s SELECT r, ''Name '' || r, current_date - r %% 700 FROM generate_series(1, %s) AS r', i, rows);
        EXECUTE format('CREATE INDEX ON quiet_%s (ended_on)', i);
        EXECUTE format('ANALYZE quiet_%s', i);
        EXECUTE format('SELECT pv.declare_subject(''quiet_%s'')', i);
        EXECUTE format('SELECT pv.declare_personal(''quiet_%s'', ''{name}'', ''identifying'')', i);
        EXECUTE format('SELECT pv.declare_retention(''quiet_%s'', ''customers'', ''2 years'', ''ended_on'', ''policy'')', i);
        EXECUTE format('SELECT pv.activate_retention(''quiet_%s'', ''customers'', 0)', i);
        COMMIT;
    END LOOP;
END $$;
