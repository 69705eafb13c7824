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

DROP SCHEMA access_keys CASCADE;
DROP EXTENSION pvext CASCADE;
