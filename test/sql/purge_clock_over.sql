-- A clock over another table's rows: these wait until what it times has gone. A rule that
-- no longer fits holds no other rule of its table back.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE SCHEMA purge_clock_over;
SET search_path = purge_clock_over;
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE invoice (id int PRIMARY KEY, customer int REFERENCES customer, issued_on date, addressee text);
CREATE INDEX ON invoice (customer);
INSERT INTO customer VALUES (1, 'Ada'), (2, 'Odd'), (3, 'Siv');
INSERT INTO invoice VALUES (11, 1, '2001-01-01', 'Ada'), (21, 2, '2001-01-01', 'Odd'), (22, 2, '2999-01-01', 'Odd'),
    (31, 3, '2001-01-01', 'Siv');
SELECT pv.declare_subject('customer');
SELECT pv.link_foreign_keys('customer');
SELECT pv.declare_personal('customer', '{name}', 'name');
SELECT pv.declare_personal('invoice', '{addressee}', 'address');
SELECT pv.declare_retention('customer', 'ten', '10 years', 'max(issued_on)', 'policy', over => 'invoice');
SELECT pv.declare_retention('invoice', 'five', '5 years', 'issued_on', 'policy', action => 'delete');
SELECT relation, rule, rows FROM pv.preview_purge();
SELECT pv.activate_retention('customer', 'ten', 2);
SELECT pv.place_hold('customer', 3, 'court case');
-- Invoices 11 and 31 are due, too, once the names have gone that they time.
SELECT relation, rule, rows, held_by FROM pv.overdue;
SELECT pv.activate_retention('invoice', 'five', 0);
CALL pv.purge('invoice');
SELECT id FROM invoice ORDER BY id;
CALL pv.purge();
SELECT * FROM customer ORDER BY id;
SELECT id FROM invoice ORDER BY id;
SELECT relation, rule, rows, held_by FROM pv.overdue;
SELECT pv.release_hold(1, 'settled');
CALL pv.purge();
CALL pv.purge();
SELECT * FROM customer ORDER BY id;
SELECT id FROM invoice ORDER BY id;
SELECT relation, rule, rows, held_by FROM pv.overdue;

-- A foreign key that has come since, and another rule of the table
CREATE TABLE reminder (invoice int REFERENCES invoice);
SELECT pv.declare_retention('invoice', 'address', '1 year', 'issued_on', 'policy', columns => '{addressee}');
INSERT INTO invoice VALUES (12, 1, '2001-01-01', 'Ada');
SELECT relation, rule, rows, hint FROM pv.preview_purge() ORDER BY 1, 2;
SELECT pv.activate_retention('invoice', 'address', 2);
CALL pv.purge();
SELECT id, addressee FROM invoice ORDER BY id;
SELECT f.name, sqlstate, message, hint FROM pv.duty_failure AS f;
SELECT relation, rule, rows, hint FROM pv.overdue;
DROP TABLE reminder;
CALL pv.purge();
SELECT id FROM invoice ORDER BY id;
SELECT count(*) FROM pv.duty_failure;

-- An index over other rows is none.
SELECT relation, rule, hint FROM pv.preview_purge() WHERE rule <> 'ten' ORDER BY 1, 2;
CREATE INDEX ON invoice (issued_on) WHERE customer > 5;
SELECT relation, rule, hint FROM pv.preview_purge() WHERE rule <> 'ten' ORDER BY 1, 2;
SELECT hint FROM pv.preview_purge() WHERE rule = 'address' \gexec
SELECT relation, rule, hint FROM pv.preview_purge() WHERE rule <> 'ten' ORDER BY 1, 2;
SELECT hint FROM pv.preview_purge() WHERE rule = 'five' \gexec
SELECT relation, rule, hint FROM pv.preview_purge() WHERE rule <> 'ten' ORDER BY 1, 2;

RESET search_path;
DROP SCHEMA purge_clock_over CASCADE;
DROP EXTENSION pvext;
