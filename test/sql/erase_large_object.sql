-- Large objects go with the values that refer to them: by an erasure, and by rules.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\set VERBOSITY terse
CREATE ROLE regress_large_object;
CREATE SCHEMA large_object AUTHORIZATION regress_large_object;
SET search_path = large_object;
SET ROLE regress_large_object;
CREATE DOMAIN photo AS oid;
CREATE TABLE customer (id int PRIMARY KEY, name text, face photo, contract oid, product oid);
CREATE TABLE scan (id int PRIMARY KEY, customer int REFERENCES customer, made_on date, page oid);
CREATE INDEX ON scan (customer);
INSERT INTO customer SELECT i, 'Name ' || i, lo_from_bytea(1000000 + i, 'face'), lo_from_bytea(2000000 + i, 'contract'),
    lo_from_bytea(3000000 + i, 'product') FROM generate_series(1, 4) AS i;
INSERT INTO scan SELECT i, (i + 1) / 2, '2001-01-01', lo_from_bytea(4000000 + i, 'page') FROM generate_series(1, 8) AS i;
UPDATE customer SET contract = 16999999 WHERE id = 4;
RESET ROLE;
CREATE VIEW here AS SELECT string_agg(oid::text, ' ' ORDER BY oid) FROM pg_largeobject_metadata WHERE oid BETWEEN 1000000 AND 4999999;
SELECT pv.declare_subject('customer');
SELECT pv.link_foreign_keys('customer');
SELECT pv.declare_personal('customer', '{name}', 'identifying');
SELECT pv.declare_personal('customer', '{face,contract}', 'documents');
SELECT pv.declare_personal('scan', '{page}', 'documents');
SELECT column_name, erase_with FROM pv.personal ORDER BY 1;
TABLE here;
-- Nobody but the owner unlinks it: the table's owner must be.
SET ROLE regress_large_object;
SELECT lo_unlink(1000001), lo_from_bytea(1000001, 'face');
RESET ROLE;
ALTER LARGE OBJECT 1000001 OWNER TO CURRENT_USER;
SELECT state FROM pv.erase_subject('customer', 1);
SELECT count(*) FROM pv.erasure;
TABLE here;
ALTER LARGE OBJECT 1000001 OWNER TO regress_large_object;
BEGIN;
SELECT state FROM pv.erase_subject('customer', 1);
ROLLBACK;
TABLE here;
SELECT state FROM pv.erase_subject('customer', 1);
SELECT state FROM pv.erase_subject('customer', 4);
TABLE here;
SELECT * FROM customer ORDER BY id;
-- By rules: values, and rows
UPDATE customer SET name = name;
SELECT pv.declare_retention('scan', 'old', '5 years', 'made_on', 'policy', action => 'delete');
SELECT pv.activate_retention('scan', 'old', 8);
CALL pv.purge();
TABLE here;
ALTER TABLE customer ADD ended_on date DEFAULT '2001-01-01';
SELECT pv.declare_retention('customer', 'old', '5 years', 'ended_on', 'policy');
SELECT pv.activate_retention('customer', 'old', 2);
CALL pv.purge();
TABLE here;
SELECT state, error FROM pv.run_log;

SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata WHERE oid BETWEEN 1000000 AND 4999999;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA large_object CASCADE;
DROP EXTENSION pvext;
DROP ROLE regress_large_object;
