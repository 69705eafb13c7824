-- Whose row it is: rows of two persons, of none, and of persons far away.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE SCHEMA owner;
SET search_path = owner;
SET client_min_messages = error;    -- of missing indexes

-- The sender and the receiver of a message
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE message (id int PRIMARY KEY, sender int REFERENCES person, receiver int REFERENCES person,
                      "from" text, "to" text, body text, subject text);
\o /dev/null
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{name}', 'identifying');
SELECT pv.link_foreign_keys('person');
\o
SELECT pv.declare_personal('message', '{body}', 'content');
\echo :SQLSTATE
SELECT pv.declare_personal('message', '{body}', 'content', link => 'reader');
\echo :SQLSTATE
\o /dev/null
SELECT pv.declare_personal('message', '{from,body}', 'content', link => 'sender');
SELECT pv.declare_personal('message', '{to}', 'content', link => 'receiver');
SELECT pv.declare_personal('message', '{subject}', 'content', link => '*');
\o
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
    TRUNCATE person, message;
    INSERT INTO person VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid');
    INSERT INTO message VALUES
        (10, 1, 2, 'Ann', 'Bob', 'from Ann', 'Ann to Bob'), (11, 2, 1, 'Bob', 'Ann', 'from Bob', 'Bob to Ann'),
        (12, 1, 1, 'Ann', 'Ann', 'to myself', 'Ann to Ann'), (13, 2, 3, 'Bob', 'Cid', 'from Bob', 'Bob to Cid'),
        (14, NULL, 1, 'Eve', 'Ann', 'from outside', 'Eve to Ann');
$$;
SELECT fill() \g /dev/null
-- Ann alone
BEGIN;
SELECT state, rows_anonymised FROM pv.erase_subject('person', 1);
SELECT * FROM message ORDER BY id;
SELECT * FROM pv.verify_erasure('person', 1);
SELECT relation, column_name, rows FROM pv.verify_erasure('person', 2) ORDER BY relation::text, column_name;
ROLLBACK;
-- Bob alone
BEGIN;
SELECT state, rows_anonymised FROM pv.erase_subject('person', 2);
SELECT * FROM message ORDER BY id;
ROLLBACK;
-- both, one after the other, and together
SELECT state, rows_anonymised FROM pv.erase_subject('person', 1);
SELECT state, rows_anonymised FROM pv.erase_subject('person', 2);
CREATE TABLE one_by_one AS SELECT * FROM message;
SELECT * FROM message ORDER BY id;
SELECT name FROM person ORDER BY id;
SELECT fill() \g /dev/null
SELECT state FROM pv.erase_subjects('person', '{2,1}');
TABLE message EXCEPT TABLE one_by_one;

-- Two subject tables with the same numeric ids
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE employee (id int PRIMARY KEY, name text);
CREATE TABLE ticket (id int PRIMARY KEY, customer int REFERENCES customer, employee int REFERENCES employee,
                     complaint text, answer text);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO employee VALUES (1, 'Eve'), (2, 'Fay');
INSERT INTO ticket VALUES (1, 1, 1, 'Ann asks', 'Eve answers'), (2, 2, 1, 'Bob asks', 'Eve answers'),
                          (3, 1, 2, 'Ann asks', 'Fay answers');
\o /dev/null
SELECT pv.declare_subject('customer'), pv.declare_subject('employee');
SELECT pv.declare_personal('customer', '{name}', 'x'), pv.declare_personal('employee', '{name}', 'x');
SELECT pv.link_foreign_keys('customer'), pv.link_foreign_keys('employee');
SELECT pv.declare_personal('ticket', '{complaint}', 'x', link => 'customer');
SELECT pv.declare_personal('ticket', '{answer}', 'x', link => 'employee');
SELECT pv.place_hold('employee', 1, 'a lawsuit');
\o
SELECT subject, state, rows_anonymised, blocked_by FROM pv.erase_subject('customer', 1);
SELECT * FROM ticket ORDER BY id;
TABLE employee;
SELECT subject, state, rows_anonymised, blocked_by FROM pv.erase_subject('employee', 1);
SELECT subject, state, rows_anonymised, blocked_by FROM pv.erase_subject('employee', 2);
SELECT * FROM ticket ORDER BY id;
SELECT count(*) AS requests, count(DISTINCT former_digest) AS digests FROM pv.erasure
WHERE subject IN ('customer'::regclass, 'employee'::regclass);

-- A row that is reached by two paths is written once; where they lead to two
-- persons, it is both's.
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE project (id int PRIMARY KEY, client int REFERENCES client, title text);
CREATE TABLE bill (id int PRIMARY KEY, client int REFERENCES client, address text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project, bill int REFERENCES bill, note text, billing text);
CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO owner.write VALUES (TG_TABLE_NAME, OLD.id); RETURN NEW; END $$;
CREATE TABLE write (relation text, id int);
CREATE TRIGGER count_write BEFORE UPDATE ON task FOR EACH ROW EXECUTE FUNCTION count_write();
INSERT INTO client VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO project VALUES (1, 1, 'Ann''s house'), (2, 2, 'Bob''s house');
INSERT INTO bill VALUES (1, 1, 'Ann''s street'), (2, 2, 'Bob''s street');
INSERT INTO task VALUES (1, 1, 1, 'note', 'to Ann'), (2, 1, 2, 'note', 'to Bob'), (3, 2, 2, 'note', 'to Bob'),
                        (4, 1, NULL, 'note', NULL), (5, NULL, 1, 'note', 'to Ann');
\o /dev/null
SELECT pv.declare_subject('client');
SELECT pv.link_foreign_keys('client', 2);
SELECT pv.declare_personal('client', '{name}', 'x'), pv.declare_personal('project', '{title}', 'x'),
       pv.declare_personal('bill', '{address}', 'x'), pv.declare_personal('task', '{note}', 'x', link => '*'),
       pv.declare_personal('task', '{billing}', 'x', link => 'bill');
\o
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('client', 1) ORDER BY relation::text, column_name;
SELECT state, rows_anonymised FROM pv.erase_subject('client', 1);
SELECT * FROM task ORDER BY id;
SELECT id, count(*) FROM write GROUP BY id ORDER BY id;
SELECT relation, column_name, rows FROM pv.verify_erasure('client', 2) ORDER BY relation::text, column_name;

-- Rows whose only way to a person is NULL are nobody's, and are reported.
CREATE TABLE buyer (id int PRIMARY KEY, name text);
CREATE TABLE sale (id int PRIMARY KEY, buyer int REFERENCES buyer, address text);
CREATE TABLE parcel (id int PRIMARY KEY, sale int REFERENCES sale, address text);
CREATE INDEX ON sale (buyer);
CREATE INDEX ON parcel (sale);
INSERT INTO buyer VALUES (1, 'Ann');
INSERT INTO sale VALUES (1, 1, 'street'), (2, NULL, 'street');
INSERT INTO parcel VALUES (1, 1, 'street'), (2, 2, 'street'), (3, NULL, 'street');
\o /dev/null
SELECT pv.declare_subject('buyer');
SELECT pv.link_foreign_keys('buyer', 2);
SELECT pv.declare_personal('buyer', '{name}', 'x'), pv.declare_personal('sale', '{address}', 'x'),
       pv.declare_personal('parcel', '{address}', 'x');
\o
SELECT state, rows_anonymised FROM pv.erase_subject('buyer', 1);
SELECT * FROM sale ORDER BY id;
SELECT * FROM parcel ORDER BY id;
SELECT relation, problem FROM pv.check_map() WHERE relation ~ 'sale|parcel|buyer' ORDER BY 1;
UPDATE sale SET buyer = 1 WHERE id = 2;
UPDATE parcel SET sale = 2 WHERE id = 3;
SELECT relation, problem FROM pv.check_map() WHERE relation ~ 'sale|parcel|buyer' ORDER BY 1;
SELECT state, rows_anonymised FROM pv.erase_subject('buyer', 1);
SELECT count(*) FILTER (WHERE s.address IS NULL) AS sales, count(*) FILTER (WHERE p.address IS NULL) AS parcels
FROM parcel p JOIN sale s ON s.id = p.sale;

-- A chain of five tables
CREATE TABLE guest (id int PRIMARY KEY, name text);
CREATE TABLE stay (id int PRIMARY KEY, guest int REFERENCES guest, room text);
CREATE TABLE meal (id int PRIMARY KEY, stay int REFERENCES stay);
CREATE TABLE dish (id int PRIMARY KEY, meal int REFERENCES meal, wish text);
CREATE TABLE complaint (id int PRIMARY KEY, dish int REFERENCES dish, body text);
INSERT INTO guest VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO stay SELECT i, 1 + i % 2, 'room ' || i FROM generate_series(1, 4) i;
INSERT INTO meal SELECT i, 1 + i % 4 FROM generate_series(1, 8) i;
INSERT INTO dish SELECT i, 1 + i % 8, 'no salt' FROM generate_series(1, 16) i;
INSERT INTO complaint SELECT i, 1 + i % 16, 'too salty' FROM generate_series(1, 32) i;
\o /dev/null
SELECT pv.declare_subject('guest');
SELECT pv.link_foreign_keys('guest', 4);
SELECT pv.declare_personal('guest', '{name}', 'x'), pv.declare_personal('stay', '{room}', 'x'),
       pv.declare_personal('dish', '{wish}', 'x'), pv.declare_personal('complaint', '{body}', 'x');
\o
SELECT state, rows_anonymised FROM pv.erase_subject('guest', 1);
SELECT s.guest, count(DISTINCT s.id) AS stays, count(DISTINCT d.id) AS dishes, count(c.id) AS complaints,
       count(DISTINCT s.id) FILTER (WHERE s.room IS NOT NULL) AS rooms,
       count(DISTINCT d.id) FILTER (WHERE d.wish IS NOT NULL) AS wishes,
       count(c.body) AS bodies
FROM stay s JOIN meal m ON m.stay = s.id JOIN dish d ON d.meal = m.id JOIN complaint c ON c.dish = d.id
GROUP BY s.guest ORDER BY s.guest;

-- References to oneself and cycles take nobody along.
CREATE TABLE worker (id int PRIMARY KEY, name text, boss int REFERENCES worker, department int);
CREATE TABLE department (id int PRIMARY KEY, head int REFERENCES worker, head_phone text);
ALTER TABLE worker ADD FOREIGN KEY (department) REFERENCES department;
INSERT INTO worker VALUES (1, 'Ann', NULL, NULL), (2, 'Bob', 1, NULL), (3, 'Cid', 1, NULL);
UPDATE worker SET boss = 2 WHERE id = 1;    -- bosses of each other
INSERT INTO department VALUES (1, 1, '555-1'), (2, 2, '555-2');
UPDATE worker SET department = 1;
\o /dev/null
SELECT pv.declare_subject('worker');
SELECT pv.link_foreign_keys('worker', 5);
SELECT pv.declare_personal('worker', '{name}', 'x');
SELECT pv.declare_personal('department', '{head_phone}', 'x', link => 'head');
\o
SELECT relation, name, parent FROM pv.link WHERE relation IN ('worker'::regclass, 'department') ORDER BY relation::text, 2;
SELECT state, rows_anonymised FROM pv.erase_subject('worker', 1);
SELECT * FROM worker ORDER BY id;
SELECT * FROM department ORDER BY id;

-- A thread belongs to whoever began it, when that is declared: links may form a
-- cycle, and so may the rows.
CREATE TABLE member (id int PRIMARY KEY, name text);
CREATE TABLE post (id int PRIMARY KEY, member int REFERENCES member, reply_to int REFERENCES post, body text);
CREATE TABLE reaction (id int PRIMARY KEY, post int REFERENCES post, word text);
INSERT INTO member VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO post VALUES (1, 1, NULL, 'first'), (2, NULL, 1, 'second'), (3, NULL, 2, 'third'), (4, NULL, 3, 'fourth'),
                        (5, 2, NULL, 'other'), (6, NULL, 5, 'other');
UPDATE post SET reply_to = 4 WHERE id = 1;
INSERT INTO reaction VALUES (1, 4, 'yes'), (2, 6, 'no');
\o /dev/null
SELECT pv.declare_subject('member');
SELECT pv.declare_link('post', '{member}', 'member'), pv.declare_link('post', '{reply_to}', 'post'),
       pv.declare_link('reaction', '{post}', 'post');
SELECT pv.declare_personal('member', '{name}', 'x'), pv.declare_personal('post', '{body}', 'x', link => '*'),
       pv.declare_personal('reaction', '{word}', 'x', link => '*');
\o
SELECT state, rows_anonymised FROM pv.erase_subject('member', 1);
SELECT * FROM post ORDER BY id;
SELECT * FROM reaction ORDER BY id;

DROP SCHEMA owner CASCADE;
