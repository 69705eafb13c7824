-- What auto makes of each kind of type, where NULL is not allowed and where values must
-- differ; what it cannot find it says how to write. An erasure then takes the value, tells
-- so, and does nothing more when it is asked for again.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION citext;
CREATE EXTENSION cube;
CREATE EXTENSION btree_gist;
CREATE SCHEMA types;
SET search_path = types, public;
SET lc_messages = 'C';
SET pvext.erasure_limit = 0;

CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE address AS (street text, zip int, at point);
CREATE TYPE deep AS (home address, tags text[]);
CREATE DOMAIN filled AS text NOT NULL;
CREATE TYPE strict AS (street filled, zip int);
CREATE DOMAIN home AS address CHECK ((VALUE).street IS NOT NULL);
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) > 0);
CREATE DOMAIN span AS tstzrange;
CREATE DOMAIN doc AS jsonb CHECK (jsonb_typeof(VALUE) = 'object');
CREATE DOMAIN code AS text CHECK (VALUE ~ '^[0-9]{5}$');

CREATE TABLE kind (n int GENERATED ALWAYS AS IDENTITY, type text, value text, checks text DEFAULT '');
INSERT INTO kind (type, value) VALUES
    ('address', $$ROW('Main St', 12345, '(1,2)')$$), ('deep', $$ROW(ROW('Main St', 1, NULL), '{a}')$$),
    ('strict', $$ROW('Main St', 1)$$), ('home', $$ROW('Main St', 1, NULL)$$),
    ('text[]', $$'{a,b}'$$), ('address[]', $$ARRAY[ROW('Main St', 1, NULL)]::address[]$$), ('mood[]', $$'{glad}'$$),
    ('code[]', $$'{12345}'$$), ('tags', $$'{a}'$$), ('int[]', $$'{1}'$$), ('hstore', $$'a=>1'$$), ('ltree', $$'Top.Me'$$),
    ('ltree[]', $$'{Top.Me}'$$), ('citext', $$'Me'$$), ('cube', $$'(1,2)'$$), ('xml', $$'<a>me</a>'$$),
    ('tsvector', $$'me:1'$$), ('tsquery', $$'me'$$), ('int4range', $$'[1,5)'$$), ('tstzrange', $$'[2020-01-01,2020-02-01)'$$),
    ('span', $$'[2020-01-01,2020-02-01)'$$), ('int4multirange', $$'{[1,5)}'$$), ('point', $$'(1,2)'$$),
    ('polygon', $$'((0,0),(1,1),(1,0))'$$), ('box', $$'(1,1),(2,2)'$$), ('circle', $$'<(1,1),2>'$$), ('path', $$'[(0,0),(1,1)]'$$),
    ('line', $$'{1,2,3}'$$), ('lseg', $$'[(0,0),(1,1)]'$$), ('inet', $$'10.1.2.3'$$), ('cidr', $$'10.0.0.0/8'$$),
    ('macaddr', $$'01:02:03:04:05:06'$$), ('macaddr8', $$'01:02:03:04:05:06:07:08'$$), ('bit', $$'1'$$), ('bit(4)', $$'1010'$$),
    ('varbit(3)', $$'101'$$), ('money', $$'12.34'$$), ('interval', $$'3 days'$$), ('time', $$'10:00'$$), ('date', $$'1980-02-03'$$),
    ('timestamp', $$'1980-02-03'$$), ('timestamptz', $$'1980-02-03'$$), ('bytea', $$'me'$$),
    ('uuid', $$'11111111-1111-1111-1111-111111111111'$$), ('json', $$'{"a":"me"}'$$), ('jsonb', $$'{"a":"me"}'$$),
    ('doc', $$'{"a":"me"}'$$), ('jsonpath', $$'$.me'$$), ('xid', $$'77'$$), ('xid8', $$'77'$$), ('tid', $$'(0,7)'$$), ('oid', $$'77'$$),
    ('"char"', $$'m'$$), ('name', $$'me'$$), ('bool', $$'t'$$), ('mood', $$'glad'$$), ('float8', $$'1.5'$$),
    ('numeric(3,2)', $$'1.5'$$), ('int', $$'5'$$), ('pg_lsn', $$'0/16'$$);
INSERT INTO kind (type, value, checks) VALUES
    ('text', $$'a@b.c'$$, $$CHECK (c ~ '@')$$), ('text', $$'DE'$$, 'CHECK (char_length(c) = 2)'), ('text', $$'me'$$, $$CHECK (c <> '')$$),
    ('text', $$'+49123'$$, $$CHECK (c ~ '^\+?[0-9]+$')$$), ('text', $$'DE89370400440532013000'$$, $$CHECK (c ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{4,30}$')$$),
    ('text', $$'1980-02-03'$$, $$CHECK (c ~ '^\d{4}-\d{2}-\d{2}$')$$), ('text[]', $$'{a}'$$, 'CHECK (cardinality(c) > 0)'),
    ('hstore', $$'a=>1'$$, $$CHECK (c ? 'a')$$), ('jsonb', $$'{"a":1}'$$, $$CHECK (c ? 'a')$$),
    ('tstzrange', $$'[2020-01-01,2020-02-01)'$$, 'CHECK (NOT isempty(c))'), ('tstzrange', $$'[2020-01-01,2020-02-01)'$$, 'CHECK (lower(c) IS NOT NULL)'),
    ('address', $$ROW('Main St', 1, NULL)$$, 'CHECK ((c).street IS NOT NULL)'), ('bytea', $$'\x01020304'$$, 'CHECK (length(c) = 4)'),
    ('bytea', $$sha256('me')$$, 'CHECK (length(c) = 32)'), ('inet', $$'2001:db8::1'$$, 'CHECK (family(c) = 6)'), ('polygon', $$'((0,0),(1,1),(1,0))'$$, 'CHECK (npoints(c) > 2)'),
    ('ltree', $$'Top.Me'$$, 'CHECK (nlevel(c) > 0)'), ('date', $$'2015-01-01'$$, $$CHECK (c > '2010-01-01')$$),
    ('int', $$'1980'$$, 'CHECK (c BETWEEN 1900 AND 2100)'), ('text', $$'glad'$$, $$CHECK (c IN ('sad', 'glad'))$$),
    ('tstzrange', $$'[2020-01-01,2020-02-01)'$$, 'EXCLUDE USING gist (c WITH &&)'),
    ('int4multirange', $$'{[1,5)}'$$, 'EXCLUDE USING gist (c WITH &&)'), ('point', $$'(1,2)'$$, 'EXCLUDE USING gist (c WITH ~=)');

CREATE TABLE result (n int, column_is text, strategy text, argument text, said text, now text, fault text);

-- A table for a kind: its value goes, nothing of it is left, and nobody else's row changes.
CREATE FUNCTION try_kind(k kind, column_is text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t text := format('types.t_%s', k.n) || CASE column_is WHEN 'NOT NULL' THEN '' WHEN 'NULL' THEN '_null' ELSE '_unique' END;
    r result;
    old text;
    other text;
BEGIN
    r.n := k.n;
    r.column_is := column_is;
    BEGIN
        EXECUTE format('CREATE TABLE %s (id int PRIMARY KEY, c %s %s%s)', t, k.type, column_is,
                       CASE WHEN k.checks <> '' THEN ', ' || k.checks ELSE '' END);
    EXCEPTION WHEN undefined_object THEN
        RETURN;
    END;
    BEGIN
        EXECUTE format('INSERT INTO %s VALUES (1, %s) RETURNING c::text', t, k.value) INTO old;
        PERFORM pv.declare_subject(t::regclass);
        PERFORM pv.declare_personal(t::regclass, '{c}', 'x');
        SELECT p.strategy, d.argument INTO r.strategy, r.argument FROM pv.personal p JOIN pv.relation x ON x.relation = p.relation
        JOIN pv.declared_personal d ON d.relation_id = x.id WHERE p.relation = t::regclass;
        PERFORM pv.erase_subject(t::regclass, 1);
        EXECUTE format('SELECT c::text FROM %s WHERE id = 1', t) INTO r.now;
        EXECUTE format('SELECT string_agg(v::text, '' '') FROM pv.verify_erasure(%L, 1) AS v', t) INTO r.fault;
        PERFORM pv.erase_subject(t::regclass, 1);
        EXECUTE format('SELECT c::text FROM %s WHERE id = 1', t) INTO other;
        IF other IS DISTINCT FROM r.now THEN
            r.fault := concat_ws('; ', r.fault, 'changed when erased again');
        END IF;
        IF r.now = old THEN
            r.fault := concat_ws('; ', r.fault, 'is what it was');
        END IF;
    EXCEPTION WHEN invalid_parameter_value THEN
        GET STACKED DIAGNOSTICS r.said = PG_EXCEPTION_HINT, other = PG_EXCEPTION_DETAIL;
        r.said := concat_ws(' ', NULLIF(other, ''), r.said);
    END;
    IF r.strategy = 'token' THEN
        r.now := regexp_replace(r.now, '(?<=e7a5ed00|erased"=>"|erased": "|erased[-.]|::|e6:a5:(ed:00:)?|^-|XX0|\+00000)[-0-9a-zA-Z:]+', '*');
    END IF;
    INSERT INTO types.result SELECT r.*;
END $$;
SELECT count(try_kind(k, s)) > 0 FROM kind AS k, unnest(ARRAY['NULL', 'NOT NULL', 'NOT NULL UNIQUE']) AS s;

\pset format unaligned
-- NULL wherever it is allowed
SELECT k.type, k.checks, r.strategy, r.argument, r.said, r.now FROM result r JOIN kind k USING (n)
WHERE column_is = 'NULL' AND (strategy, now IS NULL) IS DISTINCT FROM ('null', true) ORDER BY n;
SELECT k.type, k.checks, r.strategy, r.argument, r.said, r.now FROM result r JOIN kind k USING (n)
WHERE column_is = 'NOT NULL' ORDER BY n;
SELECT k.type, k.checks, r.strategy, r.argument, r.said, r.now FROM result r JOIN kind k USING (n)
WHERE column_is = 'NOT NULL UNIQUE' ORDER BY n;
SELECT k.type, k.checks, r.* FROM result r JOIN kind k USING (n) WHERE fault IS NOT NULL;

\pset format aligned

-- pseudonyms of types that are no strings
CREATE TABLE alias (id int PRIMARY KEY, b bytea UNIQUE, j jsonb UNIQUE, a text[] UNIQUE, h hstore UNIQUE, l ltree UNIQUE,
    i inet UNIQUE, m macaddr UNIQUE, m8 macaddr8 UNIQUE);
INSERT INTO alias SELECT n, n::text::bytea, to_jsonb(n), ARRAY[n::text], hstore('n', n::text), n::text::ltree,
    '10.0.0.0'::inet + n, ('01:02:03:04:05:0' || n)::macaddr, ('01:02:03:04:05:06:07:0' || n)::macaddr8 FROM generate_series(1, 2) n;
SELECT pv.declare_subject('alias');
SELECT pv.declare_personal('alias', '{b,j,a,h,l,i,m,m8}', 'x', erase_with => 'pseudonym');
SELECT state FROM pv.erase_subject('alias', 1);
CREATE TABLE once AS SELECT * FROM alias WHERE id = 1;
SELECT state FROM pv.erase_subject('alias', 1);
SELECT count(*) FROM alias JOIN once USING (b, j, a, h, l, i, m, m8);
SELECT * FROM pv.verify_erasure('alias', 1);
SELECT * FROM alias WHERE id = 2;
SELECT b::text LIKE '\\xb5e0d000%' AS b, j ? 'pseudonym' AS j, a::text LIKE '{pseudonym-%' AS a, h ? 'pseudonym' AS h,
    l <@ 'pseudonym' AS l, i <<= 'fdb5:e0d0::/64' AS i, m::text LIKE 'b6:e0:%' AS m, m8::text LIKE 'b6:e0:ed:00:%' AS m8
FROM alias WHERE id = 1;
SELECT pv.declare_personal('alias', '{b}', 'x', erase_with => 'token', parameter => 'x%s');
SELECT pv.declare_personal('alias', '{j}', 'x', erase_with => 'token', parameter => '{"gone":"%s"}');
SELECT pv.declare_personal('alias', '{j}', 'x', erase_with => 'token', parameter => '{"gone": "%s"}');
SELECT pv.declare_personal('alias', '{i}', 'x', erase_with => 'token', parameter => 'x%s');
SELECT pv.declare_personal('alias', '{i}', 'x', erase_with => 'constant', parameter => '::');
SELECT relation, column_name, problem FROM pv.check_map() WHERE severity = 'error';

SET client_min_messages = warning;
DROP SCHEMA types CASCADE;
DROP EXTENSION pvext;
DROP EXTENSION hstore, ltree, citext, cube, btree_gist;
