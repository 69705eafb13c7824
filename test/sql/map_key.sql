-- How a subject is named: keys as text and as typed values.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; CREATE EXTENSION citext; RESET client_min_messages;
CREATE SCHEMA key;
SET search_path = key, public;
\set SHOW_CONTEXT never


-- An integer key takes whatever equals it.
CREATE TABLE customer (id int PRIMARY KEY, name text);
INSERT INTO customer SELECT i, 'customer ' || i FROM generate_series(1, 20) i;
SELECT pv.declare_subject('customer') \g /dev/null
SELECT pv.declare_personal('customer', '{name}', 'identifying') \g /dev/null
SELECT key, state FROM pv.erase_subject('customer', '1');
SELECT key, state FROM pv.erase_subject('customer', ' 02 ');
SELECT key, state FROM pv.erase_subject('customer', 3);
SELECT key, state FROM pv.erase_subject('customer', 4::bigint);
SELECT key, state FROM pv.erase_subject('customer', 5::smallint);
SELECT key, state FROM pv.erase_subject('customer', 1.0 + 5);
SELECT key, state FROM pv.erase_subject('customer', '7'::varchar);
CREATE DOMAIN number AS int;
SELECT key, state FROM pv.erase_subject('customer', 8::number);
SELECT id FROM customer WHERE name IS NULL ORDER BY id;
-- The key that is kept is the row's own.
SELECT pv.place_hold('customer', ' +09 ', 'test') \g /dev/null
SELECT pv.place_hold('customer', 10.0, 'test') \g /dev/null
SELECT key FROM pv.hold ORDER BY id;
SELECT pv.erase_subject('customer', 99);
\echo :SQLSTATE
SELECT pv.erase_subject('customer', NULL::text);
\echo :SQLSTATE
SELECT pv.erase_subject('customer', NULL::int);
\set VERBOSITY sqlstate
SELECT pv.erase_subject('customer', 1.5);
SELECT pv.erase_subject('customer', 10000000000);
SELECT pv.erase_subject('customer', 'one');
SELECT pv.erase_subject('customer', '');
SELECT pv.erase_subject('customer', '(1)');
SELECT pv.erase_subject('customer', '1; DROP TABLE customer');
SELECT pv.erase_subject('customer', true);
SELECT pv.erase_subject('customer', ROW(1, 2));
SELECT pv.erase_subject('customer', '{1}'::int[]);
\set VERBOSITY default
SELECT pv.erase_subject(NULL, 1);
SELECT pv.erase_subject('pg_class', 1);
\echo :SQLSTATE
SELECT pv.preview_erasure('customer', 99);
\echo :SQLSTATE
SELECT pv.verify_erasure('customer', 99);
\echo :SQLSTATE
-- Only rows that meet the subject's condition are persons.
CREATE TABLE party (id int PRIMARY KEY, kind text, name text);
INSERT INTO party VALUES (1, 'person', 'Ann'), (2, 'company', 'Ann Ltd'), (3, NULL, 'Nobody knows');
SELECT pv.declare_subject('party', condition => 'kind = ''person''') \g /dev/null
SELECT pv.declare_personal('party', '{name}', 'x') \g /dev/null
SELECT pv.erase_subject('party', 2);
\echo :SQLSTATE
SELECT pv.erase_subject('party', 3);
SELECT key, state FROM pv.erase_subject('party', 1);
SELECT * FROM party ORDER BY id;

-- Composite keys: the row literal, in the order of the declared key
CREATE TABLE member (no int, club int, name text, PRIMARY KEY (club, no));
INSERT INTO member SELECT n, c, 'member' FROM generate_series(1, 50) n, generate_series(1, 50) c;
SELECT pv.declare_subject('member') \g /dev/null
SELECT pv.declare_personal('member', '{name}', 'x') \g /dev/null
SELECT key FROM pv.subject WHERE relation = 'member'::regclass;
SELECT state FROM pv.erase_subject('member', '(7,42)');
SELECT state FROM pv.erase_subject('member', '( 8 , 043 )');
SELECT state FROM pv.erase_subject('member', ROW(9, 44));
SELECT state FROM pv.erase_subject('member', ROW(10::bigint, '45'::text));
SELECT state FROM pv.erase_subject('member', '("11","46")');
SELECT club, no FROM member WHERE name IS NULL ORDER BY club;
SELECT pv.erase_subject('member', '7');
\echo :SQLSTATE
SELECT pv.erase_subject('member', '(7)');
SELECT pv.erase_subject('member', '(7,42,1)');
SELECT pv.erase_subject('member', '(7,)');
SELECT pv.erase_subject('member', ROW(7));
SELECT pv.erase_subject('member', ROW(7, NULL));
SELECT pv.erase_subject('member', ROW(7, 1, 2));
SELECT pv.erase_subject('member', 7);
SELECT pv.erase_subject('member', ROW(99, 1));
\echo :SQLSTATE
SELECT state FROM pv.erase_subjects('member', ARRAY['(1,1)', '(1,2)', '(2,1)', ROW(2, 2)::text]);
SELECT club, no FROM member WHERE name IS NULL AND club < 7 ORDER BY club, no;

-- Text of every kind in a composite key
CREATE TABLE passport (country char(3), number text, holder text, PRIMARY KEY (country, number));
INSERT INTO passport VALUES ('NL', 'a,b', 'Ann'), ('NLD', '("x"\)', 'Bob'), ('D', '', 'Cid'), ('D', ' ', 'Dan');
SELECT pv.declare_subject('passport') \g /dev/null
SELECT pv.declare_personal('passport', '{holder}', 'x') \g /dev/null
SELECT pv.place_hold('passport', ROW(country, number), holder) FROM passport ORDER BY holder \g /dev/null
SELECT key, reason FROM pv.hold WHERE key LIKE '(%' ORDER BY id;
SELECT pv.release_hold(id, 'over') FROM pv.hold WHERE released_at IS NULL \g /dev/null
SELECT state FROM pv.erase_subject('passport', '("NL ","a,b")');
SELECT state FROM pv.erase_subject('passport', '(NLD,"(""x""\\)")');
SELECT state FROM pv.erase_subject('passport', '(D,"")');
SELECT holder FROM passport WHERE holder IS NOT NULL;

-- uuid
CREATE TABLE account (id uuid PRIMARY KEY, name text);
INSERT INTO account SELECT ('00000000-0000-0000-0000-00000000000' || i)::uuid, 'Ann' FROM generate_series(1, 4) i;
SELECT pv.declare_subject('account') \g /dev/null
SELECT pv.declare_personal('account', '{name}', 'x') \g /dev/null
SELECT state FROM pv.erase_subject('account', '{00000000-0000-0000-0000-000000000001}');
SELECT state FROM pv.erase_subject('account', '00000000-0000-0000-0000-000000000002'::uuid);
SELECT state FROM pv.erase_subjects('account', ARRAY(SELECT id::text FROM account WHERE id::text LIKE '%3'));
SELECT right(id::text, 1) AS left_over FROM account WHERE name IS NOT NULL;
\set VERBOSITY sqlstate
SELECT pv.erase_subject('account', 'zero');
SELECT pv.erase_subject('account', 1);
\set VERBOSITY default

-- citext: whoever is equal, kept as the row has it
CREATE TABLE company (id citext PRIMARY KEY, contact text);
INSERT INTO company VALUES ('ALFKI', 'Maria'), ('Ánatr', 'Ana'), ('bolid', 'Martin');
SELECT pv.declare_subject('company') \g /dev/null
SELECT pv.declare_personal('company', '{contact}', 'x') \g /dev/null
SELECT pv.place_hold('company', 'alfki', 'test') \g /dev/null
SELECT key FROM pv.hold WHERE released_at IS NULL;
SELECT state, blocked_by[1] LIKE 'hold %' AS by_hold FROM pv.erase_subject('company', 'AlfKi');
SELECT state FROM pv.erase_subject('company', 'BOLID'::citext);
SELECT state FROM pv.erase_subject('company', 'BOLID'::text);
SELECT * FROM company ORDER BY id;
SELECT count(*) AS requests FROM pv.erasure WHERE subject = 'company'::regclass;

-- char(n), enum, timestamptz, bytea, a domain over a domain, and numeric
CREATE TYPE size AS ENUM ('small', 'big');
CREATE DOMAIN code AS varchar(8);
CREATE DOMAIN short_code AS code CHECK (length(VALUE) < 5);
CREATE TABLE oddity (c char(5) UNIQUE NOT NULL, e size UNIQUE NOT NULL, t timestamptz UNIQUE NOT NULL,
                     b bytea UNIQUE NOT NULL, d short_code UNIQUE NOT NULL, n numeric UNIQUE NOT NULL, name text);
INSERT INTO oddity VALUES ('AB', 'small', '2020-01-01 12:00+00', '\x00ff', 'x1', 1.50, 'Ann');
CREATE FUNCTION erase_by(col name, key text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    UPDATE key.oddity SET name = 'Ann';
    PERFORM pv.declare_subject('key.oddity', ARRAY[col]);
    PERFORM pv.declare_personal('key.oddity', '{name}', 'x');
    SELECT state INTO result FROM pv.erase_subject('key.oddity', key);
    RETURN result || coalesce(', still ' || (SELECT name FROM key.oddity), '');
END $$;
SELECT erase_by('c', 'AB'), erase_by('c', 'AB   ');
SELECT erase_by('e', 'small');
\set VERBOSITY sqlstate
SELECT erase_by('e', 'huge');
\set VERBOSITY default
SELECT erase_by('t', '2020-01-01 12:00Z'), erase_by('b', '\x00ff');
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
SELECT erase_by('t', '2020-01-01 21:00+09'), erase_by('t', '2020-01-01T12:00:00Z');
SET bytea_output = 'escape';
SELECT erase_by('b', '\x00FF'), erase_by('b', '\000\377');
SELECT erase_by('d', 'x1'), erase_by('n', '1.5'), erase_by('n', '1.50000');
SELECT count(DISTINCT former_digest) AS digests FROM pv.erasure WHERE subject = 'oddity'::regclass;
SELECT pv.place_hold('oddity', 1.500, 'test') \g /dev/null
SELECT key FROM pv.hold ORDER BY id DESC LIMIT 1;

-- A session's own operators and settings change nothing.
CREATE SCHEMA evil;
CREATE FUNCTION evil.yes(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.yes);
SET search_path = evil, pg_catalog, key;
SET transform_null_equals = on;
SELECT state FROM pv.erase_subject('customer', 11);
RESET search_path;
SELECT array_agg(id ORDER BY id) FROM key.customer WHERE name IS NULL;

SET client_min_messages = warning;
DROP SCHEMA key, evil CASCADE;
