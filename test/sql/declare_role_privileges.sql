-- What each profile may do, to the last function, and that PUBLIC may do nothing
-- but compute.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE ROLE regress_nobody;
CREATE ROLE regress_owner;
CREATE ROLE regress_application;
CREATE ROLE regress_officer;
CREATE ROLE regress_auditor;
SELECT pv.grant_role('regress_owner', 'owner');
SELECT pv.grant_role('regress_application', 'application');
SELECT pv.grant_role('regress_officer', 'officer');
SELECT pv.grant_role('regress_auditor', 'auditor');
CREATE TABLE public.customer (id int PRIMARY KEY, name text);
INSERT INTO public.customer SELECT i, 'Name ' || i FROM generate_series(1, 3) AS i;
SELECT pv.declare_subject('customer');
SELECT pv.declare_personal('customer', '{name}', 'contact');

-- Functions and procedures.
CREATE VIEW public.profile AS
    SELECT p.n, 'regress_' || p.name AS role, p.name
    FROM unnest('{nobody,owner,application,officer,auditor}'::text[]) WITH ORDINALITY AS p(name, n);
GRANT SELECT ON public.profile TO PUBLIC;
SELECT f.oid::regprocedure AS function,
       string_agg(p.name, ' ' ORDER BY p.n) FILTER (WHERE has_function_privilege(p.role, f.oid, 'EXECUTE')) AS profiles
FROM pg_proc AS f, public.profile AS p
WHERE f.pronamespace = 'pv'::regnamespace
GROUP BY f.oid ORDER BY f.oid::regprocedure::text COLLATE "C";
-- Relations: what can be read, and that nothing can be written.
SELECT c.relname, string_agg(p.name, ' ' ORDER BY p.n) AS read_by
FROM pg_class AS c, public.profile AS p
WHERE c.relnamespace = 'pv'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
    AND has_any_column_privilege(p.role, c.oid, 'SELECT')
GROUP BY c.relname ORDER BY c.relname COLLATE "C";
SELECT c.relname, p.name
FROM pg_class AS c, public.profile AS p
WHERE c.relnamespace = 'pv'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
    AND (has_table_privilege(p.role, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
         OR has_any_column_privilege(p.role, c.oid, 'INSERT, UPDATE, REFERENCES'));
SELECT c.relname, p.name
FROM pg_class AS c, public.profile AS p
WHERE c.relnamespace = 'pv'::regnamespace AND c.relkind = 'S'
    AND has_sequence_privilege(p.role, c.oid, 'USAGE, SELECT, UPDATE');
SELECT p.name, has_schema_privilege(p.role, 'pv', 'USAGE') AS usage, has_schema_privilege(p.role, 'pv', 'CREATE') AS create
FROM public.profile AS p ORDER BY p.n;
-- Nothing of pvext runs with the rights of its definer, but what it does in C.
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'pv'::regnamespace AND prosecdef;

-- The same, tried: each function with NULLs (not as constants, or the call of a
-- strict function would be left out, and with it the check of the privilege),
-- each relation read, each table written.
CREATE FUNCTION public.allowed(call text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE call;
        RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
    EXCEPTION
        WHEN insufficient_privilege THEN RETURN false;
        WHEN others THEN RETURN true;
    END;
END $$;
CREATE FUNCTION public.trial() RETURNS TABLE (what text, mismatch text) LANGUAGE plpgsql AS $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT p.oid, p.proname, CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END AS verb, has_function_privilege(p.oid, 'EXECUTE') AS may,
                    (SELECT coalesce(string_agg(format(CASE p.prokind WHEN 'p' THEN 'NULL::%s' ELSE '(SELECT NULL::%s)' END, CASE a.t WHEN 'anyelement'::regtype THEN 'int' ELSE a.t::regtype::text END), ', ' ORDER BY a.n), '')
                     FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(t, n)) AS args
             FROM pg_proc AS p WHERE p.pronamespace = 'pv'::regnamespace LOOP
        IF public.allowed(format('%s pv.%I(%s)', f.verb, f.proname, f.args)) <> f.may THEN
            what := f.oid::regprocedure; mismatch := CASE WHEN f.may THEN 'refused' ELSE 'allowed' END;
            RETURN NEXT;
        END IF;
    END LOOP;
    FOR f IN SELECT c.relname, c.relkind, has_any_column_privilege(c.oid, 'SELECT') AS may
             FROM pg_class AS c WHERE c.relnamespace = 'pv'::regnamespace AND c.relkind IN ('r', 'v') LOOP
        IF public.allowed(format('SELECT * FROM pv.%I', f.relname)) <> f.may THEN
            what := f.relname; mismatch := CASE WHEN f.may THEN 'not read' ELSE 'read' END;
            RETURN NEXT;
        END IF;
        IF f.relkind = 'r' AND (public.allowed(format('DELETE FROM pv.%I', f.relname))
                                OR public.allowed(format('INSERT INTO pv.%I DEFAULT VALUES', f.relname))
                                OR public.allowed(format('TRUNCATE pv.%I CASCADE', f.relname))
                                OR public.allowed(format('LOCK TABLE pv.%I IN ROW EXCLUSIVE MODE', f.relname))
                                OR public.allowed(format('DROP TABLE pv.%I', f.relname))) THEN
            what := f.relname; mismatch := 'written';
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
SET ROLE regress_nobody;
SELECT * FROM public.trial();
SET ROLE regress_owner;
SELECT * FROM public.trial();
SET ROLE regress_application;
SELECT * FROM public.trial();
SET ROLE regress_officer;
SELECT * FROM public.trial();
SET ROLE regress_auditor;
SELECT * FROM public.trial();

-- An application erases on tables that it cannot read, and sees no value.
SET ROLE regress_application;
SELECT * FROM public.customer;
SELECT state FROM pv.erase_subject('public.customer', 1);
SELECT relation, column_name, rows FROM pv.preview_erasure('public.customer', 2);
SELECT * FROM pv.verify_erasure('public.customer', 1);
SELECT * FROM pv.erasure;
SELECT value FROM pv.secret;
SELECT pv.place_hold('public.customer', 2, 'none of its business');
SELECT pv.declare_subject('public.customer');
SELECT pv.grant_role('regress_application', 'officer');
SELECT pv.map_changed();
SELECT pv.ddl_command_end();
-- What limits it, it cannot set.
SET pvext.erasure_limit = 0;
SET pvext.erasure_delay = 0;
SET pvext.erasure_approvals = 0;
SET pvext.unblock_delay = 0;
SET pvext.strict_ddl = on;
SET pvext.secret_file = '/etc/passwd';
SELECT public.allowed('SHOW pvext.secret_file');
CREATE FUNCTION pv.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()';
CREATE TABLE pv.mine (i int);
ALTER FUNCTION pv.check_map() SECURITY DEFINER;
GRANT EXECUTE ON FUNCTION pv.check_map() TO PUBLIC;
DROP EXTENSION pvext;

-- An officer and an auditor declare nothing; nobody reads the secret.
SET ROLE regress_officer;
SELECT value FROM pv.secret;
SELECT pv.declare_blocker('public.customer', 'b', 'true', 'r');
SELECT pv.declare_purpose('billing', 'contract', 'bills');
SELECT count(*) FROM pv.erasure;
SELECT count(*) > 0 AS recorded FROM pv.event;
SET ROLE regress_auditor;
SELECT value FROM pv.secret;
SELECT pv.declare_purpose('more', 'contract', 'bills');
SELECT state FROM pv.erase_subject('public.customer', 2);
SELECT pv.approve_erasure('00000000-0000-0000-0000-000000000000');
SELECT count(*) FROM pv.erasure;
-- An owner declares on its own tables only.
SET ROLE regress_owner;
SELECT value FROM pv.secret;
SELECT pv.declare_not_personal('public.customer', '{id}');
SELECT pv.declare_purpose('more', 'contract', 'bills');
SELECT state FROM pv.erase_subject('public.customer', 2);
RESET ROLE;

-- Taken away again, nothing is left.
SELECT pv.revoke_role('regress_owner', 'owner');
SELECT pv.revoke_role('regress_application', 'application');
SELECT pv.revoke_role('regress_officer', 'officer');
SELECT pv.revoke_role('regress_auditor', 'auditor');
SELECT f.oid::regprocedure AS function, p.name
FROM pg_proc AS f, public.profile AS p
WHERE f.pronamespace = 'pv'::regnamespace AND has_function_privilege(p.role, f.oid, 'EXECUTE') AND NOT has_function_privilege('regress_nobody', f.oid, 'EXECUTE');
SELECT c.relname, p.name
FROM pg_class AS c, public.profile AS p
WHERE c.relnamespace = 'pv'::regnamespace AND c.relkind IN ('r', 'v') AND has_any_column_privilege(p.role, c.oid, 'SELECT');

DROP EXTENSION pvext;
DROP ROLE regress_nobody, regress_owner, regress_application, regress_officer, regress_auditor;
