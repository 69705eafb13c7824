-- Sealing of the audit log, and that whatever is done to it by force is found.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE ROLE regress_seal_officer;
CREATE ROLE regress_seal_auditor;
SELECT pv.grant_role('regress_seal_officer', 'officer'), pv.grant_role('regress_seal_auditor', 'auditor');
\i test/prelude/seal.sql
CREATE VIEW public.wrong AS
    SELECT problem, seal, chunk, record, w.relation, operation, at IS NOT NULL AS at, regexp_replace(detail, '\d{2,}', 'N', 'g') AS detail
    FROM pv.verify_audit() AS w WHERE problem <> 'unprotected';
CREATE PROCEDURE public.unprotect() LANGUAGE sql AS $$
    ALTER TABLE pv.audit_log DISABLE TRIGGER ALL;
    ALTER TABLE pv.audit_log_0 DISABLE TRIGGER ALL;
    ALTER TABLE pv.audit_seal DISABLE TRIGGER ALL;
$$;
-- As pvext makes them, a seal that says which one is the first and which partitions have been dropped,
-- and a leaf of a chunk; its root and mark, which are not looked at, are made up.
CREATE FUNCTION public.bytes(number bigint) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substr(int8send(number), n, 1), '' ORDER BY n DESC) FROM generate_series(1, 8) AS n $$;
CREATE FUNCTION public.leaf(chunk bigint) RETURNS bytea LANGUAGE sql AS $$
    SELECT bytes(id) || bytes(xid::text::bigint) || sha256(payload) || sha256('') || '\x0100000000000000' FROM pv.audit_log WHERE id = $1 $$;
CREATE PROCEDURE public.forge(first bigint, dropped bigint, leaves bytea DEFAULT '') LANGUAGE sql AS $$
    INSERT INTO pv.audit_seal (id, sealed_at, incarnation, until, settled, dropped, reach, first, first_prior, prior, shapes, leaves, seal)
    SELECT s.*, '', $3, sha256(prior || bytes(id) || bytes((extract(epoch FROM sealed_at - '2000-01-01Z') * 1000000)::bigint)
        || bytes(incarnation) || bytes(until::text::bigint) || bytes(settled) || bytes(s.dropped) || bytes(reach)
        || bytes(s.first) || first_prior || bytes(0) || $3)
    FROM (SELECT l.id + 1 AS id, now() AS sealed_at, incarnation, until, settled, $2 AS dropped,
              (SELECT max(f.id) FROM pv.audit_seal AS a, pv.audit_leaves(a.leaves) AS f) AS reach, $1 AS first,
              (SELECT f.prior FROM pv.audit_seal AS f WHERE f.id = $1) AS first_prior, seal AS prior
          FROM pv.audit_seal AS l ORDER BY l.id DESC LIMIT 1) AS s $$;

CREATE TABLE public.customer (id int PRIMARY KEY, name text);
SELECT pv.enable_audit('public.customer');
-- Nothing to seal, nothing to verify.
SELECT public.seal(), pv.seal_head();
SELECT * FROM pv.verify_audit();
SELECT problem, seal, detail FROM pv.verify_audit('1:' || repeat('0', 64));

INSERT INTO public.customer VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid'), (4, 'Dan'), (5, 'Eve');
UPDATE public.customer SET name = 'Bea' WHERE id = 2;
DELETE FROM public.customer WHERE id = 3;
SELECT * FROM pv.verify_audit();
SELECT public.seal();
SELECT public.seal() AS again;
SELECT count(*) FROM pv.audit_seal;
UPDATE public.customer SET name = 'Deb' WHERE id = 4;
SELECT public.seal();
TRUNCATE public.customer;
SELECT public.seal();
SELECT id, settled, dropped, first, first_prior = prior AS begins, lag(seal) OVER (ORDER BY id) = prior AS follows FROM pv.audit_seal ORDER BY id;
SELECT s.id AS seal, f.n, f.id, f.xid = l.xid AS xid, f.raw = sha256(l.payload) AS raw
FROM pv.audit_seal AS s, pv.audit_leaves(s.leaves) AS f JOIN pv.audit_log AS l ON l.id = f.id ORDER BY f.id;
SELECT pv.seal_head() ~ '^3:[0-9a-f]{64}$' AS head, pv.seal_head() = (SELECT '3:' || encode(seal, 'hex') FROM pv.audit_seal WHERE id = 3) AS last;
SELECT pv.seal_head() AS head \gset
SELECT * FROM pv.verify_audit();
SELECT * FROM pv.verify_audit(:'head');
SELECT * FROM pv.audit_leaves('\x00');

-- What the own transaction has recorded, and that of a prepared one, is left for later.
BEGIN;
INSERT INTO public.customer VALUES (10, 'own');
SELECT pv.seal_audit();
COMMIT;
SELECT public.seal();
-- A savepoint that is rolled back leaves nothing to be sealed.
BEGIN;
SAVEPOINT s;
INSERT INTO public.customer VALUES (11, 'lost');
ROLLBACK TO s;
COMMIT;
SELECT public.seal();
-- One that is rolled back seals nothing.
INSERT INTO public.customer VALUES (12, 'kept');
BEGIN;
SELECT public.seal();
ROLLBACK;
SELECT public.seal();
SELECT array_agg(id ORDER BY id) FROM pv.audit_seal;
SELECT * FROM public.wrong;

-- Heads.
SELECT * FROM pv.verify_audit('');
SELECT * FROM pv.verify_audit('3');
SELECT * FROM pv.verify_audit('3:ab');
SELECT * FROM pv.verify_audit(':' || repeat('0', 64));
SELECT * FROM pv.verify_audit('3:' || repeat('z', 64));
SELECT * FROM pv.verify_audit(:'head' || ' ');
SELECT problem, seal, detail FROM pv.verify_audit('3:' || repeat('0', 64));
SELECT problem, seal, detail FROM pv.verify_audit('99:' || repeat('0', 64));
SELECT problem, seal, detail FROM pv.verify_audit('0:' || repeat('0', 64));

-- A record that is changed, wherever it is in its chunk.
BEGIN;
CALL public.unprotect();
SELECT problem, relation, detail FROM pv.verify_audit();
SAVEPOINT s;
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'Kim' FROM position('Bob' IN payload)) WHERE position('Bob' IN payload) > 0 AND id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'Kim' FROM position('Ann' IN payload)) WHERE id = 1;
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'Kim' FROM position('Eve' IN payload)) WHERE id = 1;
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'Kim' FROM position('Bea' IN payload)) WHERE position('Bea' IN payload) > 0;
SELECT * FROM public.wrong;
ROLLBACK TO s;
-- who it was
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'X' FROM position(session_user::text::bytea IN payload)) WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
-- when it was
UPDATE pv.audit_log SET payload = set_byte(payload, 5, 255 - get_byte(payload, 5)) WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
-- A seed is part of what is sealed.
UPDATE pv.audit_log SET payload = set_byte(payload, position('Bob' IN payload) - 13, 255 - get_byte(payload, position('Bob' IN payload) - 13)) WHERE id = 1;
SELECT problem, chunk, record FROM public.wrong;
ROLLBACK TO s;
-- A record of 31 bytes that is taken out, and one that is put in.
UPDATE pv.audit_log SET payload = overlay(payload PLACING '' FROM position('Bob' IN payload) - 28 FOR 31) WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_log SET payload = substr(payload, 1, length(payload) - 31) WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_log SET payload = payload || overlay(substr(payload, position('Bob' IN payload) - 28, 31) PLACING 'Kim' FROM 29) WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
-- Two records that change places.
UPDATE pv.audit_log SET payload = overlay(overlay(payload PLACING substr(payload, position('Cid' IN payload) - 28, 31) FROM position('Bob' IN payload) - 28)
                                          PLACING substr(payload, position('Bob' IN payload) - 28, 31) FROM position('Cid' IN payload) - 28) WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
-- What cannot be read is a finding.
UPDATE pv.audit_log SET payload = '\xdeadbeef' WHERE id = 1;
UPDATE pv.audit_log SET payload = '' WHERE id = 2;
UPDATE pv.audit_log SET payload = payload || '\xffffffffffff' WHERE id = 3;
SELECT * FROM public.wrong;
ROLLBACK TO s;
ALTER TABLE pv.audit_log ALTER payload DROP NOT NULL;
UPDATE pv.audit_log SET payload = NULL WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;
-- A shape that says that values are of other columns; two of one number; one that is missing.
ALTER TABLE pv.audit_shape DISABLE TRIGGER ALL;
UPDATE pv.audit_shape SET columns = '{name,id}';
SELECT * FROM public.wrong;
ROLLBACK TO s;
ALTER TABLE pv.audit_shape DISABLE TRIGGER ALL, DROP CONSTRAINT audit_shape_pkey;
INSERT INTO pv.audit_shape OVERRIDING SYSTEM VALUE
    SELECT id, relation_id, '{name,id}', attnums, types, collations, stored, keys, links FROM pv.audit_shape;
SELECT * FROM public.wrong;
ROLLBACK TO s;
ALTER TABLE pv.audit_shape DISABLE TRIGGER ALL;
DELETE FROM pv.audit_shape;
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'Kim' FROM position('Bob' IN payload)) WHERE id = 1;
SELECT * FROM public.wrong;
ROLLBACK TO s;

-- Chunks that are taken away, forged, doubled, or given another place.
DELETE FROM pv.audit_log WHERE id = 2;
SELECT * FROM public.wrong;
ROLLBACK TO s;
DELETE FROM pv.audit_log;
SELECT problem, seal, chunk FROM public.wrong;
ROLLBACK TO s;
INSERT INTO pv.audit_log SELECT 100, xid, incarnation, payload FROM pv.audit_log WHERE id = 2;
INSERT INTO pv.audit_log SELECT 101, '3', incarnation, '\x00' FROM pv.audit_log WHERE id = 2;
SELECT * FROM public.wrong;
SELECT public.seal() AS never_sealed;
SELECT count(*) FROM public.wrong;
ROLLBACK TO s;
INSERT INTO pv.audit_log SELECT 102, '999999999', incarnation, payload FROM pv.audit_log WHERE id = 2;
SELECT * FROM public.wrong;
ROLLBACK TO s;
INSERT INTO pv.audit_log SELECT * FROM pv.audit_log WHERE id = 2;
SELECT * FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_log SET xid = '3' WHERE id = 2;
UPDATE pv.audit_log SET incarnation = 7 WHERE id = 3;
SELECT * FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_log SET id = CASE id WHEN 2 THEN 3 ELSE 2 END WHERE id IN (2, 3);
SELECT problem, seal, chunk, record FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_log SET id = 50 WHERE id = 2;
SELECT problem, seal, chunk, record FROM public.wrong;
ROLLBACK TO s;
ALTER TABLE pv.audit_log DETACH PARTITION pv.audit_log_0;
SELECT problem, seal, chunk, relation, detail FROM public.wrong;
ROLLBACK TO s;

-- Seals that are changed, taken away or made anew.
UPDATE pv.audit_seal SET sealed_at = sealed_at - interval '1 day' WHERE id = 2;
SELECT * FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_seal SET until = '999999999' WHERE id = 2;
SELECT problem, seal, detail FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_seal SET leaves = set_byte(leaves, 20, 255 - get_byte(leaves, 20)) WHERE id = 1;
SELECT problem, seal, chunk, record, detail FROM public.wrong;
ROLLBACK TO s;
UPDATE pv.audit_seal SET leaves = substr(leaves, 1, 90) WHERE id = 1;
SELECT problem, seal, chunk, record, detail FROM public.wrong;
ROLLBACK TO s;
DELETE FROM pv.audit_seal WHERE id = 1;
SELECT problem, seal, chunk, record, detail FROM public.wrong;
ROLLBACK TO s;
DELETE FROM pv.audit_seal WHERE id IN (2, 3);
SELECT problem, seal, chunk, record, detail FROM public.wrong;
ROLLBACK TO s;
-- The last ones: only the head tells, and it does.
DELETE FROM pv.audit_log WHERE id > 3;
DELETE FROM pv.audit_seal WHERE id > 1;
SELECT * FROM public.wrong;
SELECT problem, seal, detail FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK TO s;
-- So when all is made anew.
DELETE FROM pv.audit_seal;
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'Kim' FROM position('Bob' IN payload)) WHERE id = 1;
SELECT public.seal();
SELECT * FROM public.wrong;
SELECT problem, seal, detail FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK TO s;
-- A record that is put in later, with a seal of its own.
INSERT INTO pv.audit_log SELECT 100, xid, incarnation, payload FROM pv.audit_log WHERE id = 2;
CALL public.forge(1, 0, public.leaf(100));
SELECT problem, seal, chunk, detail FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK TO s;
-- The first ones, of which a seal that is added says that they have been removed: as
-- they were, or with a partition, which is there or not.
CALL public.forge(1, 0);
SELECT problem, seal, detail FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK TO s;
CALL public.forge(2, 0);
DELETE FROM pv.audit_log WHERE id IN (SELECT f.id FROM pv.audit_seal AS s, pv.audit_leaves(s.leaves) AS f WHERE s.id = 1);
DELETE FROM pv.audit_seal WHERE id = 1;
SELECT problem, seal, detail FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK TO s;
CALL public.forge(2, 1);
DELETE FROM pv.audit_log WHERE id IN (SELECT f.id FROM pv.audit_seal AS s, pv.audit_leaves(s.leaves) AS f WHERE s.id = 1);
DELETE FROM pv.audit_seal WHERE id = 1;
SELECT problem, seal, detail FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
DELETE FROM pv.audit_log;
SELECT problem, seal, detail FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK;
SELECT * FROM pv.verify_audit(:'head');

-- The log of another cluster, as a restore brings it, is sealed as a whole; one
-- chunk that cannot be read keeps no other from being sealed.
BEGIN;
CALL public.unprotect();
INSERT INTO pv.audit_log SELECT 200 + id, (90000 + id)::text::xid8, 1, payload FROM pv.audit_log WHERE id <= 3;
INSERT INTO pv.audit_log VALUES (210, '90000', 1, '\x1234');
SELECT public.seal();
SELECT s.id AS seal, s.incarnation = 1 AS other, f.n, f.id, f.xid, f.raw IS NOT NULL AS readable FROM pv.audit_seal AS s, pv.audit_leaves(s.leaves) AS f WHERE f.id > 200 ORDER BY s.id, f.n;
SELECT * FROM public.wrong;
INSERT INTO pv.audit_log SELECT 220, '90001', 1, payload FROM pv.audit_log WHERE id = 1;
SELECT problem, seal, chunk, record FROM public.wrong;
ROLLBACK;

-- Triggers that are not what they were.
BEGIN;
DROP TRIGGER refuse_change ON pv.audit_seal;
ALTER TABLE pv.audit_log ENABLE TRIGGER refuse_insert;
CREATE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
DROP TRIGGER refuse_change ON pv.audit_log_1;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_log_1 EXECUTE FUNCTION public.refuse_change();
ALTER TABLE pv.audit_log_1 ENABLE ALWAYS TRIGGER refuse_change;
SELECT problem, relation, detail FROM pv.verify_audit();
ROLLBACK;

-- Who may do what.
UPDATE pv.audit_seal SET seal = prior;
DELETE FROM pv.audit_seal;
TRUNCATE pv.audit_seal;
SET session_replication_role = replica;
DELETE FROM pv.audit_seal;
RESET session_replication_role;
GRANT INSERT ON pv.audit_seal TO regress_seal_officer;
SET ROLE regress_seal_officer;
INSERT INTO pv.audit_seal SELECT * FROM pv.audit_seal;
SELECT pv.seal_audit(), pv.expire_audit(), pv.seal_head() IS NOT NULL AS head;
SELECT * FROM pv.verify_audit(:'head');
SET ROLE regress_seal_auditor;
SELECT count(*) FROM pv.audit_seal;
SELECT pv.seal_head() IS NOT NULL AS head;
SELECT * FROM pv.verify_audit(:'head');
SELECT pv.seal_audit();
SELECT pv.expire_audit();
RESET ROLE;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pv.seal_audit();
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pv.expire_audit();
ROLLBACK;
BEGIN READ ONLY;
SELECT * FROM pv.verify_audit(:'head');
SELECT pv.seal_audit();
ROLLBACK;

-- Many chunks in more than one seal.
INSERT INTO public.customer SELECT i, repeat('x', 3000) FROM generate_series(1001, 2000) AS i;
SELECT public.seal();
SELECT count(*) > 1 AS many, max(n) FROM (SELECT s.id, count(*) AS n FROM pv.audit_seal AS s, pv.audit_leaves(s.leaves) WHERE s.id > 5 GROUP BY s.id) AS s;
SELECT * FROM pv.verify_audit(:'head');
SELECT * FROM pv.verify_audit(pv.seal_head());

DROP EXTENSION pvext CASCADE;
DROP VIEW IF EXISTS public.wrong;
DROP FUNCTION public.seal;
DROP PROCEDURE public.unprotect;
DROP TABLE public.customer;
DROP OWNED BY regress_seal_officer, regress_seal_auditor;
DROP ROLE regress_seal_officer, regress_seal_auditor;
