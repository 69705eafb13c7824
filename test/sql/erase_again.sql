-- Erased subjects that are there again, by a subscription say, are noticed and reported, not erased.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
SET pvext.erasure_limit = 0;
CREATE TABLE customer (id int PRIMARY KEY, name text, mail text);
CREATE TABLE note (id int PRIMARY KEY, customer_id int REFERENCES customer, body text);
CREATE INDEX ON note (customer_id);
INSERT INTO customer SELECT i, 'name ' || i, i || '@here' FROM generate_series(1, 9) i;
INSERT INTO note SELECT i, i, 'note ' || i FROM generate_series(1, 9) i;
SELECT pv.declare_subject('customer'), pv.link_foreign_keys('customer'), pv.declare_personal('customer', '{name,mail}', 'identifying'), pv.declare_personal('note', '{body}', 'text');
SELECT count(*) FROM pv.erase_subjects('customer', '{1,2,3,4}') WHERE state = 'completed';
CALL pv.run_duties('{expire}');
SELECT * FROM pv.erasure_undone;
-- what a publisher sends: the whole row as it was; or a row of another table
SET session_replication_role = replica;
UPDATE customer SET name = 'name 2', mail = '2@here' WHERE id = 2;
UPDATE note SET body = 'note 3' WHERE id = 3;
RESET session_replication_role;
UPDATE customer SET name = 'another name' WHERE id = 9;
CALL pv.run_duties('{expire}');
SELECT subject, since = seen_at, completed_at < since FROM pv.erasure_undone;
SELECT regexp_replace(item, '[0-9a-f-]{36}', 'ID') AS item, state, detail, alarm FROM pv.status WHERE state = 'undone';
SELECT relation, severity, problem, hint FROM pv.check_map();
SELECT v.relation, v.column_name, v.rows FROM pv.erasure_undone AS u, pv.verify_erasure(u.erasure) AS v ORDER BY 1, 2;
SELECT id, name FROM customer WHERE id <= 4 ORDER BY id;
-- it is seen again, and reported once
CALL pv.run_duties('{expire}');
SELECT count(*), bool_and(since < seen_at) FROM pv.erasure_undone;
-- erased again, or taken back
SELECT state FROM pv.erase_subject('customer', 2);
UPDATE note SET body = NULL WHERE id = 3;
CALL pv.run_duties('{expire}');
CALL pv.run_duties('{expire}');
SELECT * FROM pv.erasure_undone;
SELECT count(*) FROM pv.reappeared;
-- gone for good after it was seen
UPDATE customer SET name = 'name 1' WHERE id = 1;
CALL pv.run_duties('{expire}');
SELECT count(*) FROM pv.erasure_undone;
DELETE FROM note WHERE customer_id = 1;
DELETE FROM customer WHERE id = 1;
CALL pv.run_duties('{expire}');
CALL pv.run_duties('{expire}');
SELECT count(*) FROM pv.erasure_undone;
-- deleted, and back
INSERT INTO customer VALUES (1, 'name 1', '1@here');
CALL pv.run_duties('{expire}');
SELECT count(*) FROM pv.erasure_undone;
-- whose request is open again is not said
SELECT pv.place_hold('customer', 1, 'court');
SELECT state FROM pv.erase_subject('customer', 1);
SELECT count(*) FROM pv.erasure_undone;

-- a key that is personal: back under the former one
CREATE TABLE member (mail text, no int, name text, PRIMARY KEY (mail, no)) PARTITION BY LIST (no);
CREATE TABLE member_1 PARTITION OF member FOR VALUES IN (1);
CREATE TABLE member_2 PARTITION OF member FOR VALUES IN (2);
INSERT INTO member SELECT i || '@here', 1 + i % 2, 'name ' || i FROM generate_series(1, 9) i;
SELECT pv.declare_subject('member'), pv.declare_personal('member', '{mail,name}', 'identifying');
SELECT count(*) FROM pv.erase_subjects('member', '{"(1@here,2)","(2@here,1)"}') WHERE state = 'completed';
CALL pv.run_duties('{expire}');
SELECT count(*) FROM pv.erasure_undone;
INSERT INTO member VALUES ('1@here', 2, 'name 1'), ('1@here', 1, 'somebody else');
CALL pv.run_duties('{expire}');
CALL pv.run_duties('{expire}');
SELECT subject FROM pv.erasure_undone;

-- so many pages in a round: the rest comes later
CREATE TABLE many (id int PRIMARY KEY, name text, filler text DEFAULT repeat('x', 700));
ALTER TABLE many ALTER filler SET STORAGE PLAIN;
INSERT INTO many SELECT i, 'name ' || i FROM generate_series(1, 1500) i;
SELECT pg_relation_size('many') / 8192 AS pages;
SELECT pv.declare_subject('many'), pv.declare_personal('many', '{name}', 'identifying'), pv.declare_not_personal('many');
SELECT state FROM pv.erase_subject('many', 1500);
SELECT state FROM pv.erase_subject('many', 1);
UPDATE many SET name = 'back' WHERE id IN (1, 1500);
CALL pv.run_duties('{expire}');
SELECT count(*) FROM pv.erasure_undone WHERE subject = 'many'::regclass;
CALL pv.run_duties('{expire}');
CALL pv.run_duties('{expire}');
SELECT count(*) FROM pv.erasure_undone WHERE subject = 'many'::regclass;
-- a table of which it cannot be told stands in nobody's way
ALTER TABLE many DROP COLUMN name;
CALL pv.run_duties('{expire}');
SELECT f.duty, f.name, r.name FROM pv.duty_failure AS f JOIN pv.relation AS r ON r.id = f.relation_id;
SELECT duty, state FROM pv.run_log ORDER BY id DESC LIMIT 1;
SET client_min_messages = error;
DROP TABLE many;
CALL pv.run_duties('{expire}');
SELECT count(*) FROM pv.duty_failure;
