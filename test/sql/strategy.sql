-- What becomes of a value: which strategy fits which column, which is refused,
-- and what auto finds. (What the strategies do to values is in the erasure tests.)
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE EXTENSION citext;
RESET client_min_messages;
CREATE SCHEMA strategy;
SET search_path = strategy, public;
SET lc_messages = 'C';

CREATE VIEW found AS
    SELECT column_name, strategy, argument FROM pv.declared_personal d
    JOIN pv.relation r ON r.id = d.relation_id
    JOIN pg_attribute a ON a.attrelid = r.relation AND a.attname = d.column_name
    ORDER BY r.relation::text, a.attnum;

-- null and default
CREATE DOMAIN filled AS text NOT NULL;
CREATE TABLE person (
    id int PRIMARY KEY,
    name text,
    mail text NOT NULL,
    nick text DEFAULT 'nobody' NOT NULL,
    made timestamptz DEFAULT now() NOT NULL,
    dom filled,
    tag varchar(5) DEFAULT 'x',
    partner text,
    CHECK (partner IS NULL OR partner <> 'x')
);
INSERT INTO person VALUES (1, 'Maria', 'm@x', 'mia', now(), 'd', 'abc', NULL),
                          (2, 'Ana', 'a@x', 'ann', now(), 'e', 'def', 'b');
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{name}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('person', '{mail}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('person', '{dom}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('person', '{nick}', 'contact', erase_with => 'default');
SELECT pv.declare_personal('person', '{made}', 'contact', erase_with => 'default');
SELECT pv.declare_personal('person', '{mail}', 'contact', erase_with => 'default');
SELECT pv.declare_personal('person', '{partner}', 'contact', erase_with => 'default');
SELECT pv.declare_personal('person', '{id}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('person', '{name}', 'contact', erase_with => 'nothing');
SELECT pv.declare_personal('person', '{name}', 'contact', erase_with => 'null', parameter => 'x');
SELECT pv.declare_personal('person', '{name}', 'contact', parameter => 'x');
SELECT * FROM found;
SELECT pv.undeclare_personal('person');

-- constant
SELECT pv.declare_personal('person', '{mail}', 'contact', erase_with => 'constant', parameter => 'gone');
SELECT pv.declare_personal('person', '{tag}', 'contact', erase_with => 'constant', parameter => 'gone for ever');
SELECT pv.declare_personal('person', '{tag}', 'contact', erase_with => 'constant', parameter => 'gone ');
SELECT pv.declare_personal('person', '{partner}', 'contact', erase_with => 'constant', parameter => 'x');
SELECT pv.declare_personal('person', '{made}', 'contact', erase_with => 'constant', parameter => 'yesteryear');
SELECT pv.declare_personal('person', '{made}', 'contact', erase_with => 'constant');
SELECT pv.declare_personal('person', '{id}', 'contact', erase_with => 'constant', parameter => '0');
SELECT * FROM found;
SELECT pv.undeclare_personal('person');

CREATE TABLE fitting (
    id int PRIMARY KEY,
    amount numeric(5,2),
    code char(5) NOT NULL,
    flags bit(3) NOT NULL,
    names varchar(3)[] NOT NULL,
    at timestamp(0) NOT NULL
);
SELECT pv.declare_subject('fitting');
SELECT pv.declare_personal('fitting', '{amount}', 'x', erase_with => 'constant', parameter => '1.234');
SELECT pv.declare_personal('fitting', '{amount}', 'x', erase_with => 'constant', parameter => '1.2');
SELECT pv.declare_personal('fitting', '{code}', 'x', erase_with => 'constant', parameter => 'ab');
SELECT pv.declare_personal('fitting', '{code}', 'x', erase_with => 'constant', parameter => 'abcdefg');
SELECT pv.declare_personal('fitting', '{flags}', 'x', erase_with => 'constant', parameter => '10101');
SELECT pv.declare_personal('fitting', '{flags}', 'x', erase_with => 'constant', parameter => '101');
SELECT pv.declare_personal('fitting', '{names}', 'x', erase_with => 'constant', parameter => '{abcd}');
SELECT pv.declare_personal('fitting', '{names}', 'x', erase_with => 'constant', parameter => '{abc}');
SELECT pv.declare_personal('fitting', '{at}', 'x', erase_with => 'constant', parameter => '2000-01-01 00:00:00.7');
SELECT * FROM found;
SELECT pv.undeclare_personal('fitting');

-- unique and exclusion constraints, also partial ones, over expressions, over
-- several columns, and through generated columns
CREATE TABLE keys (
    id int PRIMARY KEY,
    a text UNIQUE,
    b text NOT NULL,
    c text NOT NULL,
    d text NOT NULL,
    e text NOT NULL,
    f text,
    g text NOT NULL,
    h text GENERATED ALWAYS AS (lower(g)) STORED UNIQUE,
    i date NOT NULL UNIQUE,
    j int4range NOT NULL,
    k text UNIQUE NULLS NOT DISTINCT,
    EXCLUDE USING gist (j WITH &&)
);
CREATE UNIQUE INDEX ON keys (b, c);
CREATE UNIQUE INDEX ON keys (lower(d));
CREATE UNIQUE INDEX ON keys (id) WHERE e = 'active';
CREATE UNIQUE INDEX ON keys (coalesce(f, 'none'));
SELECT pv.declare_subject('keys');
SELECT pv.declare_personal('keys', '{a}', 'x', erase_with => 'constant', parameter => 'x');
SELECT pv.declare_personal('keys', '{b}', 'x', erase_with => 'constant', parameter => 'x');
SELECT pv.declare_personal('keys', '{d}', 'x', erase_with => 'generalise', parameter => '2');
SELECT pv.declare_personal('keys', '{e}', 'x', erase_with => 'redact');
SELECT pv.declare_personal('keys', '{g}', 'x', erase_with => 'constant', parameter => 'x');
SELECT pv.declare_personal('keys', '{j}', 'x', erase_with => 'constant', parameter => '[1,5)');
SELECT pv.declare_personal('keys', '{j}', 'x', erase_with => 'constant', parameter => 'empty');
SELECT pv.declare_personal('keys', '{k}', 'x', erase_with => 'null');
SELECT pv.declare_personal('keys', '{i}', 'x');
SELECT pv.declare_personal('keys', '{j}', 'x');
INSERT INTO keys VALUES (1, 'a', 'b', 'c', 'd', 'e', 'f', 'g', DEFAULT, '2020-01-01', '[1,2)', 'k');
SELECT pv.declare_personal('keys', '{f}', 'x', erase_with => 'null');
SELECT pv.declare_personal('keys', '{a,b,c,d,e,f,g,k}', 'x');
SELECT * FROM found;
SELECT pv.undeclare_personal('keys');

-- generated and identity columns
CREATE TABLE made (
    id int PRIMARY KEY,
    first text, last text,
    whole text GENERATED ALWAYS AS (first || ' ' || last) STORED,
    n int GENERATED ALWAYS AS IDENTITY,
    short varchar(4) GENERATED ALWAYS AS (last) STORED NOT NULL
);
SELECT pv.declare_subject('made');
SELECT pv.declare_personal('made', '{whole}', 'x');
SELECT pv.declare_personal('made', '{n}', 'x');
INSERT INTO made (id, first, last) VALUES (1, 'Ann', 'Bee');
SELECT pv.declare_personal('made', '{last}', 'x', erase_with => 'null');
SELECT pv.declare_personal('made', '{last}', 'x', erase_with => 'constant', parameter => 'too long');
SELECT pv.declare_personal('made', '{first,last}', 'x');
SELECT * FROM found;
SELECT pv.undeclare_personal('made');

-- token and pseudonym: format, room, what looks like one already
CREATE DOMAIN short AS varchar(8);
CREATE DOMAIN shorter AS short CHECK (length(VALUE) <= 8);
CREATE TABLE tokens (
    id bigint PRIMARY KEY,
    a text NOT NULL UNIQUE,
    b varchar(2) NOT NULL UNIQUE,
    c varchar(5) NOT NULL UNIQUE,
    d char(20) NOT NULL UNIQUE,
    e citext NOT NULL UNIQUE,
    f shorter NOT NULL UNIQUE,
    g uuid NOT NULL UNIQUE,
    h smallint NOT NULL UNIQUE,
    i numeric(12,2) NOT NULL UNIQUE,
    j numeric(3,2) NOT NULL UNIQUE,
    k date NOT NULL UNIQUE,
    l text NOT NULL UNIQUE CHECK (l ~ '^[^@]+@[^@]+\.[a-z]+$'),
    m text NOT NULL UNIQUE CHECK (m ~ '^\+?[0-9]+$'),
    n varchar(30) NOT NULL UNIQUE,
    o name NOT NULL UNIQUE
);
SELECT pv.declare_subject('tokens');
SELECT pv.declare_personal('tokens', '{a}', 'x', erase_with => 'token', parameter => 'no conversion');
SELECT pv.declare_personal('tokens', '{a}', 'x', erase_with => 'token', parameter => '%s and %s');
SELECT pv.declare_personal('tokens', '{a}', 'x', erase_with => 'token', parameter => '100%% %s');
SELECT pv.declare_personal('tokens', '{b}', 'x', erase_with => 'token');
SELECT pv.declare_personal('tokens', '{c}', 'x', erase_with => 'token', parameter => 'abcd%s');
SELECT pv.declare_personal('tokens', '{g}', 'x', erase_with => 'token', parameter => 'x%s');
SELECT pv.declare_personal('tokens', '{j}', 'x', erase_with => 'token');
SELECT pv.declare_personal('tokens', '{k}', 'x', erase_with => 'token');
SELECT pv.declare_personal('tokens', '{l}', 'x', erase_with => 'token', parameter => 'erased-%s@invalid');
SELECT pv.declare_personal('tokens', '{h}', 'x', erase_with => 'pseudonym');
SELECT pv.declare_personal('tokens', '{c,d,e,f,g,h,i,l,m,n,o}', 'x', erase_with => 'token');
SELECT * FROM found;
SELECT pv.declare_personal('tokens', '{a,d,e,g,i,l,m,n}', 'x', erase_with => 'pseudonym');
SELECT * FROM found;
SELECT pv.undeclare_personal('tokens');

CREATE TABLE taken (id int PRIMARY KEY, a text NOT NULL, n int NOT NULL);
INSERT INTO taken SELECT -i, 'u-' || i, -2000000000 - i FROM generate_series(10, 99) i;
SELECT pv.declare_subject('taken');
SELECT pv.declare_personal('taken', '{a}', 'x', erase_with => 'token', parameter => 'u-%2d');
SELECT pv.declare_personal('taken', '{n}', 'x', erase_with => 'token');
SELECT pv.declare_personal('taken', '{n}', 'x', erase_with => 'token');
SELECT pv.undeclare_personal('taken');

-- generalise, redact, remove_paths
CREATE TABLE vague (
    id int PRIMARY KEY,
    born date, at timestamptz, zip text, income numeric(10,2), age int,
    ip inet, doc jsonb, raw json, ok boolean, note varchar(12)
);
SELECT pv.declare_subject('vague');
SELECT pv.declare_personal('vague', '{born,at}', 'x', erase_with => 'generalise', parameter => 'year');
SELECT pv.declare_personal('vague', '{born}', 'x', erase_with => 'generalise', parameter => 'day');
SELECT pv.declare_personal('vague', '{zip}', 'x', erase_with => 'generalise', parameter => '2');
SELECT pv.declare_personal('vague', '{zip}', 'x', erase_with => 'generalise', parameter => '-2');
SELECT pv.declare_personal('vague', '{income}', 'x', erase_with => 'generalise', parameter => '1000');
SELECT pv.declare_personal('vague', '{age}', 'x', erase_with => 'generalise', parameter => '0.5');
SELECT pv.declare_personal('vague', '{age}', 'x', erase_with => 'generalise', parameter => '10; DROP TABLE vague');
SELECT pv.declare_personal('vague', '{ip}', 'x', erase_with => 'generalise', parameter => '/24,/48');
SELECT pv.declare_personal('vague', '{ip}', 'x', erase_with => 'generalise', parameter => '/64');
SELECT pv.declare_personal('vague', '{ok}', 'x', erase_with => 'generalise', parameter => 'year');
SELECT pv.declare_personal('vague', '{note}', 'x', erase_with => 'redact');
SELECT pv.declare_personal('vague', '{age}', 'x', erase_with => 'redact');
SELECT pv.declare_personal('vague', '{doc,raw}', 'x', erase_with => 'remove_paths', parameter => '{contact,email} {notes}');
SELECT pv.declare_personal('vague', '{doc}', 'x', erase_with => 'remove_paths', parameter => 'contact');
SELECT pv.declare_personal('vague', '{doc}', 'x', erase_with => 'remove_paths', parameter => '{}');
SELECT pv.declare_personal('vague', '{doc}', 'x', erase_with => 'remove_paths', parameter => '{a,NULL}');
SELECT pv.declare_personal('vague', '{doc}', 'x', erase_with => 'remove_paths', parameter => '{"a');
SELECT pv.declare_personal('vague', '{zip}', 'x', erase_with => 'remove_paths', parameter => '{a}');
SELECT * FROM found;
SELECT pv.undeclare_personal('vague');

SELECT pv.remove_path('{"a": {"b": 1, "c": 2}, "d": 3}', '{a,b}');
SELECT pv.remove_path('{"a": [{"b": 1, "c": 2}, {"b": 2}, 3, [{"b": 4}]]}', '{a,b}');
SELECT pv.remove_path('[{"b": 1}, {"c": {"b": 1}}]', '{b}');
SELECT pv.remove_path('{"a": [10, 20, {"b": 1, "c": 2}]}', '{a,1}');
SELECT pv.remove_path('{"a": [10, 20, {"b": 1, "c": 2}]}', '{a,-1,b}');
SELECT pv.remove_path('{"a": null, "b": "x"}', '{a,b,c}');
SELECT pv.remove_path('"scalar"', '{a}'), pv.remove_path('{}', '{a}'), pv.remove_path('{"a": 1}', '{}');
SELECT pv.remove_path('{"a": 1}', '{NULL}');

-- expression
SELECT pv.declare_personal('person', '{mail}', 'x', erase_with => 'expression');
SELECT pv.declare_personal('person', '{mail}', 'x', erase_with => 'expression', parameter => $$'user-' || id::text$$);
SELECT pv.declare_personal('person', '{mail}', 'x', erase_with => 'expression', parameter => $$mail || '!'$$);
SELECT pv.declare_personal('person', '{mail}', 'x', erase_with => 'expression', parameter => $$NULL::text$$);
SELECT pv.declare_personal('person', '{tag}', 'x', erase_with => 'expression', parameter => $$'much too long'$$);
SELECT pv.declare_personal('person', '{made}', 'x', erase_with => 'expression', parameter => $$person.id$$);
SELECT pv.declare_personal('person', '{name}', 'x', erase_with => 'expression', parameter => $$'user-' || made$$);
SELECT pv.declare_personal('person', '{name}', 'x', erase_with => 'expression', parameter => $$1 / (id - 1)$$);
SELECT pv.declare_personal('keys', '{a}', 'x', erase_with => 'expression', parameter => $$'same'$$);
INSERT INTO keys VALUES (2, 'a2', 'b2', 'c', 'd2', 'e', 'f2', 'g2', DEFAULT, '2020-01-02', '[2,3)', 'k2');
SELECT pv.declare_personal('keys', '{a}', 'x', erase_with => 'expression', parameter => $$'same'$$);
SELECT pv.declare_personal('keys', '{a}', 'x', erase_with => 'expression', parameter => $$'a' || keys.id::text$$);
CREATE FUNCTION summary(person) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'no. ' || $1.id $$;
SELECT pv.declare_personal('person', '{name}', 'x', erase_with => 'expression', parameter => $$summary(person)$$);
SELECT * FROM found;
SELECT pv.undeclare_personal('person');
SELECT pv.undeclare_personal('keys');

-- auto
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN zip AS text CHECK (VALUE ~ '^[0-9]{5}$');
CREATE DOMAIN dutch_zip AS zip CHECK (VALUE <> '00000');
CREATE TABLE anything (
    id int PRIMARY KEY,
    a text,
    b text CHECK (b IS NOT NULL),
    c text, d text, CHECK ((c IS NULL) <> (d IS NULL)),
    e text NOT NULL DEFAULT 'none',
    f text NOT NULL DEFAULT current_user,
    g mood NOT NULL,
    h zip NOT NULL,
    i dutch_zip NOT NULL,
    j int NOT NULL CHECK (j > 0),
    k date NOT NULL CHECK (k >= '1990-01-01'),
    l jsonb NOT NULL, m bytea NOT NULL, n inet NOT NULL, o text[] NOT NULL,
    p tstzrange NOT NULL, q datemultirange NOT NULL, r point NOT NULL, s interval NOT NULL,
    t boolean NOT NULL, u uuid NOT NULL, v time NOT NULL, w bit(4) NOT NULL, x cidr NOT NULL,
    y macaddr NOT NULL, z tsvector NOT NULL,
    mail text NOT NULL CHECK (mail LIKE '%@%.%'),
    level int NOT NULL CHECK (level BETWEEN 5 AND 9),
    county text NOT NULL CHECK (county ~ '^[0-9]{2}$'), flags varbit NOT NULL
);
INSERT INTO anything VALUES (1, 'a', 'b', 'c', NULL, 'e', 'f', 'glad', '12345', '12346', 5, '2020-02-02',
    '{}', '', '1.2.3.4', '{}', 'empty', '{}', '(1,1)', '1 day', true, gen_random_uuid(), '10:00', '1010',
    '10.0.0.0/8', '01:02:03:04:05:06', 'x', 'a@b.c', 7, '03', '101');
SELECT pv.declare_subject('anything');
SELECT pv.declare_personal('anything', '{a,b,c,e,f,h,j,k,l,m,n,o,p,q,r,s,u,v,w,x,y,z,mail,county,flags}', 'x');
SELECT * FROM found;
SELECT pv.declare_personal('anything', '{i}', 'x');
SELECT pv.declare_personal('anything', '{level}', 'x');
SELECT pv.undeclare_personal('anything');

-- A choice among a few: any of them is somebody's.
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN sex AS text CHECK (VALUE IN ('F', 'M', 'XX'));
CREATE DOMAIN known_sex AS sex CHECK (VALUE <> 'XX');
CREATE TABLE choice (
    id int PRIMARY KEY,
    a mood NOT NULL,
    b feeling NOT NULL,
    c boolean NOT NULL,
    d sex NOT NULL,
    e known_sex NOT NULL,
    f char(1) NOT NULL CHECK (f IN ('m', 'f', '-')),
    g varchar(7) NOT NULL CHECK (g = 'erased' OR g = 'alive'),
    h smallint NOT NULL CHECK (h IN (0, 1, 2, 9)),
    i int NOT NULL CHECK (i BETWEEN 0 AND 5),
    j bit(1) NOT NULL,
    k text NOT NULL CHECK (k ~ '^[+-]$'),
    l int NOT NULL CHECK (l IN (0, 100)),
    m mood[] NOT NULL,
    n text NOT NULL CHECK (n IN ('', 'm', 'f')),
    o boolean NOT NULL DEFAULT false,
    p mood NOT NULL DEFAULT 'glad',
    q int NOT NULL CHECK (q BETWEEN 0 AND 150),
    r mood,
    s mood NOT NULL
);
INSERT INTO choice VALUES (1, 'sad', 'sad', true, 'F', 'F', 'f', 'alive', 2, 3, '1', '+', 100, '{sad}', 'f', true, 'sad', 40, 'sad', 'sad');
SELECT pv.declare_subject('choice');
SELECT pv.declare_personal('choice', '{m,n,o,p,q,r}', 'x');
SELECT pv.declare_personal('choice', '{s}', 'x', erase_with => 'constant', parameter => 'glad');
SELECT * FROM found;
DO $$
DECLARE
    name name;
    detail text;
    hint text;
BEGIN
    FOREACH name IN ARRAY '{a,b,c,d,e,f,g,h,i,j,k,l}'::name[] LOOP
        BEGIN
            PERFORM pv.declare_personal('choice', ARRAY[name], 'x');
            RAISE WARNING '%: %', name, (SELECT argument FROM pv.declared_personal WHERE column_name = name);
        EXCEPTION WHEN invalid_parameter_value THEN
            GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            RAISE NOTICE '%: % %', name, detail, hint;
        END;
    END LOOP;
END $$;
SELECT pv.undeclare_personal('choice');

-- foreign keys of the table itself
CREATE TABLE country (code text PRIMARY KEY);
INSERT INTO country VALUES ('NL'), ('??');
CREATE TABLE address (
    id int PRIMARY KEY,
    country text REFERENCES country,
    origin text NOT NULL REFERENCES country
);
INSERT INTO address VALUES (1, 'NL', 'NL');
SELECT pv.declare_subject('address');
SELECT pv.declare_personal('address', '{origin}', 'x');
SELECT pv.declare_personal('address', '{country}', 'x', erase_with => 'token');
SELECT pv.declare_personal('address', '{country}', 'x', erase_with => 'constant', parameter => 'XX');
SELECT pv.declare_personal('address', '{origin}', 'x', erase_with => 'constant', parameter => '??');
SELECT pv.declare_personal('address', '{country}', 'x');
SELECT * FROM found;
SELECT pv.undeclare_personal('address');

-- each refusal has its SQLSTATE
CREATE FUNCTION refusal(relation text, col text, erase_with text, parameter text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pv.declare_personal(relation::regclass, ARRAY[col::name], 'x', NULL, erase_with, parameter);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate;
END $$;
SELECT t.*, refusal(t.relation, t.col, t.erase_with, t.parameter) FROM (VALUES
    ('person', 'mail', 'null', NULL),
    ('person', 'mail', 'default', NULL),
    ('person', 'made', 'default', NULL),
    ('person', 'id', 'null', NULL),
    ('person', 'name', 'forget', NULL),
    ('person', 'tag', 'constant', 'gone for ever'),
    ('person', 'partner', 'constant', 'x'),
    ('person', 'made', 'constant', 'x'),
    ('person', 'made', 'redact', NULL),
    ('person', 'made', 'expression', 'id'),
    ('person', 'name', 'expression', 'name || 1::text'),
    ('fitting', 'amount', 'constant', '1.234'),
    ('keys', 'a', 'constant', 'x'),
    ('keys', 'j', 'constant', 'empty'),
    ('keys', 'f', 'null', NULL),
    ('made', 'whole', 'auto', NULL),
    ('made', 'n', 'auto', NULL),
    ('tokens', 'b', 'token', NULL),
    ('tokens', 'k', 'token', NULL),
    ('tokens', 'l', 'token', '%s'),
    ('address', 'country', 'token', NULL),
    ('address', 'country', 'constant', 'XX'),
    ('address', 'origin', 'auto', NULL)
) AS t (relation, col, erase_with, parameter);

-- nothing of the owner's runs as the caller, and no message holds a person's data
CREATE ROLE regress_strategy_owner;
GRANT USAGE, CREATE ON SCHEMA strategy TO regress_strategy_owner;
SET ROLE regress_strategy_owner;
CREATE FUNCTION spy(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_user <> 'regress_strategy_owner' THEN
        RAISE EXCEPTION 'ran as %', current_user;
    END IF;
    IF $1 = 'Maria' OR $1 = '' THEN
        RAISE EXCEPTION 'secret: %', $1 USING errcode = '22P02';
    END IF;
    RETURN true;
END $$;
CREATE DOMAIN spied AS text CHECK (spy(VALUE));
CREATE TABLE hostile (
    id int PRIMARY KEY,
    a text NOT NULL CHECK (spy(a)),
    b spied NOT NULL,
    c text DEFAULT CASE WHEN spy('c') THEN 'c' END,
    d text GENERATED ALWAYS AS (spy(a)) STORED
);
CREATE UNIQUE INDEX ON hostile ((spy(c) AND spy('index')), id);
INSERT INTO hostile VALUES (1, 'Ana', 'Ana', 'c', DEFAULT);
RESET ROLE;
SELECT pv.declare_subject('hostile');
SELECT pv.declare_personal('hostile', '{a,b}', 'x');
SELECT pv.declare_personal('hostile', '{a,b}', 'x', erase_with => 'token');
SELECT pv.declare_personal('hostile', '{a}', 'x', erase_with => 'expression',
                           parameter => $$CASE WHEN strategy.spy(b) THEN 'Mar' || 'ia' END$$);
SELECT pv.declare_personal('hostile', '{b}', 'x', erase_with => 'expression',
                           parameter => $$CASE WHEN strategy.spy(b) THEN 'Mar' || 'ia' END$$);
SELECT pv.declare_personal('hostile', '{c}', 'x', erase_with => 'null');
SELECT pv.declare_personal('hostile', '{c}', 'x', erase_with => 'default');
SELECT * FROM found;

SET client_min_messages = warning;
DROP SCHEMA strategy CASCADE;
DROP ROLE regress_strategy_owner;
