-- Seals and redaction: what an erasure takes out of the log breaks no seal, and what
-- is left is still protected.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\i test/prelude/seal.sql
CREATE TABLE public.customer (id int PRIMARY KEY, name text);
CREATE TABLE public.message (id int PRIMARY KEY, sender int REFERENCES public.customer, receiver int REFERENCES public.customer, signature text, greeting text);
CREATE INDEX ON public.message (sender);
CREATE INDEX ON public.message (receiver);
SELECT pv.declare_subject('customer'), pv.link_foreign_keys('customer', 2);
SELECT pv.declare_personal('customer', '{name}', 'identifying'),
       pv.declare_personal('message', '{signature}', 'text', link => 'sender'),
       pv.declare_personal('message', '{greeting}', 'text', link => 'receiver');
SELECT pv.enable_audit('customer'), pv.enable_audit('message');
INSERT INTO public.customer VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid');
INSERT INTO public.message VALUES (1, 1, 2, 'yours, Ann', 'dear Bob'), (2, 2, 1, 'yours, Bob', 'dear Ann'), (3, 3, NULL, 'love, Cid', NULL);
UPDATE public.customer SET name = 'Anna' WHERE id = 1;
SELECT public.seal();
SELECT pv.seal_head() AS head \gset
-- The sender goes, then the receiver: the same records are redacted twice.
SELECT state FROM pv.erase_subject('customer', 1);
SELECT operation, new, redacted FROM pv.audit_trail WHERE relation = 'public.message' AND operation = 'INSERT' ORDER BY id, n;
SELECT * FROM pv.verify_audit(:'head');
SELECT public.seal() > 0 AS sealed;
SELECT state FROM pv.erase_subject('customer', 2);
SELECT operation, new, redacted FROM pv.audit_trail WHERE relation = 'public.message' AND operation = 'INSERT' ORDER BY id, n;
SELECT count(*) FROM pv.audit_log WHERE position('Ann' IN payload) + position('Bob' IN payload) > 0;
SELECT * FROM pv.verify_audit(:'head');
SELECT public.seal() > 0 AS sealed;
SELECT * FROM pv.verify_audit(pv.seal_head());
-- In the middle of an erasure, and after one that is rolled back.
BEGIN;
SELECT state FROM pv.erase_subject('customer', 3);
SELECT count(*) FROM pv.audit_log WHERE position('love' IN payload) > 0;
SELECT * FROM pv.verify_audit(:'head');
ROLLBACK;
SELECT * FROM pv.verify_audit(:'head');
-- Redacted before it is sealed.
INSERT INTO public.customer VALUES (4, 'Dan');
SELECT state FROM pv.erase_subject('customer', 4);
SELECT count(*) FROM pv.audit_log WHERE position('Dan' IN payload) > 0;
SELECT public.seal() > 0 AS sealed;
SELECT * FROM pv.verify_audit(:'head');

-- What is left in a redacted chunk: a value, a commitment, a salt.
BEGIN;
ALTER TABLE pv.audit_log DISABLE TRIGGER ALL;
ALTER TABLE pv.audit_log_0 DISABLE TRIGGER ALL;
SELECT id AS message FROM pv.audit_log WHERE position('love' IN payload) > 0 \gset
SAVEPOINT s;
UPDATE pv.audit_log SET payload = overlay(payload PLACING 'hate' FROM position('love' IN payload)) WHERE id = :message;
SELECT problem, seal, record, relation, operation FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK TO s;
UPDATE pv.audit_log SET payload = set_byte(payload, position('love' IN payload) - 2, 7) WHERE id = :message;
SELECT count(*) > 0 AS found FROM pv.verify_audit(:'head') WHERE problem <> 'unprotected';
ROLLBACK TO s;
-- every byte of it but the marks of form
DO $$
DECLARE
    was bytea := (SELECT payload FROM pv.audit_log WHERE position('love' IN payload) > 0);
    id_of bigint := (SELECT id FROM pv.audit_log WHERE payload = was);
    missed int[];
BEGIN
    FOR i IN 0 .. length(was) - 1 LOOP
        UPDATE pv.audit_log SET payload = set_byte(was, i, 255 - get_byte(was, i)) WHERE id = id_of;
        IF NOT EXISTS (SELECT FROM pv.verify_audit() AS v WHERE v.chunk = id_of) THEN
            missed := missed || i;
        END IF;
    END LOOP;
    RAISE NOTICE 'bytes whose change is not found: %', missed;
END $$;
ROLLBACK;
SELECT * FROM pv.verify_audit(pv.seal_head());
DROP EXTENSION pvext CASCADE;
DROP FUNCTION public.seal;
DROP TABLE public.message, public.customer;
