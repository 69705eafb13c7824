-- Where else a person's values stand, against sum(length()) of the same columns: in turn,
-- of one table, made by the command "fill". The person is one of a thousand.
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text, email text, phone text);
INSERT INTO person SELECT i, 'Kari Nordmann', format('kari%s@example.no', i), format('+47 %s', 90000000 + i) FROM generate_series(1, 1000) AS i;
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name,email,phone}', 'identifying') \gset
CREATE TABLE searched AS :fill;
VACUUM ANALYZE;
SET max_parallel_workers_per_gather = 0;

CREATE TABLE measured (round int, hand boolean, ms float8);
CREATE PROCEDURE measure(round int, hand boolean, command text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE command;
    INSERT INTO measured VALUES (round, hand, 1000 * extract(epoch FROM clock_timestamp() - started));
    COMMIT;
END $$;
SELECT format('SELECT %s FROM searched', string_agg(format('sum(length(%I))', attname), ', ')) AS lengths
FROM pg_attribute WHERE attrelid = 'searched'::regclass AND attnum > 0 \gset
SELECT set_config('bench.lengths', :'lengths', false) \gset
DO $$ BEGIN FOR round IN 0..11 LOOP
    CALL measure(round, true, current_setting('bench.lengths'));
    CALL measure(round, false, format('SELECT * FROM pv.find_copies(''person'', %s)', round + 1));
END LOOP; END $$;
SELECT :'what' AS what, pg_size_pretty(pg_table_size('searched')) AS size, count(*) AS rounds,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY h.ms)::numeric) AS "ms of sum(length())",
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ms)::numeric) AS "ms of find_copies",
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ms / h.ms)::numeric, 2) AS ratio,
       round((min(p.ms) / min(h.ms))::numeric, 2) AS "fastest rounds"
FROM measured AS p JOIN measured AS h USING (round) WHERE round > 0 AND NOT p.hand AND h.hand;
