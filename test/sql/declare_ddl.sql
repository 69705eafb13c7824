-- The data map follows DDL.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE ROLE regress_ddl_owner;
CREATE ROLE regress_ddl_other;
CREATE SCHEMA ddl;
GRANT USAGE, CREATE ON SCHEMA ddl TO regress_ddl_owner, regress_ddl_other;
SET search_path = ddl;
-- An owner has no rights in pv; the triggers work all the same.
SET ROLE regress_ddl_owner;
CREATE TABLE customer (id integer PRIMARY KEY, email text UNIQUE, name text, active boolean, seen date);
CREATE TABLE purchase (id integer PRIMARY KEY, customer_id integer REFERENCES customer, address text, paid boolean);
CREATE INDEX ON purchase (customer_id);
RESET ROLE;

SELECT pv.declare_subject('customer', condition => 'active');
SELECT pv.declare_link('purchase', '{customer_id}', 'customer', condition => 'address <> ''''');
SELECT pv.declare_personal('customer', '{email}', 'identifying');
SELECT pv.declare_personal('customer', '{name}', 'identifying', erase_with => 'expression', parameter => 'lower(name)');
SELECT pv.declare_personal('purchase', '{address}', 'address');
SELECT pv.declare_not_personal('customer');
SELECT pv.declare_not_personal('purchase', '{paid}');
SELECT pv.declare_blocker('customer', 'open', 'EXISTS (SELECT FROM ddl.purchase p WHERE p.customer_id = subject.id AND NOT p.paid)', 'unpaid');
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'unpaid', relation => 'purchase');
SELECT pv.declare_retention('customer', 'gone', '1 year', 'seen', 'statement', columns => '{email}');
SELECT * FROM pv.check_map();
CREATE VIEW map AS
    SELECT 'subject' AS what, relation, key AS columns, condition FROM pv.subject
    UNION ALL SELECT 'link', relation, columns, condition FROM pv.link
    UNION ALL SELECT 'parent', parent, parent_columns, NULL FROM pv.link
    UNION ALL SELECT 'personal', relation, ARRAY[column_name], parameter FROM pv.personal
    UNION ALL SELECT 'blocker', coalesce(relation, subject), NULL, condition FROM pv.blocker
    UNION ALL SELECT 'retention', relation, columns, after FROM pv.retention
    ORDER BY 1, 2, 3, 4;

-- Columns.
SET ROLE regress_ddl_owner;
ALTER TABLE customer RENAME id TO "Number";
ALTER TABLE customer RENAME active TO is_active;
ALTER TABLE customer RENAME email TO mail;
ALTER TABLE customer RENAME name TO full_name;
ALTER TABLE customer RENAME seen TO last_seen;
ALTER TABLE purchase RENAME customer_id TO buyer;
ALTER TABLE purchase RENAME paid TO is_paid;
ALTER TABLE purchase RENAME address TO ship_to;
RESET ROLE;
SELECT * FROM map;
SELECT relation, column_name FROM pv.not_personal n JOIN pv.relation r ON r.id = n.relation_id ORDER BY 1, 2;
SELECT * FROM pv.check_map();
-- A column takes the name of one that was dropped; what was not personal is forgotten.
BEGIN;
ALTER TABLE customer DROP last_seen;
ALTER TABLE customer RENAME mail TO last_seen;
SELECT column_name FROM pv.personal WHERE relation = 'customer'::regclass ORDER BY 1;
SELECT column_name FROM pv.not_personal n JOIN pv.relation r ON r.id = n.relation_id ORDER BY 1;
ROLLBACK;

-- Tables and schemas, also in a blocker's subquery.
ALTER TABLE purchase RENAME TO bought;
ALTER TABLE bought RENAME TO purchase;
CREATE SCHEMA ddl_other;
ALTER TABLE customer SET SCHEMA ddl_other;
SELECT schema, name FROM pv.relation ORDER BY 1, 2;
ALTER SCHEMA ddl_other RENAME TO ddl_another;
SELECT schema, name FROM pv.relation ORDER BY 1, 2;
ALTER TABLE ddl_another.customer SET SCHEMA ddl;
DROP SCHEMA ddl_another;

-- What breaks a declaration, and what is new.
SET ROLE regress_ddl_owner;
BEGIN;
ALTER TABLE customer ADD phone text, ALTER last_seen TYPE text;
ALTER TABLE customer ADD shoe_size integer;
ALTER TABLE customer ALTER phone SET NOT NULL;
ALTER TABLE customer DROP is_active, DROP mail;
ROLLBACK;
BEGIN;
ALTER TABLE purchase ALTER ship_to SET NOT NULL;
ROLLBACK;
RESET ROLE;
BEGIN;
ALTER TABLE purchase OWNER TO regress_ddl_other;
ROLLBACK;

-- A dropped table leaves its declarations to the next one of its name.
DROP TABLE purchase;
SELECT relation, schema, name FROM pv.relation ORDER BY 3;
SET ROLE regress_ddl_owner;
CREATE TABLE other (id integer);
CREATE TABLE purchase (id integer PRIMARY KEY, buyer integer, ship_to text, is_paid boolean, extra text);
RESET ROLE;
SELECT relation, schema, name FROM pv.relation ORDER BY 3;
ALTER TABLE other RENAME TO other2;
ALTER TABLE purchase DROP extra;
-- so it does by a new name
SET ROLE regress_ddl_owner;
CREATE TABLE purchase_new (LIKE purchase INCLUDING ALL);
DROP TABLE purchase;
ALTER TABLE purchase_new RENAME TO purchase;
RESET ROLE;
SELECT relation, schema, name FROM pv.relation ORDER BY 3;
SELECT * FROM pv.check_map();

-- The restore of a dump isn't checked.
BEGIN;
SET LOCAL check_function_bodies = off;
ALTER TABLE customer ADD phone text;
ROLLBACK;

-- Strict.
SET pvext.strict_ddl = on;
DROP TABLE purchase;
DROP SCHEMA ddl CASCADE;
ALTER TABLE customer DROP mail;
ALTER TABLE customer ADD phone text;
ALTER TABLE customer RENAME TO client;
ALTER TABLE client RENAME TO customer;
ALTER TABLE purchase RENAME TO bought;
ALTER TABLE customer ADD CONSTRAINT c CHECK (last_seen > '1900-01-01');
CREATE TABLE free (a integer);
ALTER TABLE free ADD b text;
ALTER TABLE free RENAME b TO c;
DROP TABLE free;
RESET pvext.strict_ddl;

-- The extension can be dropped while things are declared.
DROP EXTENSION pvext CASCADE;
CREATE TABLE after (a integer);
SET client_min_messages = warning;
DROP SCHEMA ddl CASCADE;
DROP ROLE regress_ddl_owner, regress_ddl_other;
