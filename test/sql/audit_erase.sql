SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
-- An audited table stands in the way of an erasure
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE note (customer int REFERENCES customer, body text);
CREATE TABLE product (id int PRIMARY KEY, name text);
CREATE INDEX ON note (customer);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid');
INSERT INTO note VALUES (1, 'about Ann'), (2, 'about Bob');
SELECT pv.declare_subject('customer'), pv.link_foreign_keys('customer');
SELECT pv.declare_personal('customer', '{name}', 'identifying'), pv.declare_personal('note', '{body}', 'text');
-- of a table that holds nobody, they do not
SELECT pv.enable_audit('product');
INSERT INTO product VALUES (1, 'Bread');
SELECT state FROM pv.erase_subject('customer', 1);
-- one that does, does: the erasure itself would be recorded
SELECT pv.enable_audit('note');
SELECT pv.erase_subject('customer', 3);
UPDATE note SET body = 'still about Bob' WHERE customer = 2;
SELECT pv.erase_subject('customer', 2);
\echo :SQLSTATE
SELECT body FROM note WHERE customer = 2;
-- also once it is no longer audited
SELECT pv.disable_audit('note');
SELECT pv.erase_subject('customer', 2);
SELECT relation, operation, old, new FROM pv.audit_trail ORDER BY id, n;
-- a child of a mapped table
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE member (since date) INHERITS (person);
INSERT INTO person VALUES (1, 'Dag');
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying');
SELECT pv.enable_audit('member');
SELECT pv.erase_subject('person', 1);
