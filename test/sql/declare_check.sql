-- What of the data map no longer fits.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE ROLE regress_check_owner;
CREATE ROLE regress_check_other;
CREATE SCHEMA "check";
GRANT USAGE, CREATE ON SCHEMA "check" TO regress_check_owner, regress_check_other;
SET search_path = "check";
-- The checks are looked at here, the event triggers in declare_ddl.sql.
ALTER EVENT TRIGGER pvext_ddl_command_end DISABLE;

CREATE TABLE customer (id integer PRIMARY KEY, email text UNIQUE, name text NOT NULL, active boolean, seen date,
                       length integer GENERATED ALWAYS AS (length(name)) STORED);
CREATE TABLE purchase (id integer PRIMARY KEY, customer_id integer REFERENCES customer, address text, paid boolean);
CREATE INDEX ON purchase (customer_id);
ALTER TABLE customer OWNER TO regress_check_owner;
ALTER TABLE purchase OWNER TO regress_check_owner;

-- Nothing declared, nothing to find.
SELECT * FROM pv.check_map();

SELECT pv.declare_subject('customer', condition => 'active');
-- Unclassified columns, and a table that refers to the subject.
SELECT * FROM pv.check_map();

SELECT pv.declare_link('purchase', '{customer_id}', 'customer');
SELECT pv.declare_personal('customer', '{email}', 'identifying');
SELECT pv.declare_personal('customer', '{name}', 'identifying', erase_with => 'expression', parameter => 'lower(name)');
SELECT pv.declare_personal('purchase', '{address}', 'address', erase_with => 'constant', parameter => 'gone');
SELECT pv.declare_not_personal('customer', '{active,seen}');
SELECT pv.declare_not_personal('purchase', '{paid}');
SELECT pv.declare_blocker('customer', 'open', 'EXISTS (SELECT FROM "check".purchase p WHERE p.customer_id = subject.id AND NOT p.paid)', 'unpaid');
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'unpaid', relation => 'purchase');
SELECT pv.declare_retention('customer', 'gone', '1 year', 'seen', 'statement', columns => '{email}');
SELECT * FROM pv.check_map();

-- Rows that belong to nobody.
INSERT INTO customer VALUES (1, 'a@b.no', 'Anna', true, '2020-01-01');
INSERT INTO purchase VALUES (1, 1, 'Veien 1', true), (2, NULL, 'Veien 2', true), (3, NULL, 'Veien 3', false);
SELECT * FROM pv.check_map();
DELETE FROM purchase WHERE customer_id IS NULL;
-- Where they cannot be counted, no value is named.
BEGIN;
UPDATE purchase SET address = '5', customer_id = NULL;
SELECT pv.declare_link('purchase', '{id}', 'customer', name => 'odd', condition => 'address::int > 0');
UPDATE purchase SET address = 'Veien 1';
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE problem LIKE 'rows that%';
ROLLBACK;

-- A column that is dropped breaks what names it.
BEGIN;
ALTER TABLE customer DROP active, DROP seen;
SELECT * FROM pv.check_map();
ROLLBACK;
-- A key that is no longer unique, a missing index, strategies that a constraint refuses.
BEGIN;
DROP INDEX purchase_customer_id_idx;
ALTER TABLE purchase DROP CONSTRAINT purchase_customer_id_fkey, ADD CHECK (address LIKE 'Veien%');
ALTER TABLE customer DROP CONSTRAINT customer_pkey, ALTER email SET NOT NULL;
SELECT * FROM pv.check_map();
ROLLBACK;
-- Links that one index would serve
BEGIN;
DROP INDEX purchase_customer_id_idx;
SELECT pv.declare_link('purchase', '{customer_id}', 'customer', name => name, condition => condition)
FROM (VALUES ('payer', 'paid'), ('orderer', NULL)) AS v (name, condition) \g /dev/null
SELECT problem, hint FROM pv.check_map() WHERE problem ~ 'index';
ROLLBACK;
-- What was declared for one owner isn't run for another.
BEGIN;
ALTER TABLE customer OWNER TO regress_check_other;
SELECT relation, column_name, problem FROM pv.check_map();
ROLLBACK;
-- A child of another owner's.
BEGIN;
CREATE TABLE purchase_old () INHERITS (purchase);
SELECT * FROM pv.check_map();
ROLLBACK;
-- What hangs below no subject.
BEGIN;
DELETE FROM pv.declared_blocker;
DELETE FROM pv.declared_subject;
SELECT * FROM pv.check_map();
ROLLBACK;
-- A mapped table becomes a partition.
BEGIN;
CREATE TABLE all_purchases (LIKE purchase) PARTITION BY LIST (paid);
ALTER TABLE all_purchases ATTACH PARTITION purchase DEFAULT;
SELECT * FROM pv.check_map();
ROLLBACK;
-- The whole table is gone.
BEGIN;
DROP TABLE purchase;
SELECT * FROM pv.check_map();
ROLLBACK;
SELECT * FROM pv.check_map();

SET client_min_messages = warning;
DROP SCHEMA "check" CASCADE;
DROP ROLE regress_check_owner, regress_check_other;
