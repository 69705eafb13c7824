-- Every type that a column can have goes through the log and comes out as it was.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE TABLE sample (type text PRIMARY KEY, value text NOT NULL);
INSERT INTO sample VALUES
    ('aclitem', 'postgres=r/postgres'), ('bit', '1'), ('bool', 't'), ('box', '(1,1),(0,0)'), ('bpchar', 'a  '), ('bytea', '\x00ff5c'),
    ('char', 'x'), ('cid', '7'), ('cidr', '10.0.0.0/8'), ('circle', '<(1,2),3>'), ('date', '0044-03-15 BC'), ('float4', '0.1'),
    ('float8', '-Infinity'), ('inet', '::1/64'), ('int2', '-32768'), ('int2vector', '1 2 3'), ('int4', '2147483647'),
    ('int8', '-9223372036854775808'), ('interval', '-178000000 years'), ('json', '{"b":1,  "a":[null]}'), ('jsonb', '{"a": [1, 1e30], "b": null}'),
    ('jsonpath', '$."a"[*]?(@ > 1)'), ('line', '{1,2,3}'), ('lseg', '[(0,0),(1,1)]'), ('macaddr', '08:00:2b:01:02:03'),
    ('macaddr8', '08:00:2b:01:02:03:04:05'), ('money', '-$1.50'), ('name', 'Ünïcode "name"'), ('numeric', '12345678901234567890.00100'),
    ('oid', '4294967295'), ('oidvector', '1 2 4294967295'), ('path', '[(0,0),(1,1)]'), ('pg_lsn', 'FFFFFFFF/FFFFFFFF'),
    ('pg_snapshot', '1:3:2'), ('point', '(0.1,-0)'), ('polygon', '((0,0),(1,1),(1,0))'), ('refcursor', 'c'), ('regclass', 'pg_class'),
    ('regcollation', '"C"'), ('regconfig', 'simple'), ('regdictionary', 'simple'), ('regnamespace', 'pg_catalog'), ('regoper', '||/'),
    ('regoperator', '+(integer,integer)'), ('regproc', 'now'), ('regprocedure', 'abs(numeric)'), ('regrole', 'pg_monitor'), ('regtype', 'integer'),
    ('text', E'two\nlines, "quoted" \\ and ü€𝄞'), ('tid', '(4294967295,65535)'), ('time', '24:00:00'), ('timestamp', 'infinity'),
    ('timestamptz', '2000-01-01 00:00:00.000001+00'), ('timetz', '23:59:60+15:59'), ('tsquery', '''a'' & !''b'':*A'), ('tsvector', '''a'':1A,2 ''b'''),
    ('txid_snapshot', '1:3:2'), ('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('varbit', '10101'), ('varchar', ''), ('xid', '4294967295'),
    ('xid8', '18446744073709551615'), ('xml', '<a b="c">d</a>'), ('int4range', '[1,5)'), ('int8range', '(,0)'), ('numrange', '(1.10,2.2]'),
    ('tsrange', '["2000-01-01 00:00:00",infinity)'), ('tstzrange', 'empty'), ('daterange', '[2000-02-29,2000-03-01)'),
    ('int4multirange', '{[1,2),[5,7)}'), ('int8multirange', '{}'), ('nummultirange', '{(,1.0],[2,)}'), ('tsmultirange', '{["2000-01-01 00:00:00","2000-01-02 00:00:00")}'),
    ('tstzmultirange', '{["2000-01-01 00:00:00+00",)}'), ('datemultirange', '{[2000-02-29,2000-03-01)}');

-- None has been left out but those that nobody can write down: values of the catalogs, and of indexes.
SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typcategory <> 'Z'
    AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = pg_type.oid)
    AND typname NOT IN (SELECT type FROM sample) ORDER BY typname COLLATE "C";
SELECT type FROM sample WHERE NOT EXISTS (SELECT FROM pg_type WHERE typname = type AND typnamespace = 'pg_catalog'::regnamespace);
-- A column of each type and of each type's array, and rows of values and of NULLs;
-- what each of them says of itself is kept.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';
CREATE TABLE said (id int, name text, value text);
DO $$
DECLARE
    name text;
BEGIN
    EXECUTE (SELECT 'CREATE TABLE every (id int PRIMARY KEY, ' || string_agg(format('%I pg_catalog.%I, %I pg_catalog.%I[]', 't_' || type, type, 'a_' || type, type), ', ') || ')' FROM sample);
    PERFORM pv.enable_audit('every');
    EXECUTE (SELECT 'INSERT INTO every VALUES (1, ' || string_agg(format('%L, ARRAY[%L, NULL]::pg_catalog.%I[]', value, value, type), ', ')
        || '), (2' || repeat(', NULL, NULL', count(*)::int) || ')' FROM sample);
    FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'every'::regclass AND attnum > 1 LOOP
        EXECUTE format('INSERT INTO said SELECT id, %L, nullif(format(''%%s'', %I), '''') FROM every', name, name);
        EXECUTE format('UPDATE every SET %I = NULL', name);
    END LOOP;
    DELETE FROM every;
END $$;
DROP TABLE every;
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'iso_8601';
SET bytea_output = 'escape';
SET extra_float_digits = 0;
SET lc_monetary = 'C';
SET search_path = public;
CREATE FUNCTION shown(value jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT CASE value WHEN 'true' THEN 't' WHEN 'false' THEN 'f' ELSE nullif(value #>> '{}', '') END $$;
-- as they were inserted, updated and deleted: nothing differs
SELECT count(*) AS inserted, count(*) FILTER (WHERE shown(t.new -> s.name) IS DISTINCT FROM s.value) AS differ
FROM pv.audit_trail AS t JOIN said AS s ON s.id = (t.key ->> 'id')::int WHERE t.operation = 'INSERT';
SELECT count(*) AS updated, count(*) FILTER (WHERE shown(t.old -> s.name) IS DISTINCT FROM s.value OR t.new -> s.name <> 'null') AS differ
FROM pv.audit_trail AS t JOIN said AS s ON s.id = 1 AND t.old ? s.name WHERE t.operation = 'UPDATE';
SELECT count(*) AS deleted, count(*) FILTER (WHERE shown(t.old -> s.name) IS NOT NULL) AS differ
FROM pv.audit_trail AS t JOIN said AS s ON t.old ? s.name WHERE t.operation = 'DELETE';
SELECT s.name, s.value, t.new -> s.name AS on_record FROM pv.audit_trail AS t JOIN said AS s ON s.id = (t.key ->> 'id')::int
WHERE t.operation = 'INSERT' AND shown(t.new -> s.name) IS DISTINCT FROM s.value ORDER BY s.name COLLATE "C";
-- and the seals hold
SELECT pv.seal_audit() > 0 AS sealed;
SELECT * FROM pv.verify_audit();
