-- Guards against accidents: a limit, a delay in which to cancel, an approval by
-- another login.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE SCHEMA guard;
SET search_path = guard;
CREATE ROLE regress_guard_app;
CREATE ROLE regress_guard_officer SUPERUSER;    -- so that SET SESSION AUTHORIZATION may be undone
SELECT session_user AS me \gset
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person SELECT i, 'name ' || i FROM generate_series(1, 300) i;
\o /dev/null
SELECT pv.grant_role('regress_guard_app', 'application');
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying');
\o
GRANT USAGE ON SCHEMA guard TO regress_guard_app;
SELECT name, setting, unit, context FROM pg_settings WHERE name ~ '^pvext\.(erasure|unblock)' ORDER BY 1;

-- The limit: all calls together, within a day; a call that would pass it is refused whole.
SELECT count(*) FROM pv.erase_subjects('person', ARRAY(SELECT i::text FROM generate_series(1, 98) i));
SELECT pv.erase_subjects('person', '{100,101,102}');
\echo :SQLSTATE
SELECT count(*) FILTER (WHERE name IS NULL) AS erased FROM person;
SELECT count(*) FROM pv.erasure;
SELECT state FROM pv.erase_subject('person', 99);
SELECT state FROM pv.erase_subject('person', 100);
SELECT pv.erase_subject('person', 101);
\echo :SQLSTATE
-- What was erased before doesn't count, nor does what is blocked or rolled back.
SELECT state FROM pv.erase_subject('person', 1);
SELECT pv.place_hold('person', 102, 'case') AS hold \gset
SELECT state FROM pv.erase_subject('person', 102);
SET pvext.erasure_limit = 101;
BEGIN;
SELECT state FROM pv.erase_subject('person', 103);
ROLLBACK;
SELECT state FROM pv.erase_subject('person', 104);
SELECT pv.erase_subject('person', 103);
\echo :SQLSTATE
-- Only whom a superuser allows sets it.
SET ROLE regress_guard_app;
SET pvext.erasure_limit = 0;
\echo :SQLSTATE
SELECT pv.erase_subject('guard.person', 103);
RESET ROLE;
GRANT SET ON PARAMETER pvext.erasure_limit TO regress_guard_app;
SET ROLE regress_guard_app;
SET pvext.erasure_limit = 0;
SELECT state FROM pv.erase_subject('guard.person', 103);
SELECT count(*) FROM pv.erase_subjects('guard.person', ARRAY(SELECT i::text FROM generate_series(105, 200) i));
RESET ROLE;
REVOKE SET ON PARAMETER pvext.erasure_limit FROM regress_guard_app;
-- What a transaction is erasing is told to others by few locks, however many calls it makes, and by none once it is rolled back.
CREATE VIEW told AS
    SELECT count(*) AS locks, sum(l.objid::bigint) AS subjects FROM pg_locks AS l
    WHERE l.pid = pg_backend_pid() AND l.locktype = 'object' AND l.classid = 'pv.erasure_ledger'::regclass AND l.objid > 0;
CREATE TABLE crowd (id int PRIMARY KEY, name text);
INSERT INTO crowd SELECT i, 'name ' || i FROM generate_series(1, 600) i;
SELECT pv.declare_subject('crowd'), pv.declare_personal('crowd', '{name}', 'identifying') \g /dev/null
SET pvext.erasure_limit = 0;
BEGIN;
SELECT count(pv.erase_subject('crowd', i)) FROM generate_series(1, 100) AS i;
SELECT * FROM told;
SAVEPOINT a;
SELECT count(*) FROM pv.erase_subjects('crowd', ARRAY(SELECT i::text FROM generate_series(101, 200) i));
SELECT * FROM told;
ROLLBACK TO a;
SELECT * FROM told;
SAVEPOINT b;
SELECT count(pv.erase_subject('crowd', i)) FROM generate_series(101, 600) AS i;
RELEASE b;
SELECT locks < 300 AS few, subjects BETWEEN 600 AND 600 * 65 / 64 AS about FROM told;
ROLLBACK;
SELECT * FROM told;
BEGIN;
SELECT count(pv.erase_subject('crowd', i)) FROM generate_series(1, 3) AS i;
SELECT * FROM told;
ROLLBACK;
DROP VIEW told;
-- Yesterday's do not count.
UPDATE pv.erasure_ledger SET executed_at = executed_at - interval '1 day';
RESET pvext.erasure_limit;
SELECT state FROM pv.erase_subject('person', 201);

-- The delay: nothing changes until it is due, and it can be cancelled.
SET pvext.erasure_delay = '2d';
SELECT state, key, due_at - requested_at AS delay, rows_anonymised, executed_by FROM pv.erase_subject('person', 202, 'by letter');
SELECT name FROM person WHERE id = 202;
SELECT state, due_at - requested_at AS delay FROM pv.erase_subject('person', 202, 'by mail');
SELECT count(*) FROM pv.erasure WHERE state = 'requested';
SELECT id AS erasure FROM pv.erasure WHERE state = 'requested' \gset
SELECT pv.cancel_erasure(:'erasure', NULL);
\echo :SQLSTATE
SELECT pv.cancel_erasure(NULL, 'stays');
SELECT pv.cancel_erasure(gen_random_uuid(), 'stays');
\echo :SQLSTATE
SELECT state, key, reason, completed_at FROM pv.cancel_erasure(:'erasure', 'wants to stay');
SELECT pv.cancel_erasure(:'erasure', 'again');
\echo :SQLSTATE
SELECT name FROM person WHERE id = 202;
-- asked anew, it is a new request, which the end of the delay carries out
SELECT state FROM pv.erase_subject('person', 202);
SELECT state, count(*) FROM pv.erase_subjects('person', '{203,204}') GROUP BY 1;
UPDATE pv.erasure_ledger SET due_at = now() - interval '1 s' WHERE state = 'requested' AND key IN ('202', '203');
SELECT state, count(*) FROM pv.erase_subjects('person', '{202,203,204}') GROUP BY 1 ORDER BY 1;
SELECT id, name FROM person WHERE id IN (202, 203, 204) ORDER BY id;
-- Shortening the delay doesn't shorten what was promised before.
RESET pvext.erasure_delay;
SELECT state FROM pv.erase_subject('person', 204);
-- Too late to cancel
SELECT pv.cancel_erasure(id, 'stays') FROM pv.erasure WHERE state = 'completed' LIMIT 1;
\echo :SQLSTATE
-- What is blocked can be cancelled.
SELECT state, blocked_by FROM pv.erasure WHERE key = '102';
SELECT c.state FROM pv.erasure e, pv.cancel_erasure(e.id, 'no longer wanted') c WHERE e.key = '102';
SELECT pv.release_hold(:hold, 'over') \g /dev/null
SELECT state FROM pv.erase_subject('person', 102);

-- The approval
SET pvext.erasure_approvals = 1;
SELECT state, approved_by FROM pv.erase_subject('person', 210);
SELECT state, approved_by FROM pv.erase_subject('person', 210);
SELECT name FROM person WHERE id = 210;
SELECT id AS erasure FROM pv.erasure WHERE key = '210' \gset
SELECT pv.approve_erasure(:'erasure');
\echo :SQLSTATE
-- SET ROLE is no other login.
SET ROLE regress_guard_officer;
SELECT pv.approve_erasure(:'erasure');
\echo :SQLSTATE
RESET ROLE;
SET SESSION AUTHORIZATION regress_guard_officer;
SELECT pv.approve_erasure(gen_random_uuid());
\echo :SQLSTATE
SELECT state, approved_by, executed_by, requested_by = :'me' AS by_me FROM pv.approve_erasure(:'erasure');
SELECT pv.approve_erasure(:'erasure');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT name FROM person WHERE id = 210;
-- together with a delay: approved, it still waits
SET pvext.erasure_delay = '1d';
SELECT state FROM pv.erase_subject('person', 211);
SELECT id AS erasure FROM pv.erasure WHERE key = '211' \gset
SET SESSION AUTHORIZATION regress_guard_officer;
SELECT state, approved_by FROM pv.approve_erasure(:'erasure');
SELECT pv.approve_erasure(:'erasure');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT name FROM person WHERE id = 211;
UPDATE pv.erasure_ledger SET due_at = now() WHERE key = '211';
SELECT state, approved_by FROM pv.erase_subject('person', 211);
-- approved too late to be stopped by a hold? No: the verdict is asked again.
SET pvext.erasure_delay = 0;
SELECT state FROM pv.erase_subject('person', 212);
SELECT id AS erasure FROM pv.erasure WHERE key = '212' \gset
SELECT pv.place_hold('person', 212, 'case') > 0 AS placed;
SET SESSION AUTHORIZATION regress_guard_officer;
SELECT state, approved_by, array_length(blocked_by, 1) AS reasons FROM pv.approve_erasure(:'erasure');
RESET SESSION AUTHORIZATION;
SELECT name FROM person WHERE id = 212;
-- An approval is one erasure's: new data, new request, new approval.
UPDATE person SET name = 'new' WHERE id = 210;
SELECT state FROM pv.erase_subject('person', 210);
SELECT name FROM person WHERE id = 210;
RESET pvext.erasure_approvals;
RESET pvext.erasure_delay;

-- What was blocked before an approval or a delay was asked for waits for it as well, whoever
-- goes on with it.
SELECT pv.place_hold('person', i, 'case') FROM generate_series(213, 216) AS i \g /dev/null
SELECT state, count(*) FROM pv.erase_subjects('person', '{213,214,215,216}') GROUP BY 1;
SET pvext.erasure_approvals = 1;
SELECT state FROM pv.erase_subject('person', 213);
SELECT pv.release_hold(id, 'over') FROM pv.hold WHERE key IN ('213', '214', '215', '216') \g /dev/null
SELECT state, approved_by, blocked_by, executed_by FROM pv.erase_subject('person', 213);
SELECT state, approved_by, blocked_by, executed_by FROM pv.erase_subject('person', 213);
CALL pv.run_duties('{erase}');
SELECT key, state, approved_by, blocked_by FROM pv.erasure WHERE key IN ('213', '214', '215', '216') ORDER BY key;
SELECT id AS erasure FROM pv.erasure WHERE key = '213' \gset
SELECT pv.approve_erasure(:'erasure');
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_guard_officer;
SELECT state, approved_by FROM pv.approve_erasure(:'erasure');
RESET SESSION AUTHORIZATION;
CALL pv.run_duties('{erase}');
SELECT id, name FROM person WHERE id IN (213, 214, 215, 216) ORDER BY id;
RESET pvext.erasure_approvals;
-- a delay, from the request on
SELECT pv.cancel_erasure(id, 'stays') FROM pv.erasure WHERE key IN ('214', '215', '216') \g /dev/null
SELECT pv.place_hold('person', 214, 'case') AS hold \gset
SELECT state FROM pv.erase_subject('person', 214);
SELECT pv.release_hold(:hold, 'over') \g /dev/null
SET pvext.erasure_delay = '2d';
SET pvext.unblock_delay = '1h';
CALL pv.run_duties('{erase}');
SELECT state, due_at - requested_at AS delay FROM pv.erase_subject('person', 214);
RESET pvext.unblock_delay;
CALL pv.run_duties('{erase}');
SELECT state, due_at - requested_at AS delay FROM pv.erase_subject('person', 214);
SELECT name FROM person WHERE id = 214;
UPDATE pv.erasure_ledger SET due_at = now() WHERE key = '214';
CALL pv.run_duties('{erase}');
SELECT name FROM person WHERE id = 214;
RESET pvext.erasure_delay;
-- What has begun goes on.
SELECT pv.declare_purpose('books', 'legal_obligation', 'd'), pv.declare_purpose('mail', 'contract', 'd') \g /dev/null
ALTER TABLE person ADD address text, ADD owes boolean;
SELECT pv.declare_personal('person', '{address}', 'address', '{books}'), pv.declare_not_personal('person', '{owes}'),
       pv.declare_personal('person', '{name}', 'identifying', '{mail}'),
       pv.declare_blocker('person', 'owes', 'subject.owes', 'owes', purposes => '{books}') \g /dev/null
UPDATE person SET address = 'street', owes = id = 217;
SELECT state FROM pv.erase_subject('person', 217);
SET pvext.erasure_approvals = 1;
UPDATE person SET owes = false WHERE id = 217;
SELECT state FROM pv.erase_subject('person', 217);
RESET pvext.erasure_approvals;

SELECT call, count(*) FROM pv.event WHERE call ~ '^(cancel|approve)' GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM pv.erasure WHERE state IN ('completed', 'cancelled') AND key IS NOT NULL;

SELECT pv.revoke_role('regress_guard_app', 'application') \g /dev/null
SET client_min_messages = warning;
DROP SCHEMA guard CASCADE;
DROP ROLE regress_guard_app, regress_guard_officer;
