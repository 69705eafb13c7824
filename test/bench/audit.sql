-- What row audit costs: the same statements on a table that is audited and on one
-- that is not, in turn; 200000 rows a statement, and one row a transaction.
-- Ratios, the first round left aside; for one statement also microseconds a row.
SET synchronous_commit = off;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE plain (id bigint PRIMARY KEY, email text UNIQUE, name text, street text, city text, zip text, country text,
                    phone text, born date, created timestamptz, updated timestamptz, balance numeric, active boolean,
                    visits int, note text);
CREATE TABLE audited (LIKE plain INCLUDING ALL);
SELECT pv.enable_audit('audited');
CREATE TABLE measured (what text, audited boolean, round int, rows int, ms float8);

CREATE PROCEDURE measure(what text, audited boolean, round int, n int, command text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
BEGIN
    COMMIT;
    started := clock_timestamp();
    IF what LIKE 'one%' THEN
        FOR i IN 1..n LOOP
            EXECUTE command USING i;
            COMMIT;
        END LOOP;
    ELSE
        EXECUTE command;
        COMMIT;
    END IF;
    INSERT INTO measured VALUES (what, audited, round, n, 1000 * extract(epoch FROM clock_timestamp() - started));
    COMMIT;
END $$;

-- A row of some 300 bytes, of the number that an expression gives.
CREATE FUNCTION row_of(i text) RETURNS text LANGUAGE sql AS $$
    SELECT replace('SELECT #, ''customer'' || # || ''@example.com'', ''Name of customer '' || #,
        ''Some Long Street Name '' || #, ''City '' || # % 1000, (10000 + # % 90000)::text, ''Netherlands'', ''+31 6 '' || #,
        date ''1950-01-01'' + # % 20000, now(), now(), # * 1.25, # % 2 = 0, # % 100, repeat(''note '', 20)', '#', i) $$;

CREATE PROCEDURE measure_round(round int, singles int) LANGUAGE plpgsql AS $$
DECLARE
    t text;
    audited boolean;
BEGIN
    FOR turn IN 0..1 LOOP
        audited := (turn + round) % 2 = 1;
        t := CASE WHEN audited THEN 'audited' ELSE 'plain' END;
        EXECUTE 'TRUNCATE ' || t;
        CALL measure('insert', audited, round, 200000, format('INSERT INTO %s %s FROM generate_series(1, 200000) AS i', t, row_of('i')));
        CALL measure('update', audited, round, 200000, format('UPDATE %s SET street = ''New Street '' || id, city = ''New City'', updated = clock_timestamp()', t));
        CALL measure('delete', audited, round, 200000, 'DELETE FROM ' || t);
        EXECUTE 'TRUNCATE ' || t;
        CALL measure('one insert', audited, round, singles, format('INSERT INTO %s %s', t, row_of('$1')));
        CALL measure('one update', audited, round, singles, format('UPDATE %s SET street = ''New Street'', city = ''New City'', updated = now() WHERE id = $1', t));
        CALL measure('one delete', audited, round, singles, format('DELETE FROM %s WHERE id = $1', t));
    END LOOP;
END $$;

SELECT format('CALL measure_round(%s, %s)', round, :singles) FROM generate_series(0, :rounds) AS round \gexec
SELECT a.what, count(*) AS rounds,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * p.ms / p.rows))::numeric, 2) AS plain_us,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY a.ms / p.ms))::numeric, 2) AS ratio,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * (a.ms - p.ms) / a.rows))::numeric, 2) AS more_us,
       round((min(a.ms) / min(p.ms))::numeric, 2) AS fastest
FROM measured AS a JOIN measured AS p USING (what, round)
WHERE a.audited AND NOT p.audited AND round > 0
GROUP BY a.what ORDER BY a.what;
SELECT pg_size_pretty(pg_table_size('pv.audit_log_0')) AS log, pg_table_size('pv.audit_log_0') / count(*) AS bytes_a_record FROM pv.audit_trail;
