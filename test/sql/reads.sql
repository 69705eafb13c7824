-- Read audit: which reads are recorded, of whom, what for and how.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE ROLE regress_access_owner;
CREATE ROLE regress_access_clerk;
CREATE ROLE regress_access_auditor;
SELECT pv.grant_role('regress_access_owner', 'owner');
SELECT pv.grant_role('regress_access_auditor', 'auditor');
GRANT CREATE ON SCHEMA public TO regress_access_owner;
SET application_name = 'access test';
-- What has been recorded since the last look; a statement that was slow has several rows.
CREATE TABLE public.seen (statement bigint);
CREATE VIEW public.reads AS
    SELECT a.statement, a.relation, a.columns, max(a.rows) AS rows, a.ways, bool_or(a.refused) AS refused
    FROM pv.access_log AS a WHERE a.statement > (SELECT coalesce(max(s.statement), 0) FROM public.seen AS s)
    GROUP BY a.statement, a.relation, a.columns, a.ways ORDER BY a.statement, a.relation;
CREATE PROCEDURE public.look() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pv.drain_reads();
    INSERT INTO public.seen SELECT max(a.statement) FROM pv.access_log AS a;
END $$;

SET ROLE regress_access_owner;
CREATE TABLE public.customer (id int PRIMARY KEY, name text, email text, city text);
CREATE TABLE public.invoice (no int PRIMARY KEY, customer_id int REFERENCES public.customer, address text, amount int);
CREATE INDEX ON public.invoice (customer_id);
INSERT INTO public.customer SELECT i, 'Name ' || i, i || '@here', 'Town' FROM generate_series(1, 5) AS i;
INSERT INTO public.invoice SELECT i, 1 + i % 5, 'Street ' || i, i FROM generate_series(1, 20) AS i;
SELECT pv.declare_subject('public.customer');
SELECT pv.declare_link('public.invoice', '{customer_id}', 'public.customer');
SELECT pv.declare_personal('public.customer', '{name,email}', 'identifying');
SELECT pv.declare_personal('public.invoice', '{address}', 'contact');
-- Not audited yet
SELECT name FROM public.customer WHERE id = 1;
SELECT pv.enable_audit('public.customer');
GRANT SELECT (id, name, city) ON public.customer TO regress_access_clerk;
RESET ROLE;
CALL public.look();

-- Which columns
SELECT name FROM public.customer WHERE id <= 2;
SELECT city FROM public.customer WHERE id <= 2;
SELECT count(*) FROM public.customer;
SELECT id FROM public.customer WHERE email = '1@here';
SELECT c FROM public.customer AS c WHERE id = 1;
SELECT row_to_json(c) ->> 'city' AS city FROM public.customer AS c WHERE id = 1;
SELECT * FROM public.customer WHERE false;
SELECT city FROM public.customer ORDER BY name LIMIT 1;
SELECT EXISTS (SELECT FROM public.customer WHERE name = 'Name 1');
WITH c AS (SELECT name AS n FROM public.customer) SELECT count(n) FROM c;
SELECT c.name, i.address FROM public.customer AS c JOIN public.invoice AS i ON i.customer_id = c.id WHERE i.no = 1;
SELECT name FROM public.customer WHERE id = 1 UNION ALL SELECT email FROM public.customer WHERE id = 1;
SELECT a.name FROM public.customer AS a JOIN public.customer AS b USING (id) WHERE b.email = '1@here';
EXPLAIN (COSTS off) SELECT name FROM public.customer;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
CALL public.look();

-- Writing that reads
UPDATE public.customer SET city = 'City' WHERE id = 1;
UPDATE public.customer SET city = 'City' WHERE name = 'Name 1';
UPDATE public.customer SET name = 'Other' WHERE id = 5;
UPDATE public.customer SET city = city WHERE id <= 2 RETURNING name;
INSERT INTO public.customer VALUES (6, 'Name 6', '6@here', 'Town');
INSERT INTO public.customer VALUES (7, 'Name 7', '7@here', 'Town') RETURNING email;
CREATE TABLE public.copy AS SELECT name FROM public.customer;
INSERT INTO public.copy SELECT email FROM public.customer WHERE id <= 3;
DELETE FROM public.customer WHERE name IN ('Name 6', 'Name 7');
MERGE INTO public.customer AS c USING (VALUES ('Name 2')) AS v(name) ON c.name = v.name
    WHEN MATCHED THEN UPDATE SET city = 'Merged';
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
CALL public.look();

-- The ways: views, functions, COPY, cursors, prepared statements
CREATE VIEW public.plain AS SELECT id, name FROM public.customer;
CREATE VIEW public.invoker WITH (security_invoker) AS SELECT id, name FROM public.customer;
CREATE VIEW public.other AS SELECT no FROM public.invoice;
CREATE FUNCTION public.name_of(i int) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN (SELECT name FROM public.customer WHERE id = i); END $$;
CREATE FUNCTION public.constant() RETURNS text LANGUAGE plpgsql IMMUTABLE
    AS $$ BEGIN RETURN (SELECT name FROM public.customer WHERE id = 1); END $$;
CREATE FUNCTION public.names() RETURNS SETOF text LANGUAGE plpgsql
    AS $$ DECLARE n text; BEGIN FOR n IN SELECT name FROM public.customer LOOP RETURN NEXT n; END LOOP; END $$;
SELECT name FROM public.plain WHERE id = 1;
SELECT name FROM public.invoker WHERE id = 1;
SELECT c.name, o.no FROM public.customer AS c JOIN public.other AS o ON o.no = c.id WHERE c.id = 1;
SELECT public.name_of(1);
SELECT public.constant();
SELECT count(*) FROM public.names();
DO $$ BEGIN PERFORM name FROM public.customer; END $$;
COPY public.customer (id, city) TO STDOUT;
COPY public.customer (id, name) TO STDOUT;
COPY public.customer TO STDOUT;
COPY (SELECT email FROM public.customer WHERE id = 1) TO STDOUT;
PREPARE by_id(int) AS SELECT email FROM public.customer WHERE id = $1;
EXECUTE by_id(1);
PREPARE rename(int) AS UPDATE public.customer SET city = 'Prepared' WHERE id = $1 RETURNING name;
EXECUTE rename(1);
CREATE TABLE public.copy2 AS EXECUTE by_id(2);
BEGIN;
DECLARE never CURSOR FOR SELECT name FROM public.customer;
DECLARE two CURSOR FOR SELECT name FROM public.customer ORDER BY id;
FETCH 2 FROM two;
FETCH 1 FROM two;
COMMIT;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT name FROM public.customer ORDER BY id;
COMMIT;
FETCH 1 FROM held;
CLOSE held;
\o /dev/null
EXPLAIN ANALYZE SELECT name FROM public.customer;
\o
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
CALL public.look();

-- A trigger reads, too.
CREATE FUNCTION public.peek() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM email FROM public.customer WHERE id = NEW.customer_id; RETURN NULL; END $$;
CREATE TRIGGER peek AFTER INSERT ON public.invoice FOR EACH ROW EXECUTE FUNCTION public.peek();
INSERT INTO public.invoice VALUES (21, 1, 'Street 21', 21);
DROP TRIGGER peek ON public.invoice;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
CALL public.look();

-- What functions read in workers of a parallel statement; what those share with their leader is one read.
CREATE FUNCTION public.name_beside(i int) RETURNS text LANGUAGE plpgsql PARALLEL SAFE
    AS $$ BEGIN RETURN (SELECT name FROM public.customer WHERE id = i); END $$;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS off) SELECT public.name_beside(customer_id) FROM public.invoice WHERE amount = 1;
SELECT public.name_beside(customer_id) FROM public.invoice WHERE amount = 1;
SELECT count(name) FROM public.customer;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET parallel_leader_participation;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
CALL public.look();

-- What is rolled back has been read all the same, and so has what a READ ONLY transaction reads.
BEGIN;
SELECT name FROM public.customer WHERE id = 1;
ROLLBACK;
BEGIN READ ONLY;
SELECT name FROM public.customer WHERE id = 2;
SELECT pv.drain_reads();
\echo :SQLSTATE
COMMIT;
BEGIN;
SAVEPOINT one;
SELECT name FROM public.customer WHERE id = 3;
ROLLBACK TO one;
COMMIT;
SELECT name, 1 / (id - 3) AS error FROM public.customer ORDER BY id;
BEGIN;
DECLARE cut CURSOR FOR SELECT name FROM public.customer ORDER BY id;
FETCH 2 FROM cut;
SELECT 1 / 0;
ROLLBACK;
COPY (SELECT name, 1 / (id - 3) FROM public.customer ORDER BY id) TO STDOUT;
-- What the call that records has taken is back when it is rolled back.
BEGIN;
SELECT pv.drain_reads() >= 0 AS drained;
ROLLBACK;
BEGIN;
SAVEPOINT one;
SELECT pv.drain_reads() >= 0 AS drained;
ROLLBACK TO one;
COMMIT;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
CALL public.look();

-- Refused
SET SESSION AUTHORIZATION regress_access_clerk;
SELECT name FROM public.customer WHERE id = 1;
SELECT email FROM public.customer WHERE id = 1;
\echo :SQLSTATE
SELECT * FROM public.customer;
COPY public.customer TO STDOUT;
COPY public.customer (id, name) TO STDOUT;
UPDATE public.customer SET city = 'x' WHERE name = 'y';
SELECT name FROM public.plain;
SELECT pv.drain_reads();
SELECT * FROM pv.access_log;
RESET SESSION AUTHORIZATION;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
SELECT DISTINCT login, role, application, client, actor, purpose FROM pv.access_log JOIN public.reads USING (statement);
CALL public.look();
-- With row security COPY is a query.
ALTER TABLE public.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY two ON public.customer USING (id <= 2);
SET ROLE regress_access_clerk;
COPY public.customer (id, name) TO STDOUT;
COPY public.customer (email) TO STDOUT;
SET row_security = off;
SELECT name FROM public.customer;
RESET row_security;
RESET ROLE;
ALTER TABLE public.customer DISABLE ROW LEVEL SECURITY;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways, refused FROM public.reads;
CALL public.look();

-- Who, and what for
CREATE FUNCTION public.as_owner(i int) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN (SELECT email FROM public.customer WHERE id = i); END $$;
ALTER FUNCTION public.as_owner OWNER TO regress_access_owner;
SET SESSION AUTHORIZATION regress_access_clerk;
SET pvext.actor = 'employee 7';
SET pvext.purpose = 'answer a complaint';
SELECT name FROM public.customer WHERE id = 1;
SELECT public.as_owner(1);
RESET SESSION AUTHORIZATION;
SET ROLE regress_access_owner;
RESET pvext.actor;
SET pvext.purpose TO 'a very long purpose';
SELECT name FROM public.customer WHERE id = 1;
RESET ROLE;
SELECT set_config('pvext.purpose', repeat('long ', 500), false) <> '' AS set;
SELECT name FROM public.customer WHERE id = 1;
RESET pvext.purpose;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT CASE WHEN login LIKE 'regress%' THEN login END AS login, CASE WHEN role LIKE 'regress%' THEN role END AS role,
       application, actor, left(purpose, 20) AS purpose, length(purpose), ways, rows, keys, redacted
FROM pv.access_log AS a WHERE statement IN (SELECT r.statement FROM public.reads AS r) AND rows IS NOT NULL ORDER BY a.statement;
CALL public.look();

-- Several tables in a statement
SELECT pv.enable_audit('public.invoice');
SELECT c.name, i.address FROM public.customer AS c JOIN public.invoice AS i ON i.customer_id = c.id WHERE i.no <= 2;
SELECT i.address FROM public.invoice AS i WHERE no = 1;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT dense_rank() OVER (ORDER BY statement) AS statement, relation, columns, rows FROM public.reads;
CALL public.look();

-- Whose data it was
CREATE VIEW public.keys AS
    SELECT a.relation, max(a.rows) AS rows, (array_agg(a.keys) FILTER (WHERE a.keys IS NOT NULL))[1] AS keys
    FROM pv.access_log AS a WHERE a.statement > (SELECT coalesce(max(s.statement), 0) FROM public.seen AS s)
    GROUP BY a.statement, a.relation ORDER BY a.statement, a.relation;
CREATE VIEW public.inner_view AS SELECT i.address, c.name, c.city FROM public.customer AS c LEFT JOIN public.invoice AS i ON i.customer_id = c.id;
SELECT name FROM public.customer WHERE id > 3 ORDER BY email DESC;
SELECT i.address FROM public.invoice AS i WHERE no IN (1, 2, 6) ORDER BY no;
SELECT c.name, i.address FROM public.customer AS c LEFT JOIN public.invoice AS i ON i.customer_id = c.id AND i.no = 2 WHERE c.id >= 2 ORDER BY c.id;
SELECT c.name, i.address FROM public.invoice AS i RIGHT JOIN public.customer AS c ON i.customer_id = c.id AND i.no = 2 WHERE c.id >= 4 ORDER BY c.id;
SELECT c.name, i.address FROM public.invoice AS i FULL JOIN public.customer AS c ON i.customer_id = c.id AND i.no = 2 WHERE i.no IS NULL AND c.id > 3 OR i.no = 2 ORDER BY c.id;
SELECT * FROM public.inner_view WHERE name = 'Name 2' ORDER BY address LIMIT 1;
SELECT n FROM (SELECT name AS n, id FROM (SELECT * FROM public.customer ORDER BY id OFFSET 1) AS a) AS b WHERE id = 3;
SELECT j.name FROM (public.customer AS c JOIN public.invoice AS i ON i.customer_id = c.id) AS j WHERE j.no = 1;
SELECT city FROM public.customer WHERE email = '4@here';
SELECT i.no FROM public.invoice AS i, LATERAL (SELECT c.name FROM public.customer AS c WHERE c.id = i.customer_id) AS l WHERE l.name = 'Name 3' AND i.no < 4;
SELECT c FROM public.customer AS c WHERE id = 2 FOR UPDATE;
COPY (SELECT name FROM public.customer WHERE id = 3) TO STDOUT;
EXECUTE by_id(4);
BEGIN;
DECLARE s SCROLL CURSOR FOR SELECT name FROM public.customer ORDER BY id;
FETCH 2 FROM s;
FETCH FIRST FROM s;
UPDATE public.customer SET city = 'Fetched' WHERE id = 1;
COMMIT;
SET pvext.audit_read_keys = 2;
SELECT name FROM public.customer ORDER BY id;
SET pvext.audit_read_keys = 0;
SELECT name FROM public.customer WHERE id = 1;
RESET pvext.audit_read_keys;
-- Of what is grouped, aggregated, combined or changed those of the rows that go into it.
SELECT DISTINCT city FROM public.customer WHERE name IN ('Name 3', 'Name 4');
SELECT city, count(name) FROM public.customer WHERE id = 3 GROUP BY city;
SELECT name FROM public.customer WHERE id = 3 UNION SELECT 'x' ORDER BY 1;
WITH c AS MATERIALIZED (SELECT name FROM public.customer WHERE id = 3) SELECT * FROM c;
UPDATE public.customer SET city = 'x' WHERE id = 3 RETURNING name;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT * FROM public.keys;
CALL public.look();
-- The same whatever the plan: the keys are in the rows of a scan, or in columns that other plans have besides.
CREATE INDEX address_and_key ON public.invoice (address, customer_id);
ANALYZE public.invoice;
EXPLAIN (VERBOSE, COSTS off) SELECT address FROM public.invoice WHERE no = 2;
EXPLAIN (VERBOSE, COSTS off) SELECT address FROM public.invoice ORDER BY amount;
SELECT address FROM public.invoice WHERE no = 3;
SELECT * FROM public.invoice WHERE no = 4;
SELECT amount FROM public.invoice WHERE address || '' = 'Street 1';
SELECT address FROM public.invoice TABLESAMPLE BERNOULLI (100) WHERE no = 3;
SELECT address FROM public.invoice WHERE ctid = (SELECT ctid FROM public.invoice WHERE no = 3);
SELECT address FROM public.invoice WHERE ctid BETWEEN '(0,1)' AND '(0,1)';
SELECT address, 'const' AS const FROM public.invoice AS i WHERE no = 3 AND EXISTS (SELECT 1);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS off) SELECT no FROM public.invoice WHERE address = 'Street 3';
SELECT no FROM public.invoice WHERE address = 'Street 3';
EXPLAIN (COSTS off) SELECT address FROM public.invoice WHERE address = 'Street 4';
SELECT address FROM public.invoice WHERE address = 'Street 4';
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = on;
EXPLAIN (COSTS off) SELECT FROM public.invoice WHERE address = 'Street 3';
SELECT no FROM public.invoice WHERE address = 'Street 1';
SELECT FROM public.invoice WHERE address = 'Street 3';
RESET enable_seqscan;
RESET enable_indexscan;
RESET enable_indexonlyscan;
DROP INDEX public.address_and_key;
PREPARE by_no(int) AS SELECT address FROM public.invoice WHERE no = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_no(3);
EXECUTE by_no(4);
SELECT pv.drain_reads() >= 0 AS drained;
SELECT keys, count(*) FROM public.keys GROUP BY keys ORDER BY keys;
RESET plan_cache_mode;
CALL public.look();
-- The rows look to nobody as if they had more columns.
CREATE FUNCTION public.all_of() RETURNS SETOF public.customer LANGUAGE sql STABLE AS $$ SELECT * FROM public.customer AS c WHERE c.id = 2 $$;
CREATE FUNCTION public.volatile_of(OUT n text, OUT m text) RETURNS SETOF record LANGUAGE sql VOLATILE AS $$ SELECT name, email FROM public.customer AS c WHERE c.id = 2 ORDER BY c.city $$;
CREATE FUNCTION public.record_of() RETURNS record LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN SELECT name, email INTO r FROM public.customer WHERE id = 2; RETURN r; END $$;
CREATE FUNCTION public.query_of() RETURNS TABLE (n text) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT name FROM public.customer WHERE id = 2; END $$;
SELECT * FROM public.all_of();
SELECT public.all_of();
SELECT * FROM public.volatile_of();
SELECT public.record_of();
SELECT * FROM public.query_of();
SELECT name, email INTO public.copy3 FROM public.customer WHERE id = 2;
SELECT * FROM public.copy3;
CREATE MATERIALIZED VIEW public.copy4 AS SELECT name FROM public.customer WHERE id = 2;
REFRESH MATERIALIZED VIEW public.copy4;
SELECT * FROM public.copy4;
SELECT (SELECT name FROM public.customer WHERE id = 2), ARRAY(SELECT name FROM public.customer WHERE id = 2);
SELECT pv.drain_reads() >= 0 AS drained;
SELECT * FROM public.keys;
CALL public.look();
-- Keys of several columns and of other types, and one that shows only part of its rows; many of them
CREATE TABLE public.member (country char(3), nr numeric, code text, name text, PRIMARY KEY (country, nr, code));
CREATE TABLE public.visit (id int PRIMARY KEY, nr numeric, code varchar(20), country char(3), note text, FOREIGN KEY (country, nr, code) REFERENCES public.member);
CREATE TABLE public.device (id uuid PRIMARY KEY, owner text);
CREATE TABLE public.dated (day date PRIMARY KEY, who text);
INSERT INTO public.member VALUES ('NL', 1.50, 'a "b", c\', 'Ann'), ('B', 2, '', 'Bob');
INSERT INTO public.visit VALUES (1, 1.5, 'a "b", c\', 'NL', 'note'), (2, NULL, NULL, NULL, 'nobody''s');
INSERT INTO public.device SELECT lpad(i::text, 32, '0')::uuid, 'Owner ' || i FROM generate_series(1, 100) AS i;
INSERT INTO public.dated VALUES ('2026-01-01', 'Ann');
SET client_min_messages = error;
SELECT pv.declare_subject('public.member'), pv.declare_subject('public.device'), pv.declare_subject('public.dated');
SELECT pv.declare_link('public.visit', '{nr,country,code}', 'public.member', '{nr,country,code}');
RESET client_min_messages;
SELECT pv.declare_personal('public.member', '{name}', 'contact'), pv.declare_personal('public.visit', '{note}', 'note'),
       pv.declare_personal('public.device', '{owner}', 'contact'), pv.declare_personal('public.dated', '{who}', 'contact'),
       pv.enable_audit('public.member'), pv.enable_audit('public.visit'), pv.enable_audit('public.device'), pv.enable_audit('public.dated');
SELECT name FROM public.member ORDER BY name;
SELECT note FROM public.visit ORDER BY id;
SELECT who FROM public.dated;
SET pvext.audit_read_keys = 100;
SELECT count(*) FROM (SELECT owner FROM public.device OFFSET 0) AS d;
COPY (SELECT owner FROM public.device WHERE id < '00000000-0000-0000-0000-000000000003') TO STDOUT;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT owner FROM public.device LOOP NULL; END LOOP; END $$;
RESET pvext.audit_read_keys;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT * FROM public.keys WHERE relation <> 'public.device';
SELECT count(DISTINCT (a.id, a.n)) AS records, count(DISTINCT k) AS keys, min(k) AS first, max(k) AS last
FROM pv.access_log AS a LEFT JOIN LATERAL jsonb_array_elements_text(a.keys -> 'public.device') AS k ON true
WHERE a.relation = 'public.device' GROUP BY a.statement ORDER BY a.statement;
SELECT operation, columns FROM pv.subject_trail('public.member', ROW('NL', 1.5, 'a "b", c\')) WHERE operation = 'READ' ORDER BY columns;
SELECT count(*) > 0 AS found FROM pv.subject_trail('public.device', '00000000-0000-0000-0000-000000000099') WHERE operation = 'READ';
CALL public.look();

-- Partitions and children
CREATE TABLE public.event (id int, customer_id int, who text, at date) PARTITION BY RANGE (id);
CREATE TABLE public.event_1 PARTITION OF public.event FOR VALUES FROM (1) TO (10);
CREATE TABLE public.event_2 (at date, extra int, who text, customer_id int, id int);
ALTER TABLE public.event_2 DROP COLUMN extra;
ALTER TABLE public.event ATTACH PARTITION public.event_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE public.note (id int PRIMARY KEY, customer_id int, body text);
CREATE TABLE public.note_child (more text) INHERITS (public.note);
INSERT INTO public.event VALUES (1, 1, 'Ann', '2026-01-01'), (11, 2, 'Bob', '2026-01-01');
INSERT INTO public.note_child VALUES (1, 1, 'body', 'more');
SET client_min_messages = error;
SELECT pv.declare_link('public.event', '{customer_id}', 'public.customer');
SELECT pv.declare_link('public.note', '{customer_id}', 'public.customer');
RESET client_min_messages;
SELECT pv.declare_personal('public.event', '{who}', 'contact');
SELECT pv.declare_personal('public.note', '{body}', 'contact');
SELECT pv.enable_audit('public.event');
SELECT pv.enable_audit('public.note');
SELECT who FROM public.event;
SELECT who FROM public.event_2;
SELECT at FROM public.event_2;
SELECT body FROM public.note;
SELECT * FROM public.note_child;
SELECT more FROM public.note_child;
ALTER TABLE public.event DETACH PARTITION public.event_2;
SELECT who FROM public.event_2;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows FROM public.reads;
CALL public.look();

-- The map changes, and so does the table.
ALTER TABLE public.customer RENAME COLUMN email TO mail;
SELECT mail FROM public.customer WHERE id = 1;
ALTER TABLE public.customer RENAME TO client;
SELECT mail FROM public.client WHERE id = 1;
SELECT pv.undeclare_personal('public.client', '{mail}');
SELECT mail FROM public.client WHERE id = 1;
BEGIN;
SELECT pv.disable_audit('public.client');
SELECT name FROM public.client WHERE id = 2;
ROLLBACK;
SELECT name FROM public.client WHERE id = 3;
SELECT pv.disable_audit('public.client');
SELECT name FROM public.client WHERE id = 4;
SELECT pv.enable_audit('public.client');
BEGIN;
CREATE TABLE public.brief (id int PRIMARY KEY, name text);
SELECT pv.declare_subject('public.brief');
SELECT pv.declare_personal('public.brief', '{name}', 'contact');
SELECT pv.enable_audit('public.brief');
SELECT name FROM public.brief;
ROLLBACK;
SET pvext.audit_reads = off;
SELECT name FROM public.client WHERE id = 5;
RESET pvext.audit_reads;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows FROM public.reads;
CALL public.look();
SET ROLE regress_access_clerk;
SET pvext.audit_reads = off;
SET pvext.audit_read_keys = 0;
RESET ROLE;

-- What carries keys shows nothing of them: whole rows of views and subqueries.
CREATE VIEW public.whole AS SELECT name, city FROM public.client WHERE id = 1;
CREATE VIEW public.fenced AS SELECT name, city FROM public.client WHERE id = 1 OFFSET 0;
SELECT whole, row_to_json(whole) FROM public.whole;
SELECT fenced, to_jsonb(fenced) FROM public.fenced;
SELECT s FROM (SELECT name FROM public.client WHERE id = 1) AS s;
SELECT row_to_json(s) FROM (SELECT name FROM public.client WHERE id = 1 OFFSET 0) AS s;
SELECT j FROM (SELECT name FROM public.client WHERE id = 1 OFFSET 0) AS s, LATERAL row_to_json(s) AS j;
SELECT l FROM public.fenced AS f, LATERAL (SELECT f AS l OFFSET 0) AS l;
SELECT name FROM (SELECT name, fenced FROM public.fenced OFFSET 0) AS s;
SELECT (SELECT s) FROM (SELECT name FROM public.client WHERE id = 1 OFFSET 0) AS s;
SELECT name FROM public.fenced FOR UPDATE;
SELECT name FROM public.fenced;
SELECT pv.drain_reads() >= 0 AS drained;
SELECT array_agg(keys ORDER BY statement) FROM (SELECT statement, max(keys::text) AS keys FROM pv.access_log
    WHERE statement > (SELECT max(statement) FROM public.seen) GROUP BY statement) AS a;
CALL public.look();
DROP VIEW public.whole, public.fenced;

-- Reads recorded in several goes, by one statement.
CREATE FUNCTION public.read_name(int) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT name FROM public.client WHERE id = $1); END $$;
SELECT public.read_name(1), pv.drain_reads() >= 0 AS drained, public.read_name(1), pv.drain_reads() >= 0 AS drained;
SELECT count(*) AS marks FROM pv.access_mark;
DROP FUNCTION public.read_name;
CALL public.look();

-- What pvext does by itself, and the checks of foreign keys, are not recorded; an auditor sees the log.
SELECT pv.disable_audit('public.invoice');
SELECT pv.declare_personal('public.client', '{city}', 'contact');
SELECT count(*) > 0 AS previewed FROM pv.preview_erasure('public.client', 1);
INSERT INTO public.invoice VALUES (22, 1, 'Street', 1);
SELECT pv.drain_reads() >= 0 AS drained;
SELECT relation, columns, rows, ways FROM public.reads;
SET ROLE regress_access_auditor;
SELECT count(*) > 50 AS many FROM pv.access_log;
SELECT queued > 0 AND drained > 0 AND waiting <= queue_size AS counted, drained_at > now() - interval '1 hour' AS marked,
       gaps, last_gap FROM pv.access_status;
SELECT pv.drain_reads();
INSERT INTO pv.access_gap VALUES (now(), now());
RESET ROLE;
DELETE FROM pv.access_gap;
SELECT * FROM pv.access_records(0, '(0,1)');

SET client_min_messages = warning;
DROP TABLE public.client, public.invoice, public.copy, public.copy2, public.copy3, public.member, public.visit, public.device, public.dated, public.event, public.event_2, public.note, public.seen CASCADE;
DROP OWNED BY regress_access_owner, regress_access_clerk, regress_access_auditor CASCADE;
DROP EXTENSION pvext CASCADE;
DROP ROLE regress_access_owner, regress_access_clerk, regress_access_auditor;
