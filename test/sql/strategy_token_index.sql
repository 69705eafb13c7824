-- Tokens where unique indexes are over what is computed from the column: they differ there,
-- too, or the column is refused.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE EXTENSION citext;
RESET client_min_messages;
CREATE SCHEMA computed;
SET search_path = computed, public;
SET lc_messages = 'C';
SET pvext.erasure_limit = 0;
CREATE VIEW found AS
    SELECT r.relation, column_name, strategy, argument FROM pv.declared_personal d
    JOIN pv.relation r ON r.id = d.relation_id
    JOIN pg_attribute a ON a.attrelid = r.relation AND a.attname = d.column_name
    ORDER BY r.relation::text, a.attnum;
CREATE TABLE person (
    id int PRIMARY KEY,
    org int NOT NULL,
    gone boolean NOT NULL DEFAULT false,
    mail text NOT NULL,             -- lower(mail)
    login text NOT NULL,            -- (org, lower(login)) of those who are there
    first text NOT NULL,            -- (lower(first), lower(last))
    last text NOT NULL,
    nick text NOT NULL,             -- the first eight letters
    site text NOT NULL,             -- what is behind the @
    code text NOT NULL,             -- the first three letters
    short text NOT NULL,            -- the first three letters, but of tokens
    phone text,                     -- its digits, where there are any
    whole text GENERATED ALWAYS AS (left(code, 3) || '.') STORED,
    tag citext NOT NULL,            -- computed by a generated column that is unique
    taglet text GENERATED ALWAYS AS (lower(tag::text)) STORED UNIQUE
);
CREATE UNIQUE INDEX ON person (lower(mail));
CREATE UNIQUE INDEX ON person (org, lower(login)) WHERE NOT gone;
CREATE UNIQUE INDEX ON person (lower(first), lower(last));
CREATE UNIQUE INDEX ON person (left(nick, 8));
CREATE UNIQUE INDEX ON person (split_part(site, '@', 2));
CREATE UNIQUE INDEX ON person (whole);
CREATE UNIQUE INDEX ON person (left(short, 3)) WHERE short NOT LIKE 'erased-%';
CREATE UNIQUE INDEX ON person (regexp_replace(phone, '[^0-9]', '', 'g'));
SELECT pv.declare_subject('person');
-- of an empty table
SELECT pv.declare_personal('person', '{mail,login,first,last,nick,short,phone,tag}', 'x');
SELECT * FROM found;
SELECT pv.declare_personal('person', '{site}', 'x');
SELECT pv.declare_personal('person', '{site}', 'x', erase_with => 'token', parameter => 'erased-%s@invalid');
SELECT pv.declare_personal('person', '{site}', 'x', erase_with => 'token', parameter => 'erased@%s.invalid');
SELECT pv.declare_personal('person', '{code}', 'x');
SELECT pv.declare_personal('person', '{code}', 'x', erase_with => 'token', parameter => '%8s');
SELECT pv.declare_personal('person', '{code}', 'x', erase_with => 'pseudonym');
SELECT pv.declare_personal('person', '{mail}', 'x', erase_with => 'constant', parameter => 'gone');
SELECT pv.declare_personal('person', '{nick}', 'x', erase_with => 'token', parameter => 'erased-%s');
-- of one with rows, hundreds of whom are erased
INSERT INTO person (id, org, mail, login, first, last, nick, site, code, short, phone, tag)
SELECT i, i % 2, 'P' || i || '@X.org', 'Login' || i / 2, 'First' || i % 20, 'Last' || i / 20, 'n' || i, 'a@' || i,
    to_char(i, 'FM000'), to_char(i, 'FM000') || 'abc', '+49 ' || i, 'Tag' || i FROM generate_series(1, 300) i;
SELECT pv.declare_personal('person', '{mail,login,first,last,nick,short,phone,tag}', 'x');
SELECT pv.declare_personal('person', '{code}', 'x');
SELECT * FROM found;
SELECT pv.declare_not_personal('person');
SELECT DISTINCT state FROM pv.erase_subjects('person', ARRAY(SELECT i::text FROM generate_series(1, 200) i));
SELECT count(*) FROM pv.verify_erasure('person', 1);
SELECT count(*), count(DISTINCT mail), count(DISTINCT left(nick, 8)), count(DISTINCT split_part(site, '@', 2)), count(DISTINCT taglet)
FROM person;
SELECT count(*) FROM person WHERE id <= 200 AND (mail || login || first || last || tag ~* 'x\.org|login|first|last|tag' OR nick ~ '^n' OR site ~ '^a' OR short ~ 'abc$' AND short !~ '^erased');
SELECT count(*) FROM person WHERE id > 200 AND mail LIKE 'P%' AND login LIKE 'Login%' AND short LIKE '%abc';

SET client_min_messages = warning;
DROP SCHEMA computed CASCADE;
DROP EXTENSION pvext;
DROP EXTENSION citext;
