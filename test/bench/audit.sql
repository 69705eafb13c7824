-- What row audit costs: the same statements in turn on a table that nobody
-- audits ("none"), on one that pvext audits, and on those that others do; 200000
-- rows a statement, and one row a transaction. "floor" is none, and the bytes
-- that pvext wrote for it inserted into a bare table. Ratios are to none of the
-- same round, the first round left aside; :peers are those at hand.
SET synchronous_commit = off;
SET pgaudit.log = 'none';
CREATE EXTENSION pvext CASCADE;
CREATE TABLE t_none (id bigint PRIMARY KEY, email text UNIQUE, name text, street text, city text, zip text, country text,
                     phone text, born date, created timestamptz, updated timestamptz, balance numeric, active boolean,
                     visits int, note text);
CREATE TABLE t_pvext (LIKE t_none INCLUDING ALL);
CREATE TABLE t_floor (LIKE t_none INCLUDING ALL);
CREATE TABLE t_pgaudit (LIKE t_none INCLUDING ALL);
SELECT pv.enable_audit('t_pvext');
CREATE TABLE bare (id bigint, xid xid8, incarnation bigint, payload bytea);
CREATE TABLE payloads (what text, id bigint, xid xid8, incarnation bigint, payload bytea);

-- The trigger that is written in an afternoon.
CREATE TABLE t_plpgsql (LIKE t_none INCLUDING ALL);
CREATE TABLE plpgsql_log (at timestamptz DEFAULT now(), login text DEFAULT session_user, relation regclass, operation text, old jsonb, new jsonb);
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO plpgsql_log (relation, operation, old, new) VALUES
        (TG_RELID, TG_OP, CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END $$;
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON t_plpgsql FOR EACH ROW EXECUTE FUNCTION log_change();

SELECT :'peers' LIKE '%table_log%' AS have_table_log \gset
\if :have_table_log
CREATE EXTENSION table_log;
CREATE TABLE t_table_log (LIKE t_none INCLUDING ALL);
CREATE TABLE table_log_log (LIKE t_none);
ALTER TABLE table_log_log ADD trigger_mode varchar(10), ADD trigger_tuple varchar(5), ADD trigger_changed timestamptz, ADD trigger_id bigserial;
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON t_table_log FOR EACH ROW EXECUTE FUNCTION table_log('table_log_log');
\endif

CREATE TABLE measured (what text, variant text, round int, rows int, ms float8);

CREATE PROCEDURE measure(what text, variant text, round int, n int, command text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
    last bigint := (SELECT last_value FROM pv.audit_log_id_seq);
    sample payloads;
BEGIN
    IF variant = 'pgaudit' THEN
        SET pgaudit.log = 'write';
    END IF;
    SELECT * INTO sample FROM payloads AS p WHERE p.what = measure.what LIMIT 1;
    COMMIT;
    started := clock_timestamp();
    IF what LIKE 'one%' THEN
        FOR i IN 1..n LOOP
            EXECUTE command USING i;
            IF variant = 'floor' THEN
                INSERT INTO bare VALUES (sample.id, sample.xid, sample.incarnation, sample.payload);
            END IF;
            COMMIT;
        END LOOP;
    ELSE
        EXECUTE command;
        IF variant = 'floor' THEN
            INSERT INTO bare SELECT p.id, p.xid, p.incarnation, p.payload FROM payloads AS p WHERE p.what = measure.what;
        END IF;
        COMMIT;
    END IF;
    INSERT INTO measured VALUES (what, variant, round, n, 1000 * extract(epoch FROM clock_timestamp() - started));
    SET pgaudit.log = 'none';
    IF variant = 'pvext' AND round = 0 THEN
        INSERT INTO payloads SELECT measure.what, l.* FROM pv.audit_log AS l WHERE l.id > last;
    END IF;
    COMMIT;
END $$;

-- A row of some 300 bytes, of the number that an expression gives.
CREATE FUNCTION row_of(i text) RETURNS text LANGUAGE sql AS $$
    SELECT replace('SELECT #, ''customer'' || # || ''@example.com'', ''Name of customer '' || #,
        ''Some Long Street Name '' || #, ''City '' || # % 1000, (10000 + # % 90000)::text, ''Netherlands'', ''+31 6 '' || #,
        date ''1950-01-01'' + # % 20000, now(), now(), # * 1.25, # % 2 = 0, # % 100, repeat(''note '', 20)', '#', i) $$;

CREATE PROCEDURE measure_variant(variant text, round int, bulk int, singles int) LANGUAGE plpgsql AS $$
DECLARE
    t text := 't_' || variant;
BEGIN
    EXECUTE 'TRUNCATE ' || t || ', bare';
    CALL measure('insert', variant, round, bulk, format('INSERT INTO %s %s FROM generate_series(1, %s) AS i', t, row_of('i'), bulk));
    CALL measure('update', variant, round, bulk, format('UPDATE %s SET street = ''New Street '' || id, city = ''New City'', updated = clock_timestamp()', t));
    CALL measure('delete', variant, round, bulk, 'DELETE FROM ' || t);
    EXECUTE 'TRUNCATE ' || t;
    CALL measure('one insert', variant, round, singles, format('INSERT INTO %s %s', t, row_of('$1')));
    CALL measure('one update', variant, round, singles, format('UPDATE %s SET street = ''New Street'', city = ''New City'', updated = now() WHERE id = $1', t));
    CALL measure('one delete', variant, round, singles, format('DELETE FROM %s WHERE id = $1', t));
END $$;

-- Each round begins with another one.  Those of others, which take long, are in every third.
SELECT format('CALL measure_variant(%L, %s, %s, %s)', variant, round, :bulk, :singles)
FROM generate_series(0, :rounds) AS round, unnest(string_to_array(:'peers', ' ')) WITH ORDINALITY AS p(variant, n)
WHERE round % 3 = 0 OR variant IN ('none', 'pvext', 'floor')
ORDER BY round, (n + round) % cardinality(string_to_array(:'peers', ' ')) \gexec

SELECT a.what, a.variant, count(*) AS rounds,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY a.ms / p.ms))::numeric, 2) AS ratio,
       round((min(a.ms) / min(p.ms))::numeric, 2) AS fastest,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * a.ms / a.rows))::numeric, 2) AS us,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * (a.ms - p.ms) / a.rows))::numeric, 2) AS more_us
FROM measured AS a JOIN measured AS p USING (what, round)
WHERE p.variant = 'none' AND round > 0
GROUP BY a.what, a.variant ORDER BY a.what, ratio;
SELECT pg_table_size('pv.audit_log_0') / (SELECT count(*) FROM pv.audit_trail) AS pvext_bytes_a_record,
       (SELECT sum(pg_column_size(l.*) + 4) / count(*) FROM plpgsql_log AS l) AS plpgsql_bytes_a_record;

-- Sealing and verifying: a million records of five statements, then a hundred
-- thousand of as many transactions.
CREATE TABLE t_sealed (id int PRIMARY KEY, v text);
SELECT pv.enable_audit('t_sealed');
SELECT pv.seal_audit() > 0 AS sealed;
SELECT format('INSERT INTO t_sealed SELECT i, ''value '' || i FROM generate_series(%s, %s) AS i', 200000 * n + 1, 200000 * (n + 1))
FROM generate_series(0, 4) AS n \gexec
CREATE PROCEDURE time_seal(what text, OUT records bigint, OUT ms float8) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    records := pv.seal_audit();
    ms := 1000 * extract(epoch FROM clock_timestamp() - started);
    INSERT INTO measured VALUES (what, 'pvext', 1, records, ms);
END $$;
CALL time_seal('seal, many records a transaction', NULL, NULL);
DO $$ BEGIN FOR i IN 1..100000 LOOP UPDATE t_sealed SET v = 'new' WHERE id = i; COMMIT; END LOOP; END $$;
CALL time_seal('seal, one record a transaction', NULL, NULL);
DO $$
DECLARE
    started timestamptz;
    n bigint := (SELECT count(*) FROM pv.audit_trail);
BEGIN
    FOR round IN 1..3 LOOP
        started := clock_timestamp();
        IF EXISTS (SELECT FROM pv.verify_audit()) THEN
            RAISE 'the log does not verify';
        END IF;
        INSERT INTO measured VALUES ('verify', 'pvext', round, n, 1000 * extract(epoch FROM clock_timestamp() - started));
    END LOOP;
END $$;
SELECT what, max(rows) AS records, round(min(ms)) AS ms, round(max(rows) / min(ms) * 1000) AS records_a_second
FROM measured WHERE what LIKE 'seal%' OR what = 'verify' GROUP BY what ORDER BY what;
