-- Whose data was read is on record, whatever the statement looks like.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA access_keys;
SET search_path = access_keys;
CREATE TABLE customer (id int PRIMARY KEY, name text, email text, mobile text, city text);
CREATE TABLE invoice (no int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, address text, amount int);
CREATE INDEX ON invoice (customer_id);
INSERT INTO customer SELECT i, 'Name ' || i, 'p' || i || '@here', '9110000' || i, 'Town' FROM generate_series(1, 9) AS i;
INSERT INTO invoice SELECT i, 1 + i % 9, 'Street ' || i, i FROM generate_series(1, 90) AS i;
SELECT pv.declare_subject('customer'), pv.declare_link('invoice', '{customer_id}', 'customer'),
       pv.declare_personal('customer', '{name,email,mobile}', 'identifying'), pv.declare_personal('invoice', '{address}', 'contact');
SELECT pv.enable_audit('customer'), pv.enable_audit('invoice');
ANALYZE customer, invoice;
CREATE TABLE seen (statement bigint);
CREATE PROCEDURE look() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pv.drain_reads();
    INSERT INTO access_keys.seen SELECT max(a.statement) FROM pv.access_log AS a;
END $$;

-- A record is as long as it has to be: claims, columns and keys take nothing from each other.
SELECT format('CREATE TABLE wide (id text PRIMARY KEY, %s)', string_agg(format('contact_address_number_%s text', i), ', ' ORDER BY i))
FROM generate_series(1, 60) AS i \gset create_
:create_format;
SELECT format('CREATE TABLE wider (id int PRIMARY KEY, %s)', string_agg(rpad('c' || i, 63, '_') || ' text', ', ' ORDER BY i))
FROM generate_series(1, 200) AS i \gset create_
:create_format;
INSERT INTO wide (id) VALUES (repeat('k', 900)), (repeat('K', 2500)), ('short');
INSERT INTO wider (id) VALUES (1);
SELECT pv.declare_subject('wide'), pv.declare_subject('wider');
SELECT pv.declare_personal(t, (SELECT array_agg(a.attname) FROM pg_attribute AS a WHERE a.attrelid = t AND a.attname LIKE 'c%' AND a.attnum > 0), 'contact')
FROM unnest('{wide,wider}'::regclass[]) AS t;
SELECT pv.enable_audit('wide'), pv.enable_audit('wider');
SELECT set_config('pvext.actor', repeat('a', 300), false) <> '' AS actor, set_config('pvext.purpose', repeat('p', 300), false) <> '' AS purpose,
       set_config('application_name', repeat('n', 63), false) <> '' AS application, logged AS before FROM pv.access_status \gset
SELECT name FROM customer WHERE id = 4;
SELECT contact_address_number_1 FROM wide WHERE id = 'short';
SELECT * FROM wide \g /dev/null
SELECT wide, wider, customer.name, address FROM wide, wider, customer, invoice WHERE customer.id = 4 AND customer_id = 4 \g /dev/null
RESET pvext.actor;
RESET pvext.purpose;
RESET application_name;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT dense_rank() OVER (ORDER BY statement) AS statement, relation, cardinality(columns) AS columns, left(columns[1], 30) AS first,
       length(actor) AS actor, length(purpose) AS purpose, length(application) AS application,
       (SELECT string_agg(left(k, 10) || ':' || length(k), ' ' ORDER BY length(k)) FROM jsonb_each(keys) AS e, jsonb_array_elements_text(e.value) AS k) AS keys
FROM pv.access_log AS a WHERE keys IS NOT NULL ORDER BY a.statement, relation;
SELECT logged = :before AS none_logged FROM pv.access_status;
SELECT count(*) FROM pv.subject_trail('wide', repeat('K', 2500)) WHERE operation = 'READ';
SELECT count(*) FROM pv.subject_trail('customer', 4) WHERE operation = 'READ';
CALL look();

-- Whatever the statement looks like
CREATE VIEW reads AS
    SELECT a.purpose, a.relation, a.rows, a.keys, a.ways, a.queryid IS NOT NULL AS identified
    FROM pv.access_log AS a WHERE a.statement > (SELECT max(s.statement) FROM access_keys.seen AS s) ORDER BY a.statement, a.relation, a.n;
SET pvext.purpose = 'plain';
SELECT email FROM customer WHERE id = 4;
SET pvext.purpose = 'distinct';
SELECT DISTINCT email FROM customer WHERE id = 4;
SET pvext.purpose = 'group by';
SELECT city, min(email) FROM customer WHERE name = 'Name 4' GROUP BY city;
SET pvext.purpose = 'grouping sets';
SELECT city, email, count(*) FROM customer WHERE name = 'Name 4' GROUP BY ROLLUP (city, email) ORDER BY 1, 2;
SET pvext.purpose = 'union';
SELECT email FROM customer WHERE id = 4 UNION SELECT name FROM customer WHERE id = 5 ORDER BY 1;
SET pvext.purpose = 'except';
SELECT email FROM customer WHERE id = 4 EXCEPT SELECT name FROM customer WHERE id = 5;
SET pvext.purpose = 'with';
WITH x AS MATERIALIZED (SELECT email FROM customer WHERE name = 'Name 4') SELECT * FROM x;
SET pvext.purpose = 'recursive';
WITH RECURSIVE x AS (SELECT 4 AS i, NULL::text AS e UNION ALL SELECT x.i + 1, c.email FROM x JOIN customer AS c ON c.id = x.i WHERE x.i < 6) SELECT * FROM x ORDER BY i;
SET pvext.purpose = 'min';
SELECT min(email) FROM customer WHERE mobile = '91100004';
SET pvext.purpose = 'scalar subquery';
SELECT (SELECT email FROM customer WHERE id = 4);
SET pvext.purpose = 'array';
SELECT ARRAY(SELECT email FROM customer WHERE id IN (4, 5) ORDER BY id);
SET pvext.purpose = 'beside another';
SELECT name, (SELECT d.email FROM customer AS d WHERE d.id = 4) FROM customer AS c WHERE id = 1;
SET pvext.purpose = 'among others';
SELECT min(email) FROM (SELECT email FROM customer WHERE id > 6 UNION ALL SELECT email FROM customer WHERE id = 4) AS u;
SET pvext.purpose = 'lateral';
SELECT l.email FROM (VALUES (4)) AS v(i), LATERAL (SELECT email FROM customer WHERE id = v.i OFFSET 0) AS l;
SET pvext.purpose = 'window';
SELECT first_value(email) OVER () FROM customer WHERE id = 4;
SET pvext.purpose = 'set-returning';
SELECT regexp_split_to_table(email, '@') FROM customer WHERE id = 4;
SET pvext.purpose = 'whole row';
SELECT row_to_json(s) FROM (SELECT email FROM customer WHERE id = 4 OFFSET 0) AS s;
SET pvext.purpose = 'for update';
SELECT email FROM (SELECT * FROM customer WHERE id = 4) AS s FOR UPDATE;
SET pvext.purpose = 'limit';
SELECT count(*) FROM (SELECT email FROM customer ORDER BY mobile DESC LIMIT 2) AS s;
SET pvext.purpose = 'update';
UPDATE customer SET city = 'x' WHERE email = 'p4@here' RETURNING name;
SET pvext.purpose = 'update from';
UPDATE invoice SET amount = 0 FROM customer WHERE customer.id = customer_id AND email = 'p4@here' AND no = 3;
SET pvext.purpose = 'delete';
DELETE FROM invoice WHERE address = 'Street 12';
SET pvext.purpose = 'insert';
INSERT INTO seen SELECT length(email) - 7 FROM customer WHERE id = 4;
SET pvext.purpose = 'writing with';
WITH u AS (UPDATE customer SET city = 'y' WHERE id = 4 RETURNING email) SELECT count(*) FROM u;
SET pvext.purpose = 'merge';
MERGE INTO customer AS c USING (VALUES ('p4@here')) AS v(email) ON c.email = v.email WHEN MATCHED THEN UPDATE SET city = 'Merged';
SET pvext.purpose = 'function';
CREATE FUNCTION email_of(int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT email FROM access_keys.customer WHERE id = $1 $$;
SELECT email_of(4), * FROM email_of(5);
RESET pvext.purpose;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT purpose, relation, rows, keys, identified FROM reads;
CALL look();

-- The answer is no, and no row comes of it; or all that comes is an error.
PREPARE asked(int) AS SELECT EXISTS (SELECT FROM customer WHERE id = $1 AND email LIKE 'q%');
CREATE FUNCTION asked(who int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT FROM access_keys.customer WHERE id = who AND email LIKE 'q%');
END $$;
CREATE FUNCTION caught() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM email::int FROM access_keys.customer WHERE id = 4;
EXCEPTION WHEN others THEN RETURN sqlerrm;
END $$;
SET pvext.purpose = 'exists';
SELECT EXISTS (SELECT FROM customer WHERE id = 4 AND email LIKE 'q%');
SET pvext.purpose = 'parameter';
EXECUTE asked(4);
SET plan_cache_mode = force_generic_plan;
EXECUTE asked(5);
RESET plan_cache_mode;
SELECT asked(6);
SET pvext.purpose = 'list';
SELECT count(email) FROM customer WHERE id IN (3, 4) AND email LIKE 'q%';
SELECT count(email) FROM customer WHERE id = ANY (ARRAY[3, (SELECT 4)]) AND email LIKE 'q%';
SET pvext.purpose = 'other types';
SELECT name FROM customer WHERE id = 4::bigint AND email LIKE 'q%';
SELECT name FROM customer WHERE id = 4.0 AND email LIKE 'q%';
SET pvext.purpose = 'link';
SELECT count(*) FROM invoice WHERE customer_id = 4 AND address = 'Nowhere';
SET pvext.purpose = 'beside another';
SELECT name, (SELECT 1 FROM customer AS d WHERE d.id = 4 AND d.email LIKE 'q%') FROM customer AS c WHERE id = 1;
SET pvext.purpose = 'not asked for';
SELECT name FROM customer WHERE id <> 4 AND email LIKE 'q%';
SET pvext.purpose = 'error in a value';
SELECT email::int FROM customer WHERE id = 4;
SET pvext.purpose = 'error in a condition';
SELECT count(*) FROM customer WHERE name = 'Name 4' AND mobile = '91100004' AND email::int = 1;
SET pvext.purpose = 'error in an aggregate';
SELECT sum(email::int) FROM customer WHERE name = 'Name 4';
SET pvext.purpose = 'error in a subquery';
SELECT (SELECT email::int FROM customer WHERE name = 'Name 4');
SET pvext.purpose = 'error caught';
SELECT caught();
SET pvext.purpose = 'error in a cursor';
BEGIN;
DECLARE c CURSOR FOR SELECT mobile::int, CASE id WHEN 5 THEN email::int END FROM customer WHERE id > 3 ORDER BY id;
FETCH 3 FROM c;
ROLLBACK;
RESET pvext.purpose;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT purpose, relation, rows, keys, ways FROM reads;
SELECT count(*) FROM pv.subject_trail('customer', 4) WHERE operation = 'READ';
CALL look();

-- Whatever the plan: those of the rows that are left, where that can be seen.
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        RETURN NEXT line;
    END LOOP;
END $$;
SELECT 'SELECT count(email), min(address) FROM invoice JOIN customer ON id = customer_id WHERE no IN (3, 12, 13)' AS join \gset
SET pvext.purpose = 'hash join';
SET enable_nestloop = off;
SET enable_mergejoin = off;
:join;
SET pvext.purpose = 'merge join';
SET enable_mergejoin = on;
SET enable_hashjoin = off;
:join;
SET pvext.purpose = 'nested loop';
SET enable_nestloop = on;
SET enable_mergejoin = off;
:join;
SET pvext.purpose = 'outer join';
RESET enable_hashjoin;
SET enable_nestloop = off;
SELECT count(email) FROM invoice LEFT JOIN customer ON id = customer_id AND email LIKE 'p5%' WHERE no IN (3, 4);
RESET enable_nestloop;
RESET enable_mergejoin;
RESET pvext.purpose;
CREATE TABLE event (id int, customer_id int, who text) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (1) TO (10);
CREATE TABLE event_2 (who text, customer_id int, id int);
ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES FROM (10) TO (20);
INSERT INTO event SELECT i, 1 + i % 9, 'who ' || i FROM generate_series(1, 19) AS i;
SET client_min_messages = error;
SELECT pv.declare_link('event', '{customer_id}', 'customer'), pv.declare_personal('event', '{who}', 'contact');
SELECT pv.enable_audit('event');
RESET client_min_messages;
SET pvext.purpose = 'partitions';
SELECT count(who) FROM event WHERE id IN (3, 13);
SELECT count(who) FROM (SELECT who FROM event WHERE id > 3 ORDER BY id DESC LIMIT 1) AS e;
SET pvext.audit_read_keys = 3;
SELECT min(who) FROM event;
SELECT min(who) FROM (SELECT who FROM event WHERE id < 10 UNION ALL SELECT who FROM event WHERE id = 18) AS e;
RESET pvext.audit_read_keys;
RESET pvext.purpose;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT purpose, relation, rows, keys FROM reads;
CALL look();

-- How many are named may change while a cursor is open.
SET pvext.audit_read_keys = 3;
SET pvext.purpose = 'more from now on';
BEGIN;
INSERT INTO customer VALUES (4000, 'Name 4000');
DECLARE c CURSOR FOR SELECT name FROM customer ORDER BY id;
FETCH 2 FROM c;
SET LOCAL pvext.audit_read_keys = 1000;
FETCH 1 FROM c;
MOVE ALL FROM c;
ROLLBACK;
RESET pvext.audit_read_keys;
RESET pvext.purpose;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT purpose, relation, rows, keys FROM reads;
CALL look();

-- In a worker of a parallel plan
SET pvext.purpose = 'parallel';
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT min(mobile) FROM customer WHERE email || '' = 'p4@here';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET parallel_leader_participation;
RESET pvext.purpose;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT DISTINCT purpose, relation, keys FROM reads WHERE keys IS NOT NULL;
CALL look();

-- The plan is what it would be without: an index alone is enough, a join that gives nothing is left out.
INSERT INTO invoice SELECT i, 1 + i % 9, 'Street ' || i, i FROM generate_series(91, 5000) AS i;
CREATE INDEX by_address ON invoice (address);
CREATE INDEX by_amount ON invoice (amount) INCLUDE (customer_id, address);
VACUUM ANALYZE invoice;
SET enable_bitmapscan = off;
SET enable_seqscan = off;
SET pvext.purpose = 'index alone';
SELECT * FROM plan_of($$SELECT address FROM invoice WHERE address = 'Street 4000'$$);
SELECT address FROM invoice WHERE address = 'Street 4000';
SELECT * FROM plan_of($$SELECT count(*) FROM invoice WHERE address < 'Street 2'$$);
SELECT count(*) FROM invoice WHERE address < 'Street 2';
SELECT address FROM invoice WHERE address IN ('Street 4000', 'Street 4009') ORDER BY address || '' DESC;
SET pvext.purpose = 'index with the key';
SELECT * FROM plan_of($$SELECT address FROM invoice WHERE amount = 4000$$);
SELECT address FROM invoice WHERE amount = 4000;
SET pvext.purpose = 'index and an error';
SELECT address::int FROM invoice WHERE amount = 4000;
SET pvext.purpose = 'left out';
SELECT * FROM plan_of($$SELECT customer_id FROM invoice LEFT JOIN customer ON id = customer_id AND email LIKE 'p%' WHERE no = 4000$$);
SELECT no FROM invoice LEFT JOIN customer ON id = customer_id AND email LIKE 'p%' WHERE no = 4000;
SET pvext.audit_read_keys = 2;
SET pvext.purpose = 'few are looked up';
SELECT count(*) FROM invoice WHERE address < 'Street 2';
RESET pvext.audit_read_keys;
RESET pvext.purpose;
RESET enable_seqscan;
RESET enable_bitmapscan;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT purpose, relation, rows, keys, ways FROM reads;
CALL look();

SET client_min_messages = warning;
DROP SCHEMA access_keys CASCADE;
DROP EXTENSION pvext CASCADE;
