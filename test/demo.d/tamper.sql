-- A superuser changes one record of the audit log by force.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== A superuser would rather have noted another number for Einar (1006): refused'
\echo
\c - dba
\set ON_ERROR_STOP off
UPDATE pv.audit_log SET payload = '';
\set ON_ERROR_STOP on

\echo
\echo '== He disables the trigger and changes the record'
\echo
BEGIN;
SELECT l.tableoid::regclass AS partition, l.id AS chunk FROM pv.audit_log AS l JOIN pv.audit_trail AS t USING (id)
WHERE t.login = 'clerk' AND t.key ->> 'id' = '1006' \gset
ALTER TABLE :partition DISABLE TRIGGER refuse_change;
UPDATE :partition SET payload = decode(replace(encode(payload, 'hex'), encode('977 65 432', 'hex'), encode('977 65 431', 'hex')), 'hex')
WHERE id = :chunk;
ALTER TABLE :partition ENABLE ALWAYS TRIGGER refuse_change;
COMMIT;
SELECT login, actor, operation, relation, new FROM pv.audit_trail WHERE id = :chunk;

\echo '== The seal tells'
\echo
\c - auditor
SELECT problem, chunk, record, relation, operation, detail FROM pv.verify_audit();
