-- Retention of the audit log: which partitions are dropped, and that the seals
-- tell what pvext dropped from what somebody else did.
SET client_min_messages = warning;
CREATE ACCESS METHOD regress_other TYPE TABLE HANDLER heap_tableam_handler;
SET default_table_access_method = regress_other;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE ROLE regress_expire_officer;
SELECT pv.grant_role('regress_expire_officer', 'officer');
CREATE FUNCTION public.seal() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    WHILE pg_snapshot_xmin(pg_current_snapshot()) < pg_snapshot_xmax(pg_current_snapshot()) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN pv.seal_audit();
END $$;
CREATE VIEW public.seals AS
    SELECT s.id, s.settled >> 32 AS settled, s.dropped, s.first, (SELECT array_agg(DISTINCT f.id >> 32 ORDER BY f.id >> 32) FROM pv.audit_leaves(s.leaves) AS f) AS partitions
    FROM pv.audit_seal AS s ORDER BY s.id;
CREATE VIEW public.partitions AS
    SELECT i.inhrelid::regclass AS partition, c.relhasindex AS indexed, p.ended_at IS NOT NULL AS ended,
           EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e') AS member
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    LEFT JOIN pv.audit_partition AS p ON 'audit_log_' || p.number = c.relname
    WHERE i.inhparent = 'pv.audit_log'::regclass ORDER BY c.relname;

CREATE TABLE public.customer (id int PRIMARY KEY, name text);
SELECT pv.enable_audit('public.customer');
INSERT INTO public.customer VALUES (1, 'zero');
SELECT public.seal();
INSERT INTO public.customer VALUES (2, 'zero, too');
-- Repeated, also in one transaction and rolled back.
SELECT pv.rotate_audit();
INSERT INTO public.customer VALUES (3, 'one');
-- pvext's tables are heaps, whatever the default.
SHOW default_table_access_method;
SELECT count(*) FILTER (WHERE amname = 'heap') > 0 AS heaps, count(*) FILTER (WHERE amname <> 'heap') AS others
    FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam WHERE relnamespace = 'pv'::regnamespace AND relkind = 'r';
RESET default_table_access_method;
SELECT public.seal();
SELECT * FROM public.seals;
BEGIN;
SELECT pv.rotate_audit();
SELECT pv.rotate_audit();
ROLLBACK;
INSERT INTO public.customer VALUES (4, 'two');
SELECT * FROM public.partitions;
SELECT pv.rotate_audit();
SELECT pv.rotate_audit();
INSERT INTO public.customer VALUES (5, 'four');
SELECT tableoid::regclass, count(*) FROM pv.audit_log GROUP BY 1 ORDER BY 1;
SELECT * FROM public.partitions;
SELECT public.seal();
SELECT * FROM public.seals;
SELECT pv.seal_head() AS head \gset

-- For ever, unless said otherwise; and not before the time.
SELECT pv.expire_audit();
SET pvext.audit_keep = '1d';
SELECT pv.expire_audit();
-- The first of them.
UPDATE pv.audit_partition SET ended_at = ended_at - interval '2 days' WHERE number IN (0, 2);
SET ROLE regress_expire_officer;
SELECT pv.expire_audit();
SELECT pv.expire_audit();
RESET ROLE;
SELECT * FROM public.partitions;
SELECT * FROM public.seals;
SELECT * FROM pv.verify_audit(:'head');
SELECT call FROM pv.event WHERE call LIKE '%audit()' ORDER BY id;
-- Two more; one that is not sealed stays, however old.
SELECT pv.rotate_audit();
UPDATE pv.audit_partition SET ended_at = ended_at - interval '2 days';
SELECT pv.expire_audit();
SELECT * FROM public.partitions;
SELECT * FROM public.seals;
SELECT * FROM pv.verify_audit(:'head');
SELECT pv.seal_head() AS later \gset
SELECT problem, seal, detail FROM pv.verify_audit('1:' || repeat('0', 64));
SELECT public.seal();
SELECT pv.expire_audit();
SELECT * FROM public.seals;
SELECT * FROM pv.verify_audit(:'later');
SELECT problem, seal, detail FROM pv.verify_audit(:'head');
-- It goes on.
INSERT INTO public.customer VALUES (6, 'later');
SELECT public.seal();
SELECT pv.rotate_audit();
INSERT INTO public.customer VALUES (7, 'later');
SELECT public.seal();
SELECT * FROM pv.verify_audit(pv.seal_head());
SELECT * FROM public.partitions;

-- What was recorded outside of the savepoint that rotates is in the index, too.
BEGIN;
INSERT INTO public.customer VALUES (8, 'later');
SAVEPOINT s;
SELECT pv.rotate_audit();
RELEASE s;
COMMIT;
SET enable_seqscan = off;
SELECT count(*) FROM pv.audit_log_5 WHERE id > 0;
RESET enable_seqscan;
SELECT public.seal();
SELECT * FROM pv.verify_audit(pv.seal_head());

-- What somebody else drops is missing, and what comes back is forged.
BEGIN;
DROP TABLE pv.audit_log_5;
SELECT problem, seal, chunk, relation, detail FROM pv.verify_audit();
ROLLBACK;
BEGIN;
CREATE TABLE pv.audit_log_0 PARTITION OF pv.audit_log FOR VALUES FROM (0) TO (4294967296);
INSERT INTO pv.audit_log_0 SELECT 1, xid, incarnation, payload FROM pv.audit_log LIMIT 1;
SELECT problem, seal, chunk, record, relation, detail FROM pv.verify_audit() WHERE problem <> 'unprotected';
ROLLBACK;
BEGIN;
ALTER TABLE pv.audit_seal DISABLE TRIGGER ALL;
DELETE FROM pv.audit_seal WHERE id = (SELECT min(id) FROM pv.audit_seal);
SELECT problem, seal, detail FROM pv.verify_audit() WHERE problem LIKE 'seal%';
ROLLBACK;
BEGIN;
ALTER TABLE pv.audit_seal DISABLE TRIGGER ALL;
UPDATE pv.audit_seal SET dropped = 99, first = 11 WHERE id = (SELECT max(id) FROM pv.audit_seal);
SELECT problem, seal, detail FROM pv.verify_audit() WHERE problem LIKE 'seal%';
ROLLBACK;

DROP EXTENSION pvext CASCADE;
SELECT count(*) FROM pg_class WHERE relname LIKE 'audit%';
DROP FUNCTION public.seal;
DROP TABLE public.customer;
DROP OWNED BY regress_expire_officer;
DROP ROLE regress_expire_officer;
DROP ACCESS METHOD regress_other;
