-- Purges by clocks that go up: rows that are deleted, texts, partitions, children.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
CREATE SCHEMA purge_clock_up_rows;
SET search_path = purge_clock_up_rows;

-- Whoever is read by the clock of rows that would go with it, stays until they have gone.
CREATE TABLE customer (id int PRIMARY KEY, name text, ended_on date);
CREATE TABLE contact (id int PRIMARY KEY, customer_id int REFERENCES customer, email text);
CREATE INDEX ON contact (customer_id);
SELECT pv.declare_subject('customer'), pv.declare_link('contact', '{customer_id}', 'customer', on_erase => 'delete');
SELECT pv.declare_personal('customer', '{name}', 'identifying'), pv.declare_personal('contact', '{email}', 'x');
SELECT pv.declare_retention('customer', 'del', '1 year', 'ended_on', 'policy', action => 'delete');
SELECT pv.declare_retention('contact', 'del', '5 years', 'ended_on', 'policy', over => 'customer', action => 'delete');
INSERT INTO customer VALUES (1,'a','2001-01-01'),(2,'b',current_date - interval '2 years'),(3,'c',NULL),(4,'d',current_date - interval '2 years');
INSERT INTO contact VALUES (1,1,'x'),(2,2,'x'),(3,3,'x');
SELECT pv.enable_audit('customer'), pv.enable_audit('contact');
UPDATE contact SET email = 'secret' || id;
UPDATE customer SET name = name || 'x';
SELECT relation, rule, rows, hint FROM pv.preview_purge();
SELECT pv.activate_retention('contact', 'del', 1);
SELECT relation, rule, rows, hint FROM pv.preview_purge();
SELECT pv.activate_retention('customer', 'del', 1);
CALL pv.purge();
SELECT id, name FROM customer ORDER BY id;
SELECT * FROM contact ORDER BY id;
CALL pv.purge();
SELECT id, name FROM customer ORDER BY id;
SELECT * FROM contact ORDER BY id;
SELECT relation, operation, old, new FROM pv.audit_trail ORDER BY id;
SELECT name, message FROM pv.duty_failure;

-- Texts
CREATE TABLE member (id int PRIMARY KEY, name text, left_on date);
CREATE TABLE note (id int PRIMARY KEY, member_id int REFERENCES member, body text, who text);
CREATE INDEX ON note (member_id);
SELECT pv.declare_subject('member'), pv.declare_link('note', '{member_id}', 'member');
SELECT pv.declare_personal('member', '{name}', 'identifying'), pv.declare_personal('note', '{body}', 'text', erase_with => 'redact'), pv.declare_personal('note', '{who}', 'identifying');
SELECT pv.declare_retention('note', 'n', '1 year', 'left_on', 'policy', over => 'member');
INSERT INTO member VALUES (1,'Ada Berg','2001-01-01'),(2,'Odd Lie',NULL);
INSERT INTO note VALUES (1,1,'Ada Berg called','Ada'),(2,2,'Odd Lie called','Odd'),(3,NULL,'nobody','N');
SELECT relation, rule, rows, hint FROM pv.preview_purge() WHERE relation = 'note'::regclass;
SELECT pv.activate_retention('note', 'n', 1);
CALL pv.purge('note');
SELECT * FROM note ORDER BY id;
SELECT name, message FROM pv.duty_failure;
SELECT * FROM pv.overdue WHERE relation = 'note'::regclass;

-- Partitions, and several paths of two links; what leaves and returns, and another name
CREATE TABLE p (id int PRIMARY KEY, ended date, name text);
CREATE TABLE mid (id int PRIMARY KEY, a int REFERENCES p, b int REFERENCES p);
CREATE TABLE ev (id int, mid int REFERENCES mid, day date, txt text) PARTITION BY RANGE (id);
CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM (0) TO (100);
CREATE TABLE ev2 (day date, txt text, id int, mid int);
ALTER TABLE ev ATTACH PARTITION ev2 FOR VALUES FROM (100) TO (200);
CREATE INDEX ON ev (mid);
CREATE INDEX ON mid (a);
CREATE INDEX ON mid (b);
SELECT pv.declare_subject('p'), pv.declare_link('mid', '{a}', 'p'), pv.declare_link('mid', '{b}', 'p'), pv.declare_link('ev', '{mid}', 'mid');
SELECT pv.declare_personal('ev', '{txt}', 'x', link => '*');
INSERT INTO p VALUES (1,'2001-01-01'),(2,'2002-01-01'),(3,NULL);
INSERT INTO mid VALUES (1,1,2),(2,1,3),(3,1,NULL),(4,NULL,NULL);
INSERT INTO ev SELECT g*50+i, i, NULL, 't' FROM generate_series(1,4) i, generate_series(0,2,2) g;
SELECT pv.declare_retention('ev', 'e', '1 year', 'ended', 'policy', over => 'p');
SELECT relation, rule, rows, oldest FROM pv.preview_purge() WHERE relation = 'ev'::regclass;
SELECT pv.activate_retention('ev', 'e', 4);
CALL pv.purge('ev');
SELECT tableoid::regclass, * FROM ev ORDER BY id;
SELECT problem FROM pv.check_map() WHERE relation ~ 'ev$' AND problem ~ 'retention';
ALTER TABLE ev DETACH PARTITION ev2;
SELECT relation, name, after, condition, "over", through, state FROM pv.retention WHERE "over" = 'p'::regclass ORDER BY 1;
ALTER TABLE ev ATTACH PARTITION ev2 FOR VALUES FROM (100) TO (200);
ALTER TABLE p RENAME ended TO finished;
SELECT relation, name, after, condition, "over", through, state FROM pv.retention WHERE "over" = 'p'::regclass ORDER BY 1;
UPDATE p SET finished = '2003-01-01' WHERE id = 3;
INSERT INTO mid VALUES (5, 3, 3);
INSERT INTO ev VALUES (5, 5, NULL, 't');
SELECT rows, oldest FROM pv.preview_purge() WHERE relation = 'ev'::regclass;

-- A key that a table and its child may hold both
CREATE TABLE base (id int PRIMARY KEY, ended date, name text);
CREATE TABLE child () INHERITS (base);
CREATE TABLE thing (id int PRIMARY KEY, base_id int, txt text);
CREATE INDEX ON thing (base_id);
INSERT INTO base VALUES (1,'2001-01-01','a');
INSERT INTO child VALUES (1,NULL,'b'),(2,'2001-01-01','c');
INSERT INTO thing VALUES (1,1,'x'),(2,2,'y');
SELECT pv.declare_subject('base'), pv.declare_link('thing', '{base_id}', 'base'), pv.declare_personal('thing', '{txt}', 'x');
SELECT pv.declare_retention('thing', 't', '1 year', 'ended', 'p', over => 'base');
SELECT rows FROM pv.preview_purge() WHERE rule = 't';
SELECT pv.activate_retention('thing', 't', 1);
CALL pv.purge('thing');
SELECT * FROM thing ORDER BY id;

-- Links that are no key: an element of an array, a number in a text
CREATE TABLE fellow (id int PRIMARY KEY, name text, left_on date);
CREATE TABLE talk (id int PRIMARY KEY, fellows int[], body text);
CREATE TABLE entry (id int PRIMARY KEY, ref text, body text);
CREATE INDEX ON talk USING gin (fellows);
SELECT pv.declare_subject('fellow'),
       pv.declare_link('talk', NULL, 'fellow', name => 'fellows', expression => 'fellows'),
       pv.declare_link('entry', NULL, 'fellow', name => 'ref', expression => $$CASE WHEN ref LIKE 'user:%' THEN split_part(ref, ':', 2) END$$) \g /dev/null
SELECT pv.declare_personal('talk', '{body}', 'text', link => '*'), pv.declare_personal('entry', '{body}', 'text');
INSERT INTO fellow VALUES (1, 'Ann', '2001-01-01'), (2, 'Bo', '2003-01-01'), (3, 'Cy', NULL);
INSERT INTO talk VALUES (1, '{1,2}', 'x'), (2, '{2,3}', 'x'), (3, '{}', 'x'), (4, '{1}', 'x');
INSERT INTO entry VALUES (1, 'user:1', 'x'), (2, 'user:3', 'x'), (3, 'order:1', 'x');
SELECT pv.declare_retention('talk', 'left', '1 year', 'left_on', 'policy', over => 'fellow'),
       pv.declare_retention('entry', 'left', '1 year', 'left_on', 'policy', over => 'fellow');
SELECT relation, rows FROM pv.preview_purge() WHERE rule = 'left' ORDER BY 1;
SELECT pv.activate_retention('talk', 'left', 2), pv.activate_retention('entry', 'left', 1);
CALL pv.purge('talk');
CALL pv.purge('entry');
SELECT id, body FROM talk ORDER BY id;
SELECT id, body FROM entry ORDER BY id;
SELECT relation, problem FROM pv.check_map() WHERE problem ~ 'rule "left"' ORDER BY 1;

-- Rows that several refer to: until the last of them has left
CREATE TABLE lodger (id int PRIMARY KEY, name text, left_on date, address_id int);
CREATE TABLE address (id int PRIMARY KEY, street text);
CREATE INDEX ON lodger (address_id);
INSERT INTO address VALUES (1, 'A'), (2, 'B'), (3, 'C'), (4, 'D');
INSERT INTO lodger VALUES (1, 'Ann', '2001-01-01', 1), (2, 'Bo', NULL, 1), (3, 'Cy', '2001-01-01', 2), (4, 'Di', '2002-01-01', 2), (5, 'Ed', NULL, 3);
SELECT pv.declare_subject('lodger'), pv.declare_link('address', '{id}', 'lodger', '{address_id}', shared => 'last');
SELECT pv.declare_personal('address', '{street}', 'address');
SELECT pv.declare_retention('address', 'gone', '1 year', 'left_on', 'policy', over => 'lodger');
SELECT rows, oldest FROM pv.preview_purge() WHERE rule = 'gone';
SELECT pv.activate_retention('address', 'gone', 1);
CALL pv.purge('address');
SELECT * FROM address ORDER BY id;
RESET search_path;
DROP SCHEMA purge_clock_up_rows CASCADE;
DROP EXTENSION pvext;
