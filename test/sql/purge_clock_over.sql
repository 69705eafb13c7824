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

-- an erasure takes what a clock times before what the clock reads, once both have ended
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pvext CASCADE;
CREATE TABLE lodger (id int PRIMARY KEY, name text);
CREATE TABLE booking (id int PRIMARY KEY, lodger int REFERENCES lodger, place text);
CREATE TABLE night (id int PRIMARY KEY, booking int REFERENCES booking, at date);
CREATE INDEX ON booking (lodger);
CREATE INDEX ON night (booking);
INSERT INTO lodger VALUES (1, 'Ann'), (2, 'Bo');
INSERT INTO booking VALUES (1, 1, 'Oslo'), (2, 2, 'Bergen');
INSERT INTO night VALUES (1, 1, '2001-01-01'), (2, 2, current_date);
SELECT pv.declare_subject('lodger'), pv.link_foreign_keys('lodger', 2), pv.declare_personal('lodger', '{name}', 'identifying'),
       pv.declare_personal('booking', '{place}', 'place'), pv.declare_personal('night', '{at}', 'time') \gset
SELECT pv.declare_retention('night', 'books', '2 years', 'at', 'law', mandatory => true),
       pv.declare_retention('booking', 'books', '1 year', 'max(at)', 'law', mandatory => true, over => 'night') \gset
SELECT state, retained_until FROM pv.erase_subject('lodger', 1);
SELECT state, retained_until - current_date < interval '3 years' AS known FROM pv.erase_subject('lodger', 2);
SELECT l.name, b.place, n.at = current_date AS at FROM lodger AS l JOIN booking AS b ON b.lodger = l.id JOIN night AS n ON n.booking = b.id ORDER BY l.id;
