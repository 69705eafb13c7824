--
-- Whose claims are taken: those of a transaction alone, where connections are shared
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text);
SELECT pv.enable_audit('person') \gset
CREATE VIEW claims AS SELECT key, actor FROM pv.audit_trail ORDER BY id, n;
CREATE FUNCTION write(id int) RETURNS void LANGUAGE sql SET pvext.actor = 'a function' AS $$ INSERT INTO person VALUES (write.id, 'x') $$;

SET pvext.actor = 'the last client';
INSERT INTO person VALUES (1, 'Ada');
SET pvext.transaction_claims = on;
INSERT INTO person VALUES (2, 'Bo');
BEGIN;
INSERT INTO person VALUES (3, 'Cy');
SET LOCAL pvext.actor = 'this one';
INSERT INTO person VALUES (4, 'Di');
SAVEPOINT s;
INSERT INTO person VALUES (5, 'Ed');
SET LOCAL pvext.actor = 'and that one';
INSERT INTO person VALUES (6, 'Flo');
ROLLBACK TO s;
INSERT INTO person VALUES (7, 'Gus');
SET pvext.actor = 'for good';
INSERT INTO person VALUES (8, 'Hal');
SET LOCAL pvext.actor = 'not for good';
INSERT INTO person VALUES (9, 'Ida');
COMMIT;
INSERT INTO person VALUES (10, 'Joe');
SELECT write(11);
BEGIN;
SELECT set_config('pvext.actor', 'by set_config', true) \gset
INSERT INTO person VALUES (12, 'Kim');
COMMIT;
RESET pvext.transaction_claims;
INSERT INTO person VALUES (13, 'Lea');
TABLE claims;
CREATE ROLE regress_claims;
SET ROLE regress_claims;
SET pvext.transaction_claims = off;
RESET ROLE;

-- Where a change comes from another server, the record says from which.
RESET pvext.actor;
SELECT pg_replication_origin_create('regress_claims_origin') \gset
SELECT pg_replication_origin_session_setup('regress_claims_origin') \gset
SET application_name = 'copier';
INSERT INTO person VALUES (20, 'Mia');
SET application_name = '';
INSERT INTO person VALUES (21, 'Noa');
SELECT pg_replication_origin_session_reset() \gset
INSERT INTO person VALUES (22, 'Ole');
SELECT key, application FROM pv.audit_trail WHERE (key ->> 'id')::int >= 20 ORDER BY id, n;
SELECT pg_replication_origin_drop('regress_claims_origin') \gset
DROP ROLE regress_claims;
