-- Who changed what, and who looked.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== From now on every change of these tables is on record, and every look at a personal column'
\echo
\set QUIET on
\t on
\set QUIET off
SELECT pv.enable_audit(t) FROM unnest('{customer,invoice,note}'::regclass[]) AS t;
SELECT pv.grant_role('auditor', 'auditor');
\set QUIET on
\t off
\set QUIET off

\echo '== Ingrid (1001) has moved: a clerk looks her up and changes the address'
\echo
\c - clerk
SET pvext.purpose = 'service';
SET pvext.actor = 'employee 17';
SELECT id, name, street, city FROM customer WHERE email = 'ingrid.solbakken@example.no';
UPDATE customer SET street = 'Lyngveien 12', postal_code = '5101', city = 'Eidsvågneset' WHERE id = 1001;

\echo '== Einar (1006) has another number'
\echo
UPDATE customer SET mobile = '+47 977 65 432' WHERE id = 1006;

\echo
\echo '== A colleague is curious, and says why not'
\echo
\c - clerk
BEGIN READ ONLY;
SELECT name, mobile FROM customer WHERE id IN (1001, 1002) ORDER BY id;
ROLLBACK;

\echo '== Customer support tries, too'
\echo
\c - support
\set ON_ERROR_STOP off
SELECT name FROM customer WHERE id = 1001;
\set ON_ERROR_STOP on

\echo
\echo '== As the auditor: who changed her address, and what it was'
\echo
\c - dba
SELECT pv.drain_reads() IS NOT NULL AS "the worker would have done so by itself";
\c - auditor
\set QUIET on
\x on
\set QUIET off
SELECT login, actor, relation, operation, old, new
FROM pv.subject_trail('customer', 1001) WHERE operation <> 'READ';

\echo '== Who looked at her'
\echo
SELECT login, actor, purpose, columns FROM pv.subject_trail('customer', 1001) WHERE operation = 'READ';

\echo '== All looks at personal data, those that were refused, too'
\echo
SELECT login, actor, purpose, relation, columns, rows, keys, refused FROM pv.access_log ORDER BY at;
\set QUIET on
\x off
\set QUIET off

\echo '== The log is sealed; the head of the chain is kept elsewhere'
\echo
\c - dba
SELECT pv.seal_audit() > 0 AS sealed;
\c - auditor
SELECT left(pv.seal_head(), 18) || '...' AS head;
SELECT * FROM pv.verify_audit();
