-- One record of the audit log that cannot be read is passed over and named, and
-- keeps nobody else's erasure, trail, purge, seal or expiry back.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\set VERBOSITY terse
CREATE TABLE public.person (id int PRIMARY KEY, name text, born date, doc jsonb, tags text[], paid numeric(10,2));
SELECT pv.declare_subject('public.person'), pv.declare_personal('public.person', '{name,born,doc,tags,paid}', 'contact'),
    pv.enable_audit('public.person');
INSERT INTO public.person
SELECT i, 'Name ' || i, date '1990-01-01' + i, jsonb_build_object('a', i, 'b', jsonb_build_array('x', i)), ARRAY['t', NULL, i::text], i
FROM generate_series(1, 5) AS i;
SELECT count(*) FROM pv.audit_trail;
TABLE pv.unread;

-- Records as pvext writes them, by their bytes
CREATE FUNCTION public.number(n int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n < 128 THEN set_byte('\x00', 0, n)
           ELSE set_byte('\x00', 0, n % 128 + 128) || set_byte('\x00', 0, n / 128) END $$;
-- side 0 old, 1 new, 2 the same
CREATE FUNCTION public.val(att int, side int, bytes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT number(att * 4 + side) || number(coalesce(length(bytes) + 2, 0)) || coalesce(bytes, '') $$;
CREATE FUNCTION public.item(kind text, body bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT set_byte(set_byte('\x0000', 0, (length(body) + 1) % 256), 1, (length(body) + 1) / 256) || convert_to(kind, 'UTF8') || body $$;
CREATE FUNCTION public.head() RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT item('t', '\x0000000000000000') || item('w', '\x000102030405060708090a0b0c0d0e0f' || val(1, 2, 'forger')) $$;
CREATE FUNCTION public.change(kind text, shape int, VARIADIC vals bytea[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT item(kind, number(shape) || '\x000102030405060708090a0b0c0d0e0f' || string_agg(v, '' ORDER BY n))
    FROM unnest(vals) WITH ORDINALITY AS u(v, n) $$;
CREATE FUNCTION public.forge(payload bytea) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO pv.audit_log
    SELECT greatest(max(l.id), 1000000) + 1, max(l.xid::text)::xid8, max(l.incarnation), $1 FROM pv.audit_log AS l WHERE l.id < 4294967296 RETURNING id $$;
CREATE FUNCTION public.forged() RETURNS TABLE (operation text, key jsonb, new jsonb) LANGUAGE sql AS $$
    SELECT operation, key, new FROM pv.audit_trail WHERE login = 'forger' ORDER BY id, n $$;
\i test/prelude/seal.sql
SELECT id AS shape FROM pv.audit_shape \gset
-- one that is as it should be
SELECT forge(head() || change('i', :shape, val(1, 1, '\x63000000'), val(2, 1, 'good'), val(3, 1, '\x01000000'),
    val(4, 1, NULL), val(5, 1, NULL), val(6, 1, '\x80800500'))) AS good \gset
SELECT * FROM forged();
SELECT problem, chunk FROM pv.verify_audit();

-- A whole chunk
BEGIN;
SELECT forge('\xdeadbeef') > 0 AS forged;
SELECT count(*) FROM pv.audit_trail;
SELECT count(*) FROM pv.access_log;
SELECT count(*) FROM pv.subject_trail('public.person', 1);
SELECT problem, chunk - :good AS chunk, relation, detail FROM pv.verify_audit();
SELECT state FROM pv.erase_subject('public.person', 1);
SELECT old, new, redacted FROM pv.subject_trail('public.person', 1);
SELECT partition, chunk - :good AS chunk, problem FROM pv.unread;
SELECT * FROM pv.verify_erasure('public.person', 1);
SELECT relation, severity, problem FROM pv.check_map();
SELECT state, backlog, error FROM pv.status WHERE item = 'audit log';
ROLLBACK;

-- Empty, NULL as far as the table lets it, cut at every place, and with every length wrong
BEGIN;
SET LOCAL client_min_messages = error;
SELECT count(forge(substr(payload, 1, n))) > 50 AS forged FROM pv.audit_log, generate_series(0, length(payload) - 1) AS n WHERE id = :good;
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE key <> '{"id": 99}') AS others FROM forged();
SELECT state FROM pv.erase_subject('public.person', 1);
SELECT count(*) FROM pv.subject_trail('public.person', 1);
SELECT count(*) > 50 AS all, bool_and(problem = 'unreadable') AS named FROM pv.verify_audit();
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
SELECT count(forge(set_byte(payload, n, b))) > 500 AS forged
FROM pv.audit_log, generate_series(0, length(payload) - 1) AS n, unnest('{0,1,2,3,126,127,128,129,254,255}'::int[]) AS b WHERE id = :good;
SELECT count(*) > 0 AS some FROM forged();
SELECT state FROM pv.erase_subject('public.person', 1);
SELECT count(*) FROM pv.subject_trail('public.person', 2);
SELECT count(*) > 100 AS many FROM pv.verify_audit() WHERE problem = 'unreadable';
ROLLBACK;

-- A value within a record: the others stay what they are, and the record can be redacted.
BEGIN;
SELECT forge(head() || change('i', :shape, val(1, 1, '\x01000000'), val(2, 1, '\xc3'), val(3, 1, '\xfeffff7f'),
    val(4, 1, '\x0100002001000000'), val(5, 1, '\x0200000000000000190000000200000001000000'), val(6, 1, '\x008000000f27ff'))) > 0 AS forged;
-- an array's second element, where the server would not look for it
SELECT forge(head() || change('i', :shape, val(1, 1, '\x02000000'), val(5, 1, '\x010000000000000019000000020000000100000005610562'))) > 0 AS forged;
SELECT * FROM forged();
SELECT problem, detail FROM pv.verify_audit();
SELECT state FROM pv.erase_subject('public.person', 1);
SELECT new, redacted FROM pv.audit_trail WHERE login = 'forger' AND id > :good ORDER BY id;
ROLLBACK;
-- A key: whose it is cannot be said.
BEGIN;
SELECT forge(head() || change('i', :shape, val(1, 1, '\x010000'), val(2, 1, 'Name 1'))) > 0 AS forged;
SELECT * FROM forged();
SELECT state FROM pv.erase_subject('public.person', 1);
SELECT problem FROM pv.unread;
SELECT * FROM pv.verify_erasure('public.person', 1);
ROLLBACK;
-- What is behind a value that cannot be read goes with a record of a person who is erased.
BEGIN;
SELECT forge(head() || change('i', :shape, val(1, 1, '\x01000000'), val(2, 1, 'Name 1'), '\x0dff7f') || change('i', :shape, val(1, 1, '\x02000000'))) > 0 AS forged;
SELECT * FROM forged();
SELECT state FROM pv.erase_subject('public.person', 1);
SELECT new, redacted FROM pv.audit_trail WHERE login = 'forger' AND id > :good ORDER BY id;
ROLLBACK;

-- A shape that is missing, or is none
BEGIN;
SELECT forge(head() || change('u', 12345, val(1, 2, '\x01000000')) || change('i', :shape, val(1, 1, '\x02000000'))) > 0 AS forged;
SELECT * FROM forged();
SELECT state FROM pv.erase_subject('public.person', 2);
SELECT problem FROM pv.unread;
ROLLBACK;
BEGIN;
ALTER TABLE pv.audit_shape DISABLE TRIGGER ALL;
UPDATE pv.audit_shape SET stored = '{20,600,1700,603,3908,3220}', attnums = '{1,2,-3,4,32767,6}';
SET LOCAL client_min_messages = error;
SELECT count(*) FROM pv.audit_trail;
SELECT state FROM pv.erase_subject('public.person', 3);
SELECT count(*) > 0 AS told FROM pv.unread;
UPDATE pv.audit_shape SET stored = ARRAY[NULL, 1, 2, 3, 4, 5]::oid[];
SELECT count(*), count(relation) FROM pv.audit_trail;
SELECT state FROM pv.erase_subject('public.person', 4);
ROLLBACK;

-- Reads
SELECT forge(head() || item('r', '\x000102030405060708090a0b0c0d0e0f' || val(1, 2, 'x') || val(2, 2, '99999999999') || val(3, 2, '{a,') || val(4, 2, '\xc3')
    || val(5, 2, '-') || val(6, 2, '{}') || val(7, 2, 'maybe') || val(16 + (SELECT relation_id FROM pv.declared_subject), 2, '1 or 1=1'))) AS reads \gset
SELECT login, purpose, relation_id, columns, rows, keys, ways, refused, statement FROM pv.access_log WHERE login = 'forger';
SELECT state FROM pv.erase_subject('public.person', 5);
SELECT problem, chunk - :reads AS chunk, relation, detail FROM pv.verify_audit();
SELECT chunk - :reads AS chunk, problem FROM pv.unread;

-- It is sealed as it is, and verified; the partition expires as any other does.
SELECT forge('\xdeadbeef') AS bad \gset
SET client_min_messages = error;
SELECT public.seal() > 0 AS sealed;
SELECT count(*) > 0 AS told FROM pv.unread WHERE chunk = :bad;
SELECT problem, detail FROM pv.verify_audit() WHERE chunk = :bad;
SET pvext.audit_keep = '1s';
SELECT pv.rotate_audit(), pv.rotate_audit();
INSERT INTO public.person VALUES (6);
SELECT public.seal() >= 0 AS sealed;
ALTER TABLE pv.audit_partition DISABLE TRIGGER ALL;
UPDATE pv.audit_partition SET ended_at = now() - interval '1 day';
SELECT pv.expire_audit();
TABLE pv.unread;
TABLE pv.audit_unread;
SELECT relation, problem FROM pv.check_map();
SELECT * FROM pv.verify_audit();
