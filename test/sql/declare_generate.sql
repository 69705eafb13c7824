-- What generate_map() proposes runs as it stands, takes nobody's values with another, and
-- does what can be seen: names within it end no line and hide nothing.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA generate;
SET search_path = generate;

-- Names that a table's owner chose: a line break, a quote, a backslash, no width, the other direction
CREATE ROLE generate_mal;
GRANT USAGE, CREATE ON SCHEMA generate TO generate_mal;
SET ROLE generate_mal;
CREATE TABLE "person
; ALTER ROLE generate_mal SUPERUSER; --" (id int, "e
mail'; ALTER ROLE generate_mal SUPERUSER; --" text, "back\slash phone" text, U&"right\202Eleft mail" text, U&"no\200Bwidth" int, U&"next\0085name" int);
CREATE TABLE "parent
; ALTER ROLE generate_mal SUPERUSER; --" ("id
; --" int PRIMARY KEY, name text);
CREATE TABLE "child
; ALTER ROLE generate_mal SUPERUSER; --" (id int PRIMARY KEY, "of
; ALTER ROLE generate_mal SUPERUSER; --" int REFERENCES "parent
; ALTER ROLE generate_mal SUPERUSER; --", "note
*/ ; ALTER ROLE generate_mal SUPERUSER; --" text, "updated
_by" int REFERENCES "parent
; ALTER ROLE generate_mal SUPERUSER; --");
RESET ROLE;
SELECT pv.generate_map(oid) AS map FROM pg_class WHERE relnamespace = 'generate'::regnamespace AND relname LIKE 'person%' \gset
\echo :map
:map
SELECT pv.generate_map(oid) AS map FROM pg_class WHERE relnamespace = 'generate'::regnamespace AND relname LIKE 'parent%' AND relkind = 'r' \gset
\echo :map
:map
SELECT rolsuper FROM pg_roles WHERE rolname = 'generate_mal';
-- every line is a comment or one statement
SELECT count(*) FROM regexp_split_to_table(:'map', '\n') AS line WHERE line !~ '^(--|SELECT pv\..*\);(  --.*)?$|$)';
SELECT relation::text = '"parent
; ALTER ROLE generate_mal SUPERUSER; --"' AS found, column_name FROM pv.personal;
-- what hints say is one line of SQL, too
SELECT hint FROM pv.check_map() WHERE problem = 'the column is not classified' ORDER BY 1;

-- Who acted, in many words; a word that is the parent's own says nothing.
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE seller (id int PRIMARY KEY, name text);
CREATE TABLE deed (id int PRIMARY KEY, customer int REFERENCES person, created_by int REFERENCES person, "updatedBy" int REFERENCES person,
    salesman_id int REFERENCES person, manager int REFERENCES person, approver_id int REFERENCES person, editor int REFERENCES person,
    opprettet_av int REFERENCES person, saksbehandler int REFERENCES person, assigned_to int REFERENCES person, lobby int REFERENCES person);
CREATE TABLE offer (id int PRIMARY KEY, seller_id int REFERENCES seller, words text);
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'declare_(not_)?link';
SELECT line FROM regexp_split_to_table(pv.generate_map('seller'), '\n') AS line WHERE line ~ 'declare_';

-- Rows that are somebody else's, who is in no map: customers' orders are not the employee's.
CREATE TABLE category (id int PRIMARY KEY, name text);
CREATE TABLE employee (id int PRIMARY KEY, last_name text, birth_date date);
CREATE TABLE client (id int PRIMARY KEY, contact_name text, phone text, employee_id int REFERENCES employee);
CREATE TABLE orders (id int PRIMARY KEY, client_id int REFERENCES client, employee_id int REFERENCES employee, category_id int REFERENCES category, ship_address text);
CREATE TABLE parcel (id int PRIMARY KEY, order_id int REFERENCES orders, ship_name text);
CREATE TABLE folder (id int PRIMARY KEY, client_id int REFERENCES client);
CREATE TABLE sheet (id int PRIMARY KEY, folder_id int REFERENCES folder, employee_id int REFERENCES employee, address text);
CREATE TABLE salary (id int PRIMARY KEY, employee_id int REFERENCES employee, category_id int REFERENCES category, iban text);
CREATE TABLE profile (employee_id int PRIMARY KEY REFERENCES employee, nickname text, email text);
INSERT INTO employee VALUES (1, 'Dal', '1970-01-01');
INSERT INTO client VALUES (2, 'Ada', '222', 1);
INSERT INTO orders VALUES (3, 2, 1, NULL, 'Storgata 2');
INSERT INTO parcel VALUES (4, 3, 'Ada');
INSERT INTO folder VALUES (5, 2);
INSERT INTO sheet VALUES (6, 5, 1, 'Storgata 2');
INSERT INTO salary VALUES (7, 1, NULL, 'NO1');
INSERT INTO profile VALUES (1, 'Dallas', 'dal@x.no');
SELECT pv.generate_map('employee') AS map \gset
\echo :map
SET client_min_messages = error;
BEGIN;
:map
SELECT state FROM pv.erase_subject('employee', 1);
SELECT c.contact_name, c.phone, o.ship_address, p.ship_name, s.address, y.iban, f.nickname, f.email
    FROM client c, orders o, parcel p, sheet s, salary y, profile f;
ROLLBACK;
-- once the clients are subjects, their orders have two owners
SELECT pv.declare_subject('client');
SELECT pv.generate_map('client') AS map \gset
:map
SELECT pv.generate_map('employee') AS map \gset
\echo :map
:map
SELECT state FROM pv.erase_subject('employee', 1);
SELECT c.contact_name, c.phone, o.ship_address, p.ship_name, s.address, y.iban, f.nickname, f.email
    FROM client c, orders o, parcel p, sheet s, salary y, profile f;
SELECT state FROM pv.erase_subject('client', 2);
SELECT c.contact_name, c.phone, o.ship_address, p.ship_name, s.address FROM client c, orders o, parcel p, sheet s;

-- Tables that declared links lead from, without a foreign key, and what refers to these
CREATE TABLE member (no int PRIMARY KEY, name text);
CREATE TABLE invoice (no int PRIMARY KEY, member text, addressee text);
CREATE TABLE reminder (id int PRIMARY KEY, invoice int REFERENCES invoice, sent_to_email text);
CREATE INDEX ON invoice (member); CREATE INDEX ON reminder (invoice);
CREATE TABLE leaflet (no int PRIMARY KEY, name text);
SELECT pv.declare_subject('member'), pv.declare_link('invoice', '{member}', 'member'), pv.declare_link('reminder', '{invoice}', 'invoice'), pv.undeclare_link('reminder', 'invoice') \g /dev/null
SELECT relation, columns, parent, depth, declared FROM pv.candidate_links('member');
SELECT pv.generate_map('member') AS map \gset
\echo :map
:map
SELECT relation, column_name, problem FROM pv.check_map() WHERE relation ~ 'member|invoice|reminder';
-- what refers to the rows that belong to it
CREATE TABLE place (id int PRIMARY KEY, street text);
ALTER TABLE invoice ADD place int UNIQUE REFERENCES place;
SELECT pv.declare_link('place', '{id}', 'invoice', '{place}') \g /dev/null
SELECT relation, columns, parent, depth, declared FROM pv.candidate_links('member');
INSERT INTO member VALUES (1, 'Ada Berg'); INSERT INTO invoice VALUES (7, '1', 'Ada Berg'); INSERT INTO reminder VALUES (8, 7, 'ada@example.no');
SELECT pv.declare_personal('invoice', '{addressee}', 'address') \g /dev/null
SELECT state FROM pv.erase_subject('member', 1);
TABLE invoice; TABLE reminder;

RESET search_path;
DROP SCHEMA generate CASCADE;
DROP EXTENSION pvext;
DROP ROLE generate_mal;
