-- A key that is given to somebody else while a request is open: the request is not carried out
-- on the one who has it now.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA trait;
SET search_path = trait;
CREATE ROLE regress_trait_asks;
CREATE ROLE regress_trait_approves;
GRANT USAGE ON SCHEMA trait TO regress_trait_asks, regress_trait_approves;
SELECT pv.grant_role('regress_trait_asks', 'officer'), pv.grant_role('regress_trait_approves', 'officer');

CREATE TABLE customer (id int PRIMARY KEY, name text, email text, phone text, city text, active boolean);
CREATE TABLE bill (id int PRIMARY KEY, customer_id int, kept_to date, address text);
CREATE INDEX ON bill (customer_id);
SELECT pv.declare_subject('customer');
SELECT pv.declare_link('bill', '{customer_id}', 'customer');
SELECT pv.declare_personal('customer', '{name,email,phone}', 'identifying');
SELECT pv.declare_personal('customer', '{city}', 'address');
SELECT pv.declare_personal('bill', '{address}', 'address');
SELECT pv.declare_retention('bill', 'books', '0', 'kept_to', 'the books', mandatory => true);
SELECT pv.declare_blocker('customer', 'active', 'subject.active', 'is a customer');
CREATE FUNCTION next_one(int) RETURNS void LANGUAGE sql
    BEGIN ATOMIC
        DELETE FROM customer WHERE id = $1;
        INSERT INTO customer VALUES ($1, 'Bo', 'bo@x.no', '987 65 432', 'Oslo', false);
    END;
CREATE VIEW request AS SELECT key, state, blocked_by, traits IS NOT NULL AS traits FROM pv.erasure_ledger ORDER BY requested_at DESC, key LIMIT 1;
CREATE VIEW failure AS SELECT name = (SELECT CAST(id AS text) FROM pv.erasure_ledger ORDER BY requested_at DESC LIMIT 1) AS of_request, sqlstate, message, hint FROM pv.duty_failure;

-- Blocked, and then another's, who lives in the same city
INSERT INTO customer VALUES (1, 'Anna', 'anna@x.no', '123 45 678', 'Oslo', true);
INSERT INTO bill VALUES (1, 1, '2001-01-01', 'Storgata 1');
SELECT state FROM pv.erase_subject('customer', 1);
SELECT * FROM request;
SELECT next_one(1);
CALL pv.run_duties();
TABLE customer;
TABLE bill;
SELECT * FROM request;
SELECT * FROM failure;
SELECT state, error, alarm FROM pv.status WHERE item = 'erase';
-- Nor is it when it is blocked once more, and free again.
UPDATE customer SET active = true;
UPDATE pv.duty_failure SET retry_at = now();
CALL pv.run_duties();
UPDATE customer SET active = false;
UPDATE pv.duty_failure SET retry_at = now();
CALL pv.run_duties();
SELECT name FROM customer;
SELECT * FROM failure;
-- What can be done: end it,
SELECT state, key FROM pv.cancel_erasure((SELECT id FROM pv.erasure WHERE key = '1'), 'she was deleted');
SELECT * FROM request;
CALL pv.run_duties();
SELECT * FROM failure;
SELECT name FROM customer;
SELECT alarm FROM pv.status WHERE item = 'erase';
-- or ask again, of whoever has the key.
UPDATE customer SET active = true;
SELECT state FROM pv.erase_subject('customer', 1);
UPDATE customer SET name = 'Carl', email = 'carl@x.no', phone = NULL, active = false;
CALL pv.run_duties();
SELECT sqlstate FROM failure;
SELECT state FROM pv.erase_subject('customer', 1);
TABLE customer;
SELECT * FROM request;
SELECT * FROM failure;
DELETE FROM customer;

-- Who moves, marries or gets another number is the same person.
INSERT INTO customer SELECT i, 'Dora', 'dora@x.no', '123', 'Oslo', true FROM generate_series(11, 15) AS i;
SELECT state FROM pv.erase_subjects('customer', '{11,12,13,14,15}');
UPDATE customer SET city = 'Moss' WHERE id = 11;
UPDATE customer SET name = 'Dora Dahl', phone = '456' WHERE id = 12;   -- the address is there still
UPDATE customer SET email = 'dd@x.no', city = 'Moss' WHERE id = 13;    -- two of three are
UPDATE customer SET name = NULL, email = NULL, phone = '' WHERE id = 14;   -- nothing is left to tell by: it may be anybody
UPDATE customer SET email = 'dd@x.no', phone = '456' WHERE id = 15;    -- too little is left
CALL pv.run_duties();
-- It is looked at anew each time that it is gone on with.
UPDATE customer SET active = false;
CALL pv.run_duties();
SELECT c.id, c.name, e.state FROM customer AS c LEFT JOIN pv.erasure AS e ON e.key = CAST(c.id AS text) ORDER BY 1;
SELECT state FROM pv.erase_subject('customer', 15);
CALL pv.run_duties();
DELETE FROM customer;

-- Done in part, while a bill is kept: what has gone says nothing, and what has come since is not
-- what was asked for.
INSERT INTO customer VALUES (21, 'Eva', 'eva@x.no', NULL, 'Oslo', false), (22, 'Finn', 'finn@x.no', NULL, 'Oslo', false);
INSERT INTO bill VALUES (21, 21, 'infinity', 'Storgata 21'), (22, 22, 'infinity', 'Storgata 22');
SELECT key, state FROM pv.erase_subjects('customer', '{21,22}');
SELECT key, state, cardinality(traits) FROM pv.erasure_ledger WHERE state = 'partial' ORDER BY key;
SELECT next_one(21);
UPDATE bill SET kept_to = '2001-01-01';
SET pvext.unblock_delay = 0;
UPDATE pv.erasure_ledger SET retained_until = now() - interval '1 hour', tried_at = NULL WHERE state = 'partial';
CALL pv.run_duties();
SELECT id, name, city FROM customer ORDER BY id;
SELECT id, address FROM bill WHERE id > 20 ORDER BY id;
SELECT key, state FROM pv.erasure WHERE key IS NOT NULL;
SELECT sqlstate FROM failure;
SELECT state, key FROM pv.cancel_erasure((SELECT id FROM pv.erasure WHERE key = '21'), 'he was deleted');
-- What is done in part is not cancelled otherwise.
INSERT INTO customer VALUES (23, 'Geir', 'geir@x.no', NULL, 'Oslo', false);
INSERT INTO bill VALUES (23, 23, 'infinity', 'Storgata 23');
SELECT state FROM pv.erase_subject('customer', 23);
SELECT state FROM pv.cancel_erasure((SELECT id FROM pv.erasure WHERE key = '23'), 'why not');
\echo :SQLSTATE
UPDATE bill SET kept_to = '2001-01-01';
SELECT state FROM pv.erase_subject('customer', 23);

-- A row that is gone when it is looked at ends the request; who comes next has nothing to do with it.
INSERT INTO customer VALUES (31, 'Hans', 'hans@x.no', NULL, 'Oslo', true);
SELECT state FROM pv.erase_subject('customer', 31);
DELETE FROM customer WHERE id = 31;
CALL pv.run_duties();
SELECT * FROM request;
SELECT next_one(31);
CALL pv.run_duties();
SELECT id, name FROM customer WHERE id = 31;

-- Approving is going on with it.
SET pvext.erasure_approvals = 1;
INSERT INTO customer VALUES (41, 'Ida', 'ida@x.no', NULL, 'Oslo', false);
SET SESSION AUTHORIZATION regress_trait_asks;
SELECT state FROM pv.erase_subject('customer', 41);
RESET SESSION AUTHORIZATION;
SELECT next_one(41);
SET SESSION AUTHORIZATION regress_trait_approves;
SELECT state FROM pv.approve_erasure((SELECT id FROM pv.erasure WHERE key = '41'));
\echo :SQLSTATE
SELECT state, approved_by FROM pv.erasure WHERE key = '41';
SET SESSION AUTHORIZATION regress_trait_asks;
SELECT state FROM pv.erase_subject('customer', 41);
SET SESSION AUTHORIZATION regress_trait_approves;
SELECT state FROM pv.approve_erasure((SELECT id FROM pv.erasure WHERE key = '41'));
RESET SESSION AUTHORIZATION;
SELECT name, city FROM customer WHERE id = 41;
RESET pvext.erasure_approvals;

-- Where nothing is called identifying all that is personal is looked at, but the key; where
-- there is nothing more, it is not told.
CREATE TABLE login (mail text PRIMARY KEY, nick text, active boolean);
SELECT pv.declare_subject('login');
SELECT pv.declare_personal('login', '{mail}', 'address', erase_with => 'token');
SELECT pv.declare_personal('login', '{nick}', 'name');
SELECT pv.declare_blocker('login', 'active', 'subject.active', 'is there');
INSERT INTO login VALUES ('j@x.no', 'jon', true);
SELECT state FROM pv.erase_subject('login', 'j@x.no'::text);
UPDATE login SET nick = 'jan', active = false;
CALL pv.run_duties();
TABLE login;
SELECT pv.undeclare_personal('login', '{nick}');
SELECT pv.declare_not_personal('login', '{nick}');
UPDATE pv.duty_failure SET retry_at = now();
CALL pv.run_duties();
SELECT mail LIKE 'j@%' AS j, nick FROM login;

-- Nobody who says nothing of himself is taken for who said something.
INSERT INTO customer VALUES (60, 'Anna', 'anna@x.no', NULL, 'Oslo', true);
SELECT state FROM pv.erase_subject('customer', 60);
DELETE FROM customer WHERE id = 60;
INSERT INTO customer VALUES (60, NULL, '', NULL, 'a guest''s', false);
CALL pv.run_duties();
SELECT * FROM customer WHERE id = 60;
SELECT * FROM request;
SELECT * FROM failure;

RESET search_path;
SET client_min_messages = warning;
SELECT pv.revoke_role('regress_trait_asks', 'officer'), pv.revoke_role('regress_trait_approves', 'officer');
DROP SCHEMA trait CASCADE;
DROP EXTENSION pvext;
DROP ROLE regress_trait_asks, regress_trait_approves;
