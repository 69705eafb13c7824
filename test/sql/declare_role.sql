-- Profiles: what a role needs of pvext for the work it does.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;

CREATE ROLE "regress_role A";
CREATE ROLE regress_role_b;
CREATE SCHEMA role;
CREATE VIEW role.may AS
    SELECT r.rolname, 'execute' AS what, p.proname AS name, count(*)
    FROM pg_roles r, pg_proc p
    WHERE r.rolname LIKE 'regress_role%' AND p.pronamespace = 'pv'::regnamespace
      AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT r.rolname, lower(privilege), c.relname, 1
    FROM pg_roles r, pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) AS privilege
    WHERE r.rolname LIKE 'regress_role%' AND c.relnamespace = 'pv'::regnamespace AND c.relkind IN ('r', 'v')
      AND has_table_privilege(r.oid, c.oid, privilege);

-- Everybody's: what only computes. No overload is left out.
SELECT what, name, count FROM role.may WHERE rolname = 'regress_role_b' ORDER BY 1, 2;
SELECT p.proname, count(*) FILTER (WHERE a.grantee = 0) AS public, count(DISTINCT p.oid) AS overloads
FROM pg_proc p LEFT JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a ON true
WHERE p.pronamespace = 'pv'::regnamespace
GROUP BY 1 HAVING count(*) FILTER (WHERE a.grantee = 0) > 0 ORDER BY 1;

-- Each profile alone
SELECT pv.grant_role('"regress_role A"', 'owner');
SELECT what, name FROM role.may WHERE rolname = 'regress_role A'
EXCEPT SELECT what, name FROM role.may WHERE rolname = 'regress_role_b' ORDER BY 1, 2;
SELECT pv.revoke_role('"regress_role A"', 'owner');
SELECT pv.grant_role('"regress_role A"', 'application');
SELECT what, name FROM role.may WHERE rolname = 'regress_role A'
EXCEPT SELECT what, name FROM role.may WHERE rolname = 'regress_role_b' ORDER BY 1, 2;
SELECT pv.revoke_role('"regress_role A"', 'application');
SELECT pv.grant_role('"regress_role A"', 'officer');
SELECT what, name FROM role.may WHERE rolname = 'regress_role A'
EXCEPT SELECT what, name FROM role.may WHERE rolname = 'regress_role_b' ORDER BY 1, 2;
SELECT pv.revoke_role('"regress_role A"', 'officer');
SELECT pv.grant_role('"regress_role A"', 'auditor');
SELECT what, name FROM role.may WHERE rolname = 'regress_role A'
EXCEPT SELECT what, name FROM role.may WHERE rolname = 'regress_role_b' ORDER BY 1, 2;

-- Taking one away leaves what another needs; granting twice is harmless.
SELECT pv.grant_role('"regress_role A"', 'officer');
SELECT pv.grant_role('"regress_role A"', 'officer');
SELECT * FROM pv.role_profile ORDER BY 1, 2;
SELECT pv.revoke_role('"regress_role A"', 'officer');
SELECT what, name FROM role.may WHERE rolname = 'regress_role A'
EXCEPT SELECT what, name FROM role.may WHERE rolname = 'regress_role_b' ORDER BY 1, 2;
SELECT pv.revoke_role('"regress_role A"', 'auditor');
SELECT what, name FROM role.may WHERE rolname = 'regress_role A'
EXCEPT SELECT what, name FROM role.may WHERE rolname = 'regress_role_b' ORDER BY 1, 2;
SELECT pv.revoke_role('"regress_role A"', 'auditor');
\echo :SQLSTATE

-- What is refused
SELECT pv.grant_role('regress_role_nobody', 'owner');
\echo :SQLSTATE
SELECT pv.grant_role(0, 'owner');
\echo :SQLSTATE
SELECT pv.grant_role('regress_role_b', 'boss');
\echo :SQLSTATE
SELECT pv.grant_role(NULL, 'owner');
\echo :SQLSTATE
SELECT pv.grant_role('regress_role_b', NULL);
SELECT pv.revoke_role('regress_role_b', '');

-- A profile gives nobody the right to grant it on.
SELECT pv.grant_role('regress_role_b', 'owner');
SELECT pv.grant_role('regress_role_b', 'officer');
SET ROLE regress_role_b;
SELECT pv.grant_role('"regress_role A"', 'owner');
\echo :SQLSTATE
SELECT pv.revoke_role('regress_role_b', 'owner');
GRANT EXECUTE ON FUNCTION pv.release_hold(bigint, text) TO "regress_role A";
SELECT value FROM pv.secret;
\echo :SQLSTATE
RESET ROLE;
SELECT count(*) FROM role.may WHERE rolname = 'regress_role A' AND name = 'release_hold';

-- Whom the right to grant is given can, without being superuser.
GRANT EXECUTE ON FUNCTION pv.grant_role(regrole, text) TO regress_role_b;
SET ROLE regress_role_b;
SELECT pv.grant_role('"regress_role A"', 'application');
RESET ROLE;
SELECT CASE WHEN role LIKE 'regress%' THEN role END AS role, call FROM pv.event ORDER BY id;

-- A role that has been dropped is forgotten.
DROP OWNED BY "regress_role A";
DROP ROLE "regress_role A";
SELECT pv.revoke_role('regress_role_b', 'owner');
SELECT * FROM pv.role_profile ORDER BY 1, 2;
SELECT pv.revoke_role('regress_role_b', 'officer');
REVOKE EXECUTE ON FUNCTION pv.grant_role(regrole, text) FROM regress_role_b;

SET client_min_messages = warning;
DROP SCHEMA role CASCADE;
DROP ROLE regress_role_b;
