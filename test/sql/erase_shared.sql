-- Rows that persons refer to go with the last of them who lives, by any path.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE ROLE pvext_shared_places;
CREATE ROLE pvext_shared_persons;
CREATE SCHEMA shared;
GRANT USAGE, CREATE ON SCHEMA shared TO pvext_shared_places, pvext_shared_persons;
SET search_path = shared;

--
-- A household: references of the persons' own rows, and of what is theirs
--
CREATE TABLE address (id int PRIMARY KEY, street text);
CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE, firm boolean NOT NULL DEFAULT false, ship int REFERENCES address,
                     bill int REFERENCES address, note text);
CREATE TABLE orders (id int PRIMARY KEY, person int REFERENCES person, bill int REFERENCES address);
CREATE INDEX ON person (ship);
CREATE INDEX ON person (bill);
CREATE INDEX ON orders (person);
CREATE INDEX ON orders (bill);
INSERT INTO address SELECT n, 'Street ' || n FROM generate_series(1, 9) AS n;
INSERT INTO person VALUES
    (1, 'ada@x.example', false, 1, 1, 'ada@x.example of street 1'), (2, 'bob@x.example', false, 1, 2, 'Bob moved from Street 1'),
    (3, 'cyd@x.example', false, NULL, 3, 'Street 3'), (4, 'firm@x.example', true, 4, NULL, 'Street 4'),
    (5, 'eve@x.example', false, 4, 5, NULL), (6, 'fay@x.example', false, 6, NULL, NULL), (7, 'gil@x.example', false, 6, NULL, NULL);
INSERT INTO orders VALUES (10, 3, 2), (11, NULL, 5), (12, 3, 7);
SELECT pv.declare_subject('person', condition => 'NOT firm');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_link('address', '{id}', 'person', '{ship}', shared => 'last', name => 'ship');
SELECT pv.declare_link('address', '{id}', 'person', '{bill}', shared => 'last', name => 'bill');
SELECT pv.declare_link('address', '{id}', 'orders', '{bill}', shared => 'last', name => 'ordered');
SELECT pv.declare_personal('person', '{email}', 'identifying');
SELECT pv.declare_personal('person', '{note}', 'text', erase_with => 'redact');
SELECT pv.declare_personal('address', '{street}', 'identifying', erase_with => 'null');
SELECT pv.declare_not_personal(r) FROM unnest('{person,orders,address}'::regclass[]) AS r;
-- What nobody refers to no erasure takes: 8 and 9.
SELECT relation, problem FROM pv.check_map();

-- Somebody else refers to them: by the same column, by another, by what is his, be it a firm.
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 1);
SELECT state, rows_anonymised FROM pv.erase_subject('person', 1);
SELECT * FROM pv.verify_erasure('person', 1);
TABLE address ORDER BY 1;
-- What they hold names the person all the same.
SELECT id, note FROM person WHERE id < 3 ORDER BY 1;
-- The last of them; 2 is an order's of somebody else.
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 2);
SELECT state, rows_anonymised FROM pv.erase_subject('person', 2);
TABLE address ORDER BY 1;
SELECT state, rows_anonymised FROM pv.erase_subject('person', 3);
SELECT state, rows_anonymised FROM pv.erase_subject('person', 5);
TABLE address ORDER BY 1;
SELECT relation, problem FROM pv.check_map();
-- Both of a household at once.
SELECT state FROM pv.erase_subjects('person', '{7,6}');
TABLE address ORDER BY 1;

-- Asked for, cancelled, held or blocked is not gone; and a key that is given away again is somebody's.
INSERT INTO person (id, email, ship) SELECT n, 'p' || n, 8 FROM generate_series(20, 25) AS n;
SET pvext.erasure_delay = '1d';
SELECT state FROM pv.erase_subject('person', 20);
SELECT state FROM pv.erase_subject('person', 21);
SELECT (pv.cancel_erasure(id, 'no')).state FROM pv.erasure WHERE key = '21';
RESET pvext.erasure_delay;
SELECT pv.declare_blocker('person', 'debt', 'subject.id = 23', 'owes');
SELECT pv.place_hold('person', '22', 'court case') > 0;
SELECT state FROM pv.erase_subjects('person', '{22,23}');
SELECT state FROM pv.erase_subject('person', 24);
SELECT street FROM address WHERE id = 8;
SELECT pv.release_hold(id, 'over') FROM pv.hold;
SELECT pv.undeclare_blocker('person', 'debt');
SELECT (pv.cancel_erasure(id, 'at once')).state FROM pv.erasure WHERE key = '20';
SELECT state FROM pv.erase_subjects('person', '{20,21,22,23}');
UPDATE person SET email = 'somebody new' WHERE id = 24;
SELECT state FROM pv.erase_subject('person', 25);
SELECT street FROM address WHERE id = 8;
SELECT state FROM pv.erase_subject('person', 24);
SELECT street FROM address WHERE id = 8;

-- The last one is deleted, or moves: nobody who lives refers to it, and who does still is asked again.
INSERT INTO address VALUES (30, 'Street 30'), (31, 'Street 31');
INSERT INTO person (id, email, ship) VALUES (30, 'p30', 30), (31, 'p31', 30), (32, 'p32', 31), (33, 'p33', 31);
SELECT state FROM pv.erase_subject('person', 30);
SELECT state FROM pv.erase_subject('person', 32);
DELETE FROM person WHERE id = 31;
UPDATE person SET ship = NULL WHERE id = 33;
SELECT relation, problem FROM pv.check_map();
SELECT * FROM pv.verify_erasure('person', 30);
SELECT state FROM pv.erase_subject('person', 30);
SELECT state FROM pv.erase_subject('person', 32);
SELECT id, street FROM address WHERE id >= 30 ORDER BY 1;
SELECT relation, problem FROM pv.check_map();
DELETE FROM address WHERE id = 9;
SELECT relation, problem FROM pv.check_map();

-- With the first of them.
SELECT pv.undeclare_personal('address');
SELECT pv.undeclare_link('address', name) FROM pv.link WHERE relation = 'address'::regclass;
SELECT pv.declare_link('address', '{id}', 'person', '{ship}', shared => 'any');
SELECT pv.declare_personal('address', '{street}', 'identifying', erase_with => 'null');
INSERT INTO address VALUES (40, 'Street 40'), (41, 'Street 41');
INSERT INTO person (id, email, ship) VALUES (40, 'p40', 40), (41, 'p41', 40), (42, 'p42', 41), (43, 'p43', 41);
SELECT state FROM pv.erase_subject('person', 40);
SELECT pv.place_hold('person', '43', 'court case') > 0;
SELECT state, cardinality(blocked_by) FROM pv.erase_subject('person', 42);
SELECT id, street FROM address WHERE id >= 40 ORDER BY 1;
SELECT pv.release_hold(id, 'over') FROM pv.hold WHERE released_at IS NULL;
SELECT state FROM pv.erase_subject('person', 42);
SELECT id, street FROM address WHERE id >= 40 ORDER BY 1;
DELETE FROM pv.declared_link;
DELETE FROM pv.declared_personal;

--
-- Through a junction whose rows are deleted, on to what the addresses refer to; other owners; the log
--
SET ROLE pvext_shared_places;
CREATE TABLE area (code text PRIMARY KEY, name text);
CREATE TABLE place (id int PRIMARY KEY, street text, area text REFERENCES area);
CREATE INDEX ON place (area);
INSERT INTO area VALUES ('a', 'Area a'), ('b', 'Area b'), ('c', 'Area c');
INSERT INTO place VALUES (1, 'Way 1', 'a'), (2, 'Way 2', 'a'), (3, 'Way 3', 'b'), (4, 'Way 4', 'c');
GRANT REFERENCES ON place TO pvext_shared_persons;
RESET ROLE;
SET ROLE pvext_shared_persons;
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE lives (customer int NOT NULL REFERENCES customer, place int NOT NULL REFERENCES place, PRIMARY KEY (customer, place));
CREATE INDEX ON lives (place);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Ben'), (3, 'Cis');
INSERT INTO lives VALUES (1, 1), (1, 3), (2, 1), (2, 2), (3, 4);
RESET ROLE;
SELECT pv.declare_subject('customer');
SELECT pv.declare_link('lives', '{customer}', 'customer', on_erase => 'delete');
SELECT pv.declare_link('place', '{id}', 'lives', '{place}', shared => 'last');
SELECT pv.declare_link('area', '{code}', 'place', '{area}', shared => 'last');
SELECT pv.declare_personal('customer', '{name}', 'identifying', erase_with => 'constant', parameter => 'gone');
SELECT pv.declare_personal('place', '{street}', 'contact', erase_with => 'null');
SELECT pv.declare_personal('area', '{name}', 'contact', erase_with => 'null');
SELECT pv.enable_audit(r) FROM unnest('{area,place,customer,lives}'::regclass[]) AS r;
UPDATE area SET name = name || '.';
UPDATE place SET street = street || '.';
UPDATE place SET area = 'b' WHERE id = 3;
-- Ann has lived at 4, where Cis lives, and at 2, where Ben does.
INSERT INTO lives VALUES (1, 4), (1, 2);
DELETE FROM lives WHERE customer = 1 AND place IN (4, 2);
SELECT DISTINCT relation, key, new FROM pv.subject_trail('customer', '1') WHERE relation = 'shared.place' ORDER BY 2;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('customer', 1);
TABLE place ORDER BY 1; TABLE area ORDER BY 1; TABLE lives ORDER BY 1, 2;
CREATE VIEW records AS SELECT relation, operation, key, old, new FROM pv.audit_trail ORDER BY relation, id, n;
TABLE records;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subjects('customer', '{3,2}');
TABLE place ORDER BY 1; TABLE area ORDER BY 1; TABLE lives ORDER BY 1, 2;
TABLE records;
SELECT * FROM pv.verify_erasure('customer', 1) UNION ALL SELECT * FROM pv.verify_erasure('customer', 2);
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%nobody who lives%';
DELETE FROM pv.declared_link;
DELETE FROM pv.declared_personal;

--
-- What is kept is found again: references stay as long
--
CREATE TABLE account (id int PRIMARY KEY, iban text, closed date, bank int);
CREATE TABLE bank (id int PRIMARY KEY, clerk text, until date);
CREATE TABLE client (id int PRIMARY KEY, name text, main int REFERENCES account);
CREATE TABLE uses (client int NOT NULL REFERENCES client, account int NOT NULL REFERENCES account, PRIMARY KEY (client, account));
CREATE INDEX ON client (main);
CREATE INDEX ON uses (account);
CREATE INDEX ON account (bank);
INSERT INTO bank VALUES (1, 'clerk 1', '2000-01-01'), (2, 'clerk 2', now() + interval '1 month');
INSERT INTO account VALUES (1, 'NO1', '2000-01-01', 1), (2, 'NO2', now(), 1), (3, 'NO3', now(), NULL), (4, 'NO4', '2000-01-01', 2);
INSERT INTO client VALUES (1, 'Ann', 3), (2, 'Ben', 1), (3, 'Cis', NULL);
INSERT INTO uses VALUES (1, 1), (1, 2), (2, 2), (2, 1), (3, 4);
SELECT pv.declare_subject('client');
SELECT pv.declare_personal('client', '{name}', 'identifying', erase_with => 'constant', parameter => 'gone');
SELECT pv.declare_personal('client', '{main}', 'contact', erase_with => 'null');
SELECT pv.declare_link('uses', '{client}', 'client', on_erase => 'delete');
SELECT pv.declare_link('account', '{id}', 'uses', '{account}', shared => 'last', on_erase => 'delete');
SELECT pv.declare_link('account', '{id}', 'client', '{main}', shared => 'last', name => 'main', on_erase => 'delete');
SELECT pv.declare_personal('account', '{iban}', 'contact', erase_with => 'null');
SELECT pv.declare_link('bank', '{id}', 'account', '{bank}', shared => 'last');
SELECT pv.declare_personal('bank', '{clerk}', 'contact', erase_with => 'null');
SELECT pv.declare_retention('account', 'law', '1 year', 'closed', 'law', mandatory => true);
SELECT pv.declare_retention('bank', 'law', '1 day', 'until', 'law', mandatory => true);
-- 3 is kept by the rule, and so is what refers to it; 1 and 2 are Ben's, too
SELECT relation, column_name, rows, verdict, basis FROM pv.preview_erasure('client', 1);
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('client', 1);
SELECT relation, column_name, rows FROM pv.verify_erasure('client', 1);
SELECT id, iban, bank FROM account ORDER BY 1; TABLE client ORDER BY 1; TABLE uses ORDER BY 1, 2;
-- 2 is kept by the rule, 1 goes; what Cis has leads to what is kept
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subjects('client', '{2,3}');
SELECT id, iban, bank FROM account ORDER BY 1; TABLE client ORDER BY 1; TABLE uses ORDER BY 1, 2; SELECT id, clerk FROM bank ORDER BY 1;
UPDATE account SET closed = '2000-01-01';
UPDATE bank SET until = '2000-01-01';
SELECT state FROM pv.erase_subjects('client', '{1,2,3}');
SELECT id, iban, bank FROM account ORDER BY 1; TABLE client ORDER BY 1; TABLE uses ORDER BY 1, 2; SELECT id, clerk FROM bank ORDER BY 1;
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%nobody who lives%';

--
-- A text of theirs names those who were erased before the last: it goes as a whole
--
CREATE TABLE flat (id int PRIMARY KEY, memo text);
CREATE TABLE tenant (id int PRIMARY KEY, name text, flat int REFERENCES flat);
CREATE INDEX ON tenant (flat);
INSERT INTO flat VALUES (1, 'Ann and Ben, keys with Ann');
INSERT INTO tenant VALUES (1, 'Ann', 1), (2, 'Ben', 1);
SELECT pv.declare_subject('tenant');
SELECT pv.declare_personal('tenant', '{name}', 'identifying');
SELECT pv.declare_link('flat', '{id}', 'tenant', '{flat}', shared => 'last');
SELECT pv.declare_personal('flat', '{memo}', 'text', erase_with => 'redact');
SELECT state FROM pv.erase_subject('tenant', 1);
TABLE flat;
SELECT state FROM pv.erase_subject('tenant', 2);
TABLE flat;
SELECT * FROM pv.verify_erasure('tenant', 2);

--
-- A key that is given away again while rules retain something of whoever had it is somebody's
--
CREATE TABLE house (id int PRIMARY KEY, street text);
CREATE TABLE buyer (id int PRIMARY KEY, name text, since text, house int REFERENCES house);
CREATE TABLE receipt (id int PRIMARY KEY, buyer int NOT NULL REFERENCES buyer, addressee text, on_day date);
CREATE INDEX ON buyer (house);
CREATE INDEX ON receipt (buyer);
INSERT INTO house VALUES (1, 'first'), (2, 'second');
INSERT INTO buyer VALUES (1, 'Cleo', 'kept', 1), (2, 'Dag', 'kept', 2);
INSERT INTO receipt VALUES (1, 1, 'Cleo', current_date);
SELECT pv.declare_subject('buyer'), pv.declare_link('receipt', '{buyer}', 'buyer');
SELECT pv.declare_link('house', '{id}', 'buyer', '{house}', shared => 'last');
SELECT pv.declare_personal('buyer', '{name}', 'identifying'), pv.declare_personal('buyer', '{since}', 'other'),
       pv.declare_personal('receipt', '{addressee}', 'identifying'), pv.declare_personal('house', '{street}', 'address');
SELECT pv.declare_retention('receipt', 'books', '5 years', 'on_day', 'law', mandatory => true);
SELECT pv.declare_retention('buyer', 'since', '5 years', 'current_date', 'law', '{since}', mandatory => true);
SELECT state FROM pv.erase_subject('buyer', 1);
TABLE buyer; TABLE house;
-- Cleo is gone, though her row has what is retained; who has her key now is not.
BEGIN;
UPDATE buyer SET house = 2 WHERE id = 1;
SELECT state FROM pv.erase_subject('buyer', 2);
TABLE house;
ROLLBACK;
UPDATE buyer SET name = 'Eva', house = 2 WHERE id = 1;
SELECT state FROM pv.erase_subject('buyer', 2);
TABLE house;
SELECT * FROM pv.verify_erasure('buyer', 2);

SET client_min_messages = warning;
DROP SCHEMA shared CASCADE;
DROP EXTENSION pvext;
DROP ROLE pvext_shared_places, pvext_shared_persons;
