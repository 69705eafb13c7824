-- What the reference says of functions, relations, types, settings and profiles, as JSON;
-- for doc/reference/generate. Nothing of it stays in the database.
LOAD 'pvext';
BEGIN;
SET LOCAL search_path = pg_catalog;
SET LOCAL client_min_messages = warning;
CREATE ROLE pvext_owner;
CREATE ROLE pvext_application;
CREATE ROLE pvext_officer;
CREATE ROLE pvext_auditor;
CREATE TEMPORARY TABLE profile (name text, role regrole);
INSERT INTO profile
    SELECT p, CAST('pvext_' || p AS regrole) FROM unnest(ARRAY['owner', 'application', 'officer', 'auditor']) AS p;
DO $$ BEGIN PERFORM pv.grant_role(p.role, p.name) FROM pg_temp.profile AS p; END $$;

SELECT json_build_object(
    'functions', (
        SELECT json_agg(json_build_object(
                   'name', p.proname,
                   'arguments', pg_get_function_arguments(p.oid),
                   'returns', CASE WHEN p.prokind = 'f' AND p.prorettype <> CAST('void' AS regtype) THEN pg_get_function_result(p.oid) END,
                   'procedure', p.prokind = 'p',
                   'kind', concat_ws(', ', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END,
                                     CASE WHEN p.proparallel = 's' AND p.provolatile <> 'v' THEN 'parallel safe' END),
                   'comment', obj_description(p.oid, 'pg_proc'),
                   'public', EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee = 0),
                   'profiles', ARRAY(SELECT r.name FROM pg_temp.profile AS r WHERE has_function_privilege(CAST(r.role AS oid), p.oid, 'EXECUTE')))
                   ORDER BY p.proname, p.oid)
        FROM pg_proc AS p WHERE p.pronamespace = CAST('pv' AS regnamespace)),
    'relations', (
        SELECT json_agg(json_build_object(
                   'name', c.relname,
                   'type', c.relkind = 'c',
                   'comment', coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type')),
                   'profiles', ARRAY(SELECT r.name FROM pg_temp.profile AS r WHERE has_table_privilege(CAST(r.role AS oid), c.oid, 'SELECT')),
                   'columns', (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                                                 'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
                               FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
                   ORDER BY c.relname)
        FROM pg_class AS c
        WHERE c.relnamespace = CAST('pv' AS regnamespace) AND NOT c.relispartition
              AND (c.relkind IN ('r', 'v', 'p', 'm') OR c.relkind = 'c')),
    'enums', (
        SELECT json_agg(json_build_object(
                   'name', t.typname,
                   'comment', obj_description(t.oid, 'pg_type'),
                   'values', ARRAY(SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder))
                   ORDER BY t.typname)
        FROM pg_type AS t WHERE t.typnamespace = CAST('pv' AS regnamespace) AND t.typtype = 'e'),
    'settings', (
        SELECT json_agg(json_build_object('name', s.name, 'default', s.boot_val, 'unit', s.unit, 'type', s.vartype, 'context', s.context,
                                          'comment', concat_ws(' ', s.short_desc, s.extra_desc)) ORDER BY s.name)
        FROM pg_settings AS s WHERE s.name LIKE 'pvext.%'));
ROLLBACK;
