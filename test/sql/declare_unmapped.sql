-- Tables of which nothing is declared, and whose rows may be persons' by what columns are called or hold.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_unmapped;
CREATE SCHEMA unmapped; SET search_path = unmapped;
CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, ship_address_id int, country_id int);
CREATE TABLE addresses (id int PRIMARY KEY, street text);
CREATE TABLE countries (id int PRIMARY KEY, name text);
CREATE TABLE comments (id int PRIMARY KEY, user_id int, author_email text);
CREATE TABLE revisions (id int PRIMARY KEY, comment_id int, checked_by int);
CREATE TABLE products (id int PRIMARY KEY, created_by int, year int);
CREATE TABLE likes (id int PRIMARY KEY, item_type text, item_id int);
CREATE TABLE "let's
; --" (id int PRIMARY KEY, "user
id" int);
CREATE TABLE mails (at date, words text);
INSERT INTO users SELECT i, 'u' || i || '@example.no', i FROM generate_series(1, 30) i;
INSERT INTO addresses SELECT i, 'Storgata' FROM generate_series(1, 30) i;
INSERT INTO mails SELECT '2020-01-01', 'u' || i || '@example.no' FROM generate_series(1, 30) i;
INSERT INTO likes SELECT i, 'User', i FROM generate_series(1, 30) i;
-- nothing where nobody is in the map
SELECT relation, column_name, problem, hint FROM pv.check_map();
SELECT pv.declare_subject('users'), pv.declare_personal('users', '{email}', 'identifying'), pv.declare_not_personal('users') \g /dev/null
SELECT relation, column_name, severity, problem, hint, statement FROM pv.check_map();
-- each is settled by what the hint says: its links, that there is none, that nobody is in the table
SELECT pv.declare_link('unmapped.comments', '{user_id}', 'unmapped.users', '{id}'), pv.declare_personal('comments', '{author_email}', 'identifying'),
    pv.declare_not_link('unmapped.products', '{created_by}', 'who entered it'), pv.declare_not_personal('unmapped.mails'),
    pv.declare_not_link('unmapped.users', '{ship_address_id}', 'of the shop') \g /dev/null
SELECT relation, column_name FROM pv.check_map() WHERE problem ~ 'nothing is declared';
SELECT pv.declare_not_personal(oid) FROM pg_class WHERE relnamespace = 'unmapped'::regnamespace AND relkind = 'r' AND relname IN ('likes', E'let''s\n; --') \g /dev/null
SELECT pv.declare_link('revisions', '{comment_id}', 'comments', on_erase => 'delete'), pv.declare_not_personal('revisions') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map() WHERE problem !~ 'index';
-- fully mapped: silent, also where another role's table cannot be read
CREATE TABLE secret (id int PRIMARY KEY, user_id int);
ALTER TABLE secret OWNER TO regress_unmapped;
REVOKE ALL ON secret FROM regress_unmapped;
SELECT relation, column_name, problem FROM pv.check_map() WHERE problem !~ 'index';
SELECT pv.declare_not_personal('secret');
SELECT relation, column_name, problem FROM pv.check_map() WHERE problem !~ 'index';

-- by a foreign key
CREATE SCHEMA referring; SET search_path = referring;
CREATE TABLE address (id int PRIMARY KEY, street text);
CREATE TABLE kind (id int PRIMARY KEY, name text);
CREATE TABLE customer (id int PRIMARY KEY, email text, ship_id int REFERENCES address, bill_id int UNIQUE REFERENCES address, kind_id int REFERENCES kind);
SELECT pv.declare_subject('customer'), pv.declare_not_personal('customer') \g /dev/null
SELECT relation, problem, hint, statement FROM pv.check_map() WHERE relation ~ '^referring';
SELECT pv.declare_not_link('customer', '{ship_id}', 'shared'), pv.declare_not_link('customer', '{bill_id}', 'shared') \g /dev/null
SELECT relation, problem, hint FROM pv.check_map() WHERE relation ~ '^referring';

SET client_min_messages = warning;
RESET search_path;
DROP SCHEMA unmapped, referring CASCADE;
DROP EXTENSION pvext;
DROP ROLE regress_unmapped;
