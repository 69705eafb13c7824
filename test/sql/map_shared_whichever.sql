-- Columns about those who refer to a row by one of several links: they are kept for whoever
-- does by another, or owns it, and the last of them takes them.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA whichever;
SET search_path = whichever;

CREATE TABLE address (id int PRIMARY KEY, street text, label text, owner int);
CREATE TABLE phone (id int PRIMARY KEY, address int REFERENCES address, number text);
CREATE TABLE person (id int PRIMARY KEY, name text, ship int REFERENCES address, bill int REFERENCES address, once int REFERENCES address);
CREATE TABLE child (id int PRIMARY KEY, name text, home int REFERENCES address);
ALTER TABLE address ADD FOREIGN KEY (owner) REFERENCES person;
CREATE INDEX ON person (ship);
CREATE INDEX ON person (bill);
CREATE INDEX ON person (once);
CREATE INDEX ON child (home);
CREATE INDEX ON phone (address);
CREATE INDEX ON address (owner);
INSERT INTO address SELECT i, 'street ' || i, 'label ' || i FROM generate_series(1, 7) AS i;
INSERT INTO phone SELECT id, id, 'number ' || id FROM address;
INSERT INTO person VALUES (1, 'Ada', 1, NULL, NULL), (2, 'Odd', 3, 1, NULL), (3, 'Siv', 2, NULL, NULL), (4, 'Per', NULL, NULL, 2), (5, 'Gro', 4, NULL, NULL), (6, 'Una', NULL, 6, NULL);
INSERT INTO child VALUES (1, 'Tor', 3);
UPDATE address SET owner = 4 WHERE id = 4;
SELECT pv.declare_subject('person'), pv.declare_subject('child');
SELECT pv.declare_link('address', '{id}', 'person', '{ship}', shared => 'last', name => 'ship'),
       pv.declare_link('address', '{id}', 'person', '{bill}', shared => 'last', name => 'bill'),
       pv.declare_link('address', '{id}', 'person', '{once}', shared => 'any', name => 'once'),
       pv.declare_link('address', '{id}', 'child', '{home}', shared => 'last', name => 'home'),
       pv.declare_link('address', '{owner}', 'person', name => 'owner'),
       pv.declare_link('phone', '{address}', 'address', name => 'at');
SELECT pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('child', '{name}', 'identifying'),
       pv.declare_personal('address', '{street}', 'contact', link => 'ship'),
       pv.declare_personal('address', '{label}', 'identifying', links => '{bill,home}'),
       pv.declare_personal('phone', '{number}', 'contact', link => 'at.ship');
SELECT pv.enable_audit('address');
UPDATE address SET street = street || ' b';
CREATE VIEW rows AS SELECT a.id, a.street, a.label, p.number FROM address AS a JOIN phone AS p ON p.address = a.id
    WHERE a.street || a.label || p.number IS DISTINCT FROM format('street %s blabel %1$snumber %1$s', a.id);
-- Two rows are nobody's.
SELECT relation, severity, problem FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';

-- Ada has sent to 1, which Odd pays at. He is the last of it, Tor the last of 3.
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 1) ORDER BY 1, 2;
SELECT state FROM pv.erase_subject('person', 1);
TABLE rows;
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 2) ORDER BY 1, 2;
SELECT state FROM pv.erase_subject('person', 2);
SELECT * FROM pv.verify_erasure('person', 1);
SELECT * FROM pv.verify_erasure('person', 2);
TABLE rows ORDER BY id;
SELECT key, old ->> 'street' AS old, new ->> 'street' AS new FROM pv.audit_trail WHERE operation = 'UPDATE' AND key ->> 'id' IN ('1', '3') ORDER BY 1;
SELECT state FROM pv.erase_subject('child', 1);
TABLE rows ORDER BY id;

-- Per refers to 2 once, by a link that keeps for nobody, and owns 4: what is not about him stays while others live.
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 4) ORDER BY 1, 2;
SELECT state FROM pv.erase_subject('person', 4);
TABLE rows ORDER BY id;
SELECT state FROM pv.erase_subject('person', 3);
SELECT state FROM pv.erase_subject('person', 5);
TABLE rows ORDER BY id;

-- The other way around it is the owner who is the last.
UPDATE address SET owner = 6, street = 'street 5', label = 'label 5' WHERE id = 5;
INSERT INTO person VALUES (7, 'Kim', 5, NULL, NULL);
SELECT state FROM pv.erase_subject('person', 7);
SELECT * FROM rows WHERE id = 5;
SELECT state FROM pv.erase_subject('person', 6);
SELECT * FROM rows WHERE id IN (5, 6) ORDER BY id;
SELECT relation, severity, problem FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';
SELECT count(*) FROM pv.audit_trail WHERE old ->> 'street' IN ('street 1', 'street 2', 'street 3', 'street 4', 'street 5', 'street 6') OR new ->> 'street' LIKE 'street _ b';

-- Rows that are deleted by one link and not by another stay with the last who comes by that.
CREATE TABLE blob (id int PRIMARY KEY, bytes text);
ALTER TABLE person ADD photo int REFERENCES blob ON DELETE SET NULL, ADD signature int;
CREATE INDEX ON person (photo);
CREATE INDEX ON person (signature);
SELECT pv.declare_link('blob', '{id}', 'person', '{photo}', shared => 'last', on_erase => 'delete', name => 'photo'),
       pv.declare_link('blob', '{id}', 'person', '{signature}', shared => 'last', name => 'signature');
SELECT problem, hint FROM pv.check_map() WHERE relation = 'whichever.blob' AND problem ~ 'deleted';
SELECT pv.declare_personal('blob', '{bytes}', 'image');
SELECT problem, hint FROM pv.check_map() WHERE relation = 'whichever.blob' AND problem ~ 'deleted';
DROP SCHEMA whichever CASCADE;
DROP EXTENSION pvext;
