-- Row audit: what is recorded of which changes, by whom, and who can read and change it.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE ROLE regress_audit_owner;
CREATE ROLE regress_audit_clerk;
CREATE ROLE regress_audit_auditor;
SELECT pv.grant_role('regress_audit_owner', 'owner');
SELECT pv.grant_role('regress_audit_auditor', 'auditor');
GRANT CREATE ON SCHEMA public TO regress_audit_owner;
SET application_name = 'audit test';
-- What has been recorded since the last look.
CREATE TABLE public.seen (id bigint, n int);
CREATE VIEW public.trail AS
    SELECT t.id, t.n, t.relation, t.operation, t.key, t.old, t.new FROM pv.audit_trail AS t
    WHERE (t.id, t.n) NOT IN (SELECT id, n FROM public.seen) ORDER BY t.xid, t.id, t.n;
CREATE PROCEDURE public.look() LANGUAGE sql AS $$ INSERT INTO public.seen SELECT t.id, t.n FROM public.trail AS t $$;

SET ROLE regress_audit_owner;
CREATE TABLE public.customer (id int PRIMARY KEY, name text, address text, vat text UNIQUE);
CREATE TABLE public.invoice (no int PRIMARY KEY, customer_id int REFERENCES public.customer ON UPDATE CASCADE ON DELETE CASCADE, amount numeric(10,2));
CREATE INDEX ON public.invoice (customer_id);
SELECT pv.declare_subject('public.customer');
SELECT pv.declare_link('public.invoice', '{customer_id}', 'public.customer');
SELECT pv.enable_audit('public.customer');
SELECT pv.enable_audit('public.invoice');
SELECT pv.enable_audit('public.invoice');
GRANT ALL ON public.customer, public.invoice TO regress_audit_clerk;
RESET ROLE;
SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname ~ 'pvext' ORDER BY 1, 2;
SELECT call FROM pv.event WHERE call LIKE '%audit%' ORDER BY id;

-- The four operations; keys and links are always there, other columns where they changed.
INSERT INTO public.customer VALUES (1, 'Ann', 'Street 1', NULL), (2, 'Bob', NULL, 'NL2');
INSERT INTO public.invoice VALUES (10, 1, 5), (11, 2, 7.5);
UPDATE public.customer SET name = 'Anna' WHERE id = 1;
UPDATE public.customer SET name = name WHERE id = 1;
UPDATE public.invoice SET amount = NULL;
UPDATE public.invoice SET amount = 1 WHERE false;
UPDATE public.customer SET id = 3 WHERE id = 2;
DELETE FROM public.customer WHERE id = 3;
TRUNCATE public.customer CASCADE;
SELECT relation, operation, key, old, new FROM public.trail;
CALL public.look();
INSERT INTO public.customer VALUES (1, 'Ann', 'Street 1', NULL)
    ON CONFLICT (id) DO UPDATE SET name = 'twice';
INSERT INTO public.customer VALUES (1, 'Ann', 'Street 1', NULL)
    ON CONFLICT (id) DO UPDATE SET name = 'twice';
INSERT INTO public.customer VALUES (1) ON CONFLICT DO NOTHING;
COPY public.customer (id, name) FROM STDIN;
4	Dan
5	Eve
\.
MERGE INTO public.customer AS c USING (VALUES (4, 'Daniel'), (5, NULL), (6, 'Fay')) AS v(id, name) ON c.id = v.id
    WHEN MATCHED AND v.name IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET name = v.name
    WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.id, v.name);
SELECT operation, key, old, new FROM public.trail;
CALL public.look();

-- What is rolled back leaves no record; the order is that of the changes.
BEGIN;
UPDATE public.customer SET name = 'a' WHERE id = 1;
SAVEPOINT one;
UPDATE public.customer SET name = 'lost' WHERE id = 1;
SAVEPOINT two;
UPDATE public.customer SET name = 'lost, too' WHERE id = 1;
RELEASE two;
ROLLBACK TO one;
UPDATE public.customer SET name = 'b' WHERE id = 1;
SAVEPOINT three;
UPDATE public.customer SET name = 'c' WHERE id = 1;
SAVEPOINT four;
UPDATE public.customer SET name = 'd' WHERE id = 1;
RELEASE three;
UPDATE public.customer SET name = 'e' WHERE id = 1;
COMMIT;
BEGIN;
UPDATE public.customer SET name = 'lost';
ROLLBACK;
DO $$
BEGIN
    FOR i IN 1..3 LOOP
        BEGIN
            UPDATE public.customer SET address = 'Street ' || i WHERE id = 1;
            PERFORM 1 / (i - 2);
        EXCEPTION WHEN division_by_zero THEN NULL;
        END;
    END LOOP;
END $$;
SELECT operation, key, old, new FROM public.trail;
CALL public.look();
-- A deferred trigger changes rows while the transaction commits.
CREATE FUNCTION public.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.customer SET address = 'at commit' WHERE id = NEW.customer_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON public.invoice DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.at_commit();
INSERT INTO public.invoice VALUES (12, 1, 9);
DROP TRIGGER at_commit ON public.invoice;
-- As a subscriber applies changes, nothing is recorded unless asked for.
SET session_replication_role = replica;
UPDATE public.customer SET name = 'replicated' WHERE id = 1;
SET session_replication_role = origin;
SELECT relation, operation, key, old, new FROM public.trail;
CALL public.look();

-- Who: the login, the role, and whom the application claims to act for.
CREATE FUNCTION public.rename(i int, n text) RETURNS void LANGUAGE sql SECURITY DEFINER
    AS $$ UPDATE public.customer SET name = n WHERE id = i $$;
ALTER FUNCTION public.rename OWNER TO regress_audit_owner;
SET SESSION AUTHORIZATION regress_audit_clerk;
SET pvext.actor = 'employee 7';
BEGIN;
UPDATE public.customer SET name = 'by clerk' WHERE id = 1;
SELECT public.rename(1, 'by function');
SET LOCAL pvext.actor = '';
UPDATE public.customer SET name = 'by clerk again' WHERE id = 1;
COMMIT;
RESET SESSION AUTHORIZATION;
RESET pvext.actor;
SET ROLE regress_audit_clerk;
UPDATE public.customer SET name = 'as clerk' WHERE id = 1;
RESET ROLE;
SELECT t.login = current_user AS superuser, CASE WHEN t.login <> current_user THEN t.login END AS login, t.role, t.application, t.client, t.actor, t.new
FROM pv.audit_trail AS t JOIN public.trail USING (id, n) ORDER BY t.xid, t.id, t.n;
CALL public.look();

-- Types: all that a column can be.
CREATE TYPE public.mood AS ENUM ('sad', 'happy');
CREATE TYPE public.pair AS (a int, b timestamptz);
CREATE DOMAIN public.positive AS int CHECK (VALUE > 0);
CREATE DOMAIN public.moody AS public.mood;
CREATE TABLE public.types (
    id uuid PRIMARY KEY, b bool, s smallint, i int, l bigint, f4 real, f8 double precision, n numeric, n2 numeric(10,3),
    t text, v varchar(10), c char(5), q "char", na name, by bytea, d date, ti time, tz timetz, ts timestamp, tsz timestamptz,
    iv interval, j json, jb jsonb, ia int[], ta text[], ipa inet[], ip inet, ci cidr, ma macaddr, m money, p point, bx box, x xml,
    bi bit(3), vb varbit, tv tsvector, tq tsquery, ir int4range, tr tstzrange, mr int4multirange, jp jsonpath, lsn pg_lsn, o oid,
    rc regclass, rca regclass[], rn regnamespace, acl aclitem, mo public.mood, moa public.mood[], pa public.pair, paa public.pair[],
    po public.positive, poa public.positive[], mm public.moody, g int GENERATED ALWAYS AS (i * 2) STORED);
SELECT pv.enable_audit('public.types');
INSERT INTO public.types VALUES (
    'f7c1b1f2-7d3b-4b57-93c5-0e2a1a3cf0a1', true, -1, 2, 9223372036854775807, 1.5, 'NaN', 'Infinity', 12.5,
    E'a "quoted" \\ line\nand ü', 'v', 'c', 'q', 'na', '\xdeadbeef', '2020-02-29', '12:34', '12:34+02', '2020-01-01 01:02:03.5', '2020-01-01 01:02:03+01',
    '1 mon 2 days', '{"a": 1, "a": 2}', '{"a": {"b": [1, null, "x"]}}', '{{1,2},{3,4}}', '{a,NULL,"b c"}', '{10.0.0.1,::1}', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', 1.5,
    '(1,2)', '(1,1),(0,0)', '<a/>', '101', '10101', 'a:1 b:2', 'a & b', '[1,5)', '[2020-01-01 00:00+00,)', '{[1,2),[5,7)}', '$.a', '0/1', 7,
    'public.customer', '{pg_class,public.customer}', 'public', 'regress_audit_owner=r/regress_audit_owner', 'happy', '{sad,happy}', '(1,2020-01-01 00:00+00)', '{"(2,)"}',
    3, '{4,5}', 'sad', DEFAULT);
SET DateStyle = 'German';
SET TimeZone = 'Asia/Tokyo';
SELECT k.key, k.value FROM public.trail AS t, jsonb_each(t.new) AS k ORDER BY k.key COLLATE "C";
RESET DateStyle;
RESET TimeZone;
CALL public.look();
UPDATE public.types SET n = '1.0', pa = NULL, mo = 'sad', ia = NULL, i = 5;
UPDATE public.types SET n = '1.00', f8 = 2;
DELETE FROM public.types;
SELECT operation, key, old, new FROM public.trail WHERE operation = 'UPDATE';
SELECT old ->> 'n' AS n, old -> 'jb' = '{"a": {"b": [1, null, "x"]}}' AS jb, old ->> 'g' AS g FROM public.trail WHERE operation = 'DELETE';
CALL public.look();

-- Columns that are dropped, added, renamed and retyped between writing and reading.
INSERT INTO public.customer VALUES (20, 'Old', 'shape', NULL);
ALTER TABLE public.customer DROP COLUMN address;
ALTER TABLE public.customer ADD COLUMN city text DEFAULT 'Utrecht';
UPDATE public.customer SET city = 'Delft' WHERE id = 20;
ALTER TABLE public.customer RENAME name TO full_name;
ALTER TABLE public.customer ALTER id TYPE bigint;
UPDATE public.customer SET full_name = 'New' WHERE id = 20;
BEGIN;
UPDATE public.customer SET full_name = 'x' WHERE id = 20;
SAVEPOINT s;
ALTER TABLE public.customer ADD COLUMN more int;
UPDATE public.customer SET more = 1 WHERE id = 20;
ROLLBACK TO s;
UPDATE public.customer SET full_name = 'y' WHERE id = 20;
COMMIT;
DROP TYPE public.mood CASCADE;
SELECT operation, key, old, new FROM public.trail;
SELECT s.id, s.relation_id, s.columns, s.types, s.keys, s.links FROM pv.audit_shape AS s JOIN pv.relation AS r ON r.id = s.relation_id AND r.name = 'customer' ORDER BY s.id;
SELECT count(*) FROM pv.audit_trail WHERE relation = 'public.types';
DROP TABLE public.types;
SELECT count(*) FROM pv.audit_trail WHERE relation = 'public.types';
CALL public.look();

-- Large values: stored once, and not again where they did not change.
CREATE TABLE public.doc (id int PRIMARY KEY, body text, note text);
ALTER TABLE public.doc ALTER body SET STORAGE EXTERNAL;
SELECT pv.enable_audit('public.doc');
INSERT INTO public.doc SELECT i, repeat(md5(i::text), 10000), 'n' FROM generate_series(1, 3) AS i;
UPDATE public.doc SET note = 'm' WHERE id = 1;
UPDATE public.doc SET body = body || 'x' WHERE id = 2;
UPDATE public.doc SET body = body || '' WHERE id = 3;
SELECT t.operation, t.key, length(t.old ->> 'body') AS old, length(t.new ->> 'body') AS new,
       t.new ->> 'body' IN (SELECT body FROM public.doc) AS same, t.new ->> 'note' AS note FROM public.trail AS t;
CALL public.look();

-- Partitions with other column numbers, rows that move, TRUNCATE of one of them.
CREATE TABLE public.parted (k int, junk int, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k);
ALTER TABLE public.parted DROP COLUMN junk;
CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES FROM (0) TO (10);
CREATE TABLE public.parted_2 (v text, k int NOT NULL);
ALTER TABLE public.parted ATTACH PARTITION public.parted_2 FOR VALUES FROM (10) TO (20);
SELECT pv.enable_audit('public.parted');
SELECT pv.enable_audit('public.parted_1');
INSERT INTO public.parted VALUES (1, 'one'), (11, 'eleven');
UPDATE public.parted SET v = upper(v);
UPDATE public.parted SET k = 12 WHERE k = 1;
CREATE TABLE public.parted_3 PARTITION OF public.parted FOR VALUES FROM (20) TO (30);
INSERT INTO public.parted_3 VALUES (21, 'direct');
TRUNCATE public.parted_2, public.parted_3;
SELECT relation, operation, key, old, new FROM public.trail;
ALTER TABLE public.parted DETACH PARTITION public.parted_1;
INSERT INTO public.parted_1 VALUES (2, 'audited by itself');
SELECT count(*) FROM public.trail WHERE key ->> 'k' = '2';
TRUNCATE public.parted_1;
CALL public.look();
-- Inheritance.
CREATE TABLE public.parent (id int, v text);
CREATE TABLE public.child (extra int) INHERITS (public.parent);
SELECT pv.enable_audit('public.parent');
INSERT INTO public.child VALUES (1, 'c', 3);
UPDATE public.parent SET v = 'd';
CREATE TABLE public.child_2 () INHERITS (public.parent);
INSERT INTO public.child_2 VALUES (2, 'later');
SELECT relation, operation, key, old, new FROM public.trail;
CALL public.look();

-- Many rows in one statement, and wide ones.
CREATE TABLE public.many (id int PRIMARY KEY, v text);
SELECT pv.enable_audit('public.many');
INSERT INTO public.many SELECT i, 'value ' || i FROM generate_series(1, 20000) AS i;
UPDATE public.many SET v = 'new ' || id;
DELETE FROM public.many;
SELECT operation, count(*), count(DISTINCT key), min((key ->> 'id')::int), max((key ->> 'id')::int),
       bool_and(coalesce(old ->> 'v' = CASE operation WHEN 'UPDATE' THEN 'value ' ELSE 'new ' END || (key ->> 'id'), operation = 'INSERT')) AS right
FROM public.trail GROUP BY operation ORDER BY operation DESC;
SELECT max(length(payload)) < 8192 AS within_a_page FROM pv.audit_log WHERE id > (SELECT max(id) FROM public.seen);
DO $$
BEGIN
    EXECUTE 'CREATE TABLE public.wide (' || (SELECT string_agg('c' || i || ' int', ', ') FROM generate_series(1, 1600) AS i) || ')';
    PERFORM pv.enable_audit('public.wide');
    INSERT INTO public.wide (c1, c1600) VALUES (1, 2);
    UPDATE public.wide SET c800 = 3;
END $$;
CALL public.look();
SELECT t.operation, (SELECT count(*) FROM jsonb_object_keys(t.new)) FROM pv.audit_trail AS t WHERE t.relation = 'public.wide' ORDER BY t.id, t.n;

-- A subject's trail: its row under whatever key it had, and what is linked to it.
SELECT operation, relation, key, new FROM pv.subject_trail('public.customer', 1) LIMIT 3;
SELECT operation, relation, key, new FROM pv.subject_trail('public.customer', '2');
SELECT operation, relation, key, new FROM pv.subject_trail('public.customer', '3'::text);
SELECT * FROM pv.subject_trail('public.customer', 99);
SELECT * FROM pv.subject_trail('public.invoice', 1);

-- Nobody changes the log.
UPDATE pv.audit_log SET payload = '';
DELETE FROM pv.audit_log_0;
TRUNCATE pv.audit_log;
TRUNCATE pv.audit_log_1;
SET session_replication_role = replica;
DELETE FROM pv.audit_log;
RESET session_replication_role;
UPDATE pv.audit_shape SET columns = '{}';
SET ROLE regress_audit_owner;
SELECT pv.enable_audit('pv.audit_log');
SELECT pv.enable_audit('public.doc');
SELECT pv.disable_audit('public.doc');
SELECT count(*) FROM pv.audit_trail;
SELECT * FROM pv.audit_records(0, '(0,1)');
SELECT pv.rotate_audit();
CREATE TABLE public.mine (i int);
CREATE TRIGGER t AFTER INSERT ON public.mine FOR EACH ROW EXECUTE FUNCTION pv.audit_change();
RESET ROLE;
GRANT INSERT ON pv.audit_log, pv.audit_shape TO regress_audit_owner;
SET ROLE regress_audit_owner;
INSERT INTO pv.audit_log VALUES (1, '1', 1, '');
INSERT INTO pv.audit_shape DEFAULT VALUES;
RESET ROLE;
REVOKE INSERT ON pv.audit_log, pv.audit_shape FROM regress_audit_owner;
SET ROLE regress_audit_auditor;
SELECT count(*) > 0 AS reads FROM pv.audit_trail;
SELECT count(*) > 0 AS reads FROM pv.subject_trail('public.customer', 1);
SELECT pv.disable_audit('public.customer');
RESET ROLE;
-- A trigger that pvext did not make records nothing.
INSERT INTO public.mine VALUES (1);
ALTER TRIGGER t ON public.mine RENAME TO "0_pvext_audit";
INSERT INTO public.mine VALUES (1);
ALTER TRIGGER "0_pvext_audit" ON public.mine RENAME TO t;
INSERT INTO public.mine VALUES (1);
DROP TRIGGER t ON public.mine;
CREATE TRIGGER t BEFORE INSERT ON public.mine FOR EACH ROW EXECUTE FUNCTION pv.audit_change();
INSERT INTO public.mine VALUES (1);
SELECT pv.audit_change();
SELECT pv.refuse_insert();
-- What is not of pvext's making is passed over.
CREATE FUNCTION public.read_malformed(malformed bytea) RETURNS SETOF pv.audit_trail LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pv.audit_log VALUES (1, '1', 1, malformed);
    RETURN QUERY SELECT * FROM pv.audit_trail WHERE id = 1;
    DELETE FROM pv.audit_log;
END $$;
\set VERBOSITY terse
SELECT * FROM public.read_malformed('\x00');
SELECT * FROM public.read_malformed('\x0100');
SELECT * FROM public.read_malformed('\xffffffffffff');
SELECT * FROM public.read_malformed('\x120069ff0000000000000000000000000000ff');
SELECT * FROM public.read_malformed('\x1400690100000000000000000000000000000000050641');
SELECT * FROM public.read_malformed('');
\set VERBOSITY default
DROP FUNCTION public.read_malformed;
-- It reads chunks of the log, and no other rows: values must not be made up.
SELECT count(*) > 0 AS reads FROM pv.audit_log AS l, pv.audit_records(l.tableoid, l.ctid);
SELECT count(*) FROM public.customer AS c, pv.audit_records(c.tableoid, c.ctid);
SELECT count(*) FROM (VALUES ('pv.audit_log'::regclass::oid), (0), (NULL)) AS v(partition), pv.audit_records(v.partition, '(0,1)');
SELECT count(*) FROM (VALUES ('(0,0)'::tid), ('(0,9999)'), ('(4294967294,1)'), ('(4294967295,0)')) AS v(place),
    pv.audit_records('pv.audit_log_0'::regclass, v.place);

-- What cannot be audited.
SELECT pv.enable_audit(NULL);
SELECT pv.enable_audit('pg_class');
SELECT pv.enable_audit('public.trail');
SELECT pv.disable_audit('public.mine');

-- Disabling is on record.
SELECT pv.disable_audit('public.parted');
INSERT INTO public.parted VALUES (13, 'unseen');
SELECT pv.disable_audit('public.customer');
UPDATE public.customer SET vat = 'unseen' WHERE id = 20;
SELECT relation, operation, key FROM public.trail;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname ~ 'pvext' AND tgrelid::regclass::text ~ 'parted|customer' ORDER BY 1, 2;
SELECT call FROM pv.event WHERE call LIKE '%audit%' ORDER BY id;

-- Rotation: what follows is in the next partition, the one before has an index.
SELECT pv.rotate_audit();
UPDATE public.doc SET note = 'rotated' WHERE id = 1;
SELECT tableoid::regclass FROM pv.audit_log ORDER BY id DESC LIMIT 1;
SELECT operation, key, new FROM public.trail;
BEGIN;
UPDATE public.doc SET note = 'before' WHERE id = 1;
SELECT pv.rotate_audit();
UPDATE public.doc SET note = 'after' WHERE id = 1;
COMMIT;
SELECT new FROM public.trail;
SELECT c.oid::regclass, pg_get_expr(c.relpartbound, c.oid), c.relhasindex,
       (SELECT string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid) AS triggers
FROM pg_class AS c WHERE c.relispartition AND c.relnamespace = 'pv'::regnamespace AND c.relkind = 'r' ORDER BY c.oid::regclass::text;
DELETE FROM pv.audit_log_3;

-- With the extension go the triggers.
BEGIN;
INSERT INTO public.doc VALUES (8);
DROP EXTENSION pvext CASCADE;
COMMIT;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname ~ 'pvext';
INSERT INTO public.doc VALUES (9);
SELECT count(*) FROM pg_class WHERE relname LIKE 'audit_log%';
DROP TABLE public.customer, public.invoice, public.mine, public.doc, public.parted, public.parted_1, public.parent, public.child, public.child_2, public.many, public.wide;
DROP FUNCTION public.at_commit, public.rename;
DROP OWNED BY regress_audit_owner, regress_audit_clerk, regress_audit_auditor;
DROP ROLE regress_audit_owner, regress_audit_clerk, regress_audit_auditor;
