-- Four eyes: neither the login nor the role of who approves is one of those that the request
-- was made by, and no code that runs on somebody's behalf approves.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA approval;
SET search_path = approval;
CREATE ROLE regress_approval_group;
CREATE ROLE regress_approval_a IN ROLE regress_approval_group;
CREATE ROLE regress_approval_b IN ROLE regress_approval_group;
SELECT session_user AS me \gset
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person SELECT i, 'name ' || i FROM generate_series(1, 9) AS i;
SELECT pv.grant_role('regress_approval_group', 'officer'), pv.declare_subject('person'),
       pv.declare_personal('person', '{name}', 'identifying') \g /dev/null
GRANT USAGE ON SCHEMA approval TO regress_approval_group;
CREATE SCHEMA approval_off AUTHORIZATION regress_approval_group;
GRANT ALL ON SCHEMA approval_off TO regress_approval_a;
SET pvext.erasure_approvals = 1;

-- Two logins under one role are not two who approve.
SET SESSION AUTHORIZATION regress_approval_a;
SET ROLE regress_approval_group;
SELECT state FROM pv.erase_subject('approval.person', 1);
SELECT id AS erasure FROM pv.erasure WHERE key = '1' \gset
SET SESSION AUTHORIZATION regress_approval_b;
SET ROLE regress_approval_group;
SELECT pv.approve_erasure(:'erasure');
\echo :SQLSTATE
-- Nor is the role that the other one had.
RESET ROLE;
SET SESSION AUTHORIZATION regress_approval_a;
SELECT pv.approve_erasure(:'erasure');
\echo :SQLSTATE
-- A login of its own, under its own role.
SET SESSION AUTHORIZATION regress_approval_b;
SELECT state, requested_by, approved_by FROM pv.approve_erasure(:'erasure');
RESET SESSION AUTHORIZATION;

-- Code of the requester's that others run: an index expression, as the table's owner, and
-- as a role that is neither's.
SET SESSION AUTHORIZATION regress_approval_a;
SELECT state FROM pv.erase_subject('approval.person', 2);
CREATE FUNCTION approval_off.approve(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM pv.approve_erasure(e.id) FROM pv.erasure AS e WHERE e.state = 'requested' AND e.approved_by IS NULL;
	RETURN $1;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING '%: %, login % role %', SQLSTATE, SQLERRM, CASE WHEN session_user LIKE 'regress%' THEN session_user ELSE 'other' END, current_user;
	RETURN $1;
END $$;
CREATE TABLE approval_off.own (id int);
INSERT INTO approval_off.own VALUES (1);
CREATE INDEX ON approval_off.own (approval_off.approve(id));
SET ROLE regress_approval_group;
CREATE TABLE approval_off.groups (id int);
INSERT INTO approval_off.groups VALUES (1);
CREATE INDEX ON approval_off.groups (approval_off.approve(id));
RESET SESSION AUTHORIZATION;
ANALYZE approval_off.own;
ANALYZE approval_off.groups;
REINDEX TABLE approval_off.own;
SELECT state, approved_by FROM pv.erasure WHERE key = '2';

-- Likewise an expression that pvext asks for the owner.
SET SESSION AUTHORIZATION regress_approval_a;
CREATE TABLE approval_off.client (id int PRIMARY KEY, name text);
INSERT INTO approval_off.client VALUES (1, 'x');
RESET SESSION AUTHORIZATION;
SELECT pv.grant_role('regress_approval_a', 'owner') \g /dev/null
SET SESSION AUTHORIZATION regress_approval_a;
SELECT pv.declare_subject('approval_off.client'), pv.declare_personal('approval_off.client', '{name}', 'x') \g /dev/null
SELECT pv.declare_blocker('approval_off.client', 'b', 'approval_off.approve(id) > 0', 'r') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT rows, verdict FROM pv.preview_erasure('approval_off.client', 1);
SELECT state, approved_by FROM pv.erasure WHERE key = '2';

-- What such code asks for has been asked for by its role, not by who logged in.
CREATE FUNCTION approval_off.request(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF session_user NOT LIKE 'regress%' THEN
		PERFORM pv.erase_subject('approval.person', 3);
		PERFORM pv.place_hold('approval.person', 4, 'x');
	END IF;
	RETURN $1;
END $$;
ALTER FUNCTION approval_off.request(int) OWNER TO regress_approval_a;
SET SESSION AUTHORIZATION regress_approval_a;
CREATE TABLE approval_off.asks (id int);
CREATE INDEX ON approval_off.asks (approval_off.request(id));
INSERT INTO approval_off.asks VALUES (1);
RESET SESSION AUTHORIZATION;
ANALYZE approval_off.asks;
SELECT state, requested_by FROM pv.erasure WHERE key = '3';
SELECT placed_by FROM pv.hold;
SET SESSION AUTHORIZATION regress_approval_a;
SELECT pv.approve_erasure(id) FROM pv.erasure WHERE key = '3';
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
-- By who logged in and wants it.
SELECT a.state FROM pv.erasure AS e, pv.approve_erasure(e.id) AS a WHERE e.key = '3';

SELECT pv.revoke_role('regress_approval_a', 'owner'), pv.revoke_role('regress_approval_group', 'officer') \g /dev/null
DROP SCHEMA approval, approval_off CASCADE;
DROP EXTENSION pvext;
DROP ROLE regress_approval_a, regress_approval_b, regress_approval_group;
