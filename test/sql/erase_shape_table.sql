-- Tables as they are found: without a key, in parts, with columns dropped, with
-- names of any kind, and of several owners.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE SCHEMA tables;
SET search_path = tables;
SET client_min_messages = error;    -- of missing indexes

CREATE TABLE person (gone int, id int PRIMARY KEY, gone_too text, name text, also_gone text, mail text);
ALTER TABLE person DROP gone, DROP gone_too, DROP also_gone;
INSERT INTO person VALUES (1, 'Ann', 'ann@x'), (2, 'Bob', 'bob@x'), (3, 'Cid', 'cid@x');
SELECT pv.declare_subject('person') \g /dev/null
SELECT pv.declare_personal('person', '{name,mail}', 'identifying') \g /dev/null

-- Without a primary key, and with rows that are alike
CREATE TABLE visit (person int REFERENCES person, page text, ip inet);
INSERT INTO visit SELECT 1 + i % 2, 'page', '10.1.2.3' FROM generate_series(1, 6) i;
SELECT pv.declare_subject('visit');
\echo :SQLSTATE
SELECT pv.declare_link('visit', '{person}', 'person');
SELECT pv.declare_personal('visit', '{page}', 'x') \g /dev/null
SELECT pv.declare_personal('visit', '{ip}', 'x', erase_with => 'generalise', parameter => '/16') \g /dev/null

-- Partitions whose attributes have other numbers, and partitions of partitions
CREATE TABLE purchase (id int, person int REFERENCES person, at date, address text) PARTITION BY RANGE (at);
CREATE TABLE purchase_1 PARTITION OF purchase FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE purchase_2 (address text, gone int, at date, person int, also_gone text, id int) PARTITION BY LIST (id);
ALTER TABLE purchase_2 DROP gone, DROP also_gone;
CREATE TABLE purchase_21 (gone text, person int, address text, id int, at date);
ALTER TABLE purchase_21 DROP gone;
ALTER TABLE purchase_2 ATTACH PARTITION purchase_21 DEFAULT;
ALTER TABLE purchase ATTACH PARTITION purchase_2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
INSERT INTO purchase SELECT i, 1 + i % 2, date '2020-07-01' + 60 * i, 'street ' || i FROM generate_series(1, 8) i;
SELECT pv.declare_link('purchase', '{person}', 'person');
SELECT pv.declare_personal('purchase', '{address}', 'x') \g /dev/null
SELECT pv.declare_link('purchase_1', '{person}', 'person', name => 'x');
\echo :SQLSTATE
SELECT pv.declare_personal('purchase_21', '{address}', 'x');
\echo :SQLSTATE
SELECT pv.declare_subject('purchase_1');
SELECT pv.declare_retention('purchase_1', 'x', '1 year', 'at', 'law');

-- Inheritance, the children with columns of their own
CREATE TABLE note (id int PRIMARY KEY, person int REFERENCES person, body text);
CREATE TABLE call_note (gone int, phone text) INHERITS (note);
CREATE TABLE long_call_note (person int, body text, minutes int) INHERITS (call_note);
ALTER TABLE call_note DROP gone;
INSERT INTO note VALUES (1, 1, 'note'), (2, 2, 'note');
INSERT INTO call_note VALUES (3, 1, 'call', '555'), (4, 2, 'call', '555');
INSERT INTO long_call_note VALUES (5, 1, 'long call', '555', 5), (6, 2, 'long call', '555', 6);
SELECT pv.declare_link('note', '{person}', 'person');
SELECT pv.declare_personal('note', '{body}', 'x') \g /dev/null
SELECT count(*) FROM pv.check_map() WHERE relation = 'tables.call_note' AND column_name = 'phone';
SELECT pv.declare_link('call_note', '{person}', 'person');
SELECT pv.declare_personal('call_note', '{phone}', 'x') \g /dev/null

-- A materialised view and a view on it all are left as they are.
CREATE VIEW purchases AS SELECT * FROM purchase;
CREATE MATERIALIZED VIEW copied AS SELECT name, address FROM person p JOIN purchase ON person = p.id;
SELECT pv.declare_personal('purchases', '{address}', 'x');
\echo :SQLSTATE
SELECT pv.declare_link('purchases', '{person}', 'person');
SELECT pv.declare_link('copied', '{name}', 'person', '{name}');
\echo :SQLSTATE
SELECT pv.declare_subject('copied', '{name}');
-- Foreign tables cannot be mapped, nor can system tables.
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE far (id int, person int, name text) SERVER nowhere;
SELECT pv.declare_personal('far', '{name}', 'x');
\echo :SQLSTATE
SELECT pv.declare_link('far', '{person}', 'person');
SELECT pv.declare_link('visit', '{person}', 'far', '{id}', name => 'x');
SELECT pv.declare_subject('far', '{id}');
SELECT pv.declare_personal('pg_authid', '{rolname}', 'x');
\echo :SQLSTATE
SELECT pv.declare_personal('pv.erasure_ledger', '{key}', 'x');
\echo :SQLSTATE
SELECT pv.declare_personal('visit', '{agent}', 'x');
\echo :SQLSTATE
SELECT pv.declare_personal('person', '{"........pg.dropped.1........"}', 'x');
SELECT pv.declare_personal('person', '{ctid}', 'x');
SELECT pv.declare_subject('person', '{number}');
\echo :SQLSTATE
SELECT pv.declare_subject('person', '{name}');
\echo :SQLSTATE

-- A foreign key that is NOT VALID, with a row that refers to nobody
CREATE TABLE payment (id int PRIMARY KEY, person int, iban text);
INSERT INTO payment VALUES (1, 1, 'NL1'), (2, 2, 'NL2'), (3, 99, 'NL99');
ALTER TABLE payment ADD FOREIGN KEY (person) REFERENCES person NOT VALID;
SELECT relation, name, declared FROM pv.candidate_links('person') WHERE NOT declared;
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('payment', '{iban}', 'x') \g /dev/null
SELECT relation, problem FROM pv.check_map() WHERE problem ~ 'nobody';

-- One erasure over all of them
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 1) ORDER BY relation::text, column_name;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('person', 1);
TABLE person ORDER BY id;
SELECT person, page, ip, count(*) FROM visit GROUP BY 1, 2, 3 ORDER BY 1;
SELECT tableoid::regclass, person, count(*), count(address) AS addresses FROM purchase GROUP BY 1, 2 ORDER BY relation::text, 2;
SELECT tableoid::regclass, * FROM note ORDER BY id;
SELECT id, phone FROM call_note ORDER BY id;
SELECT * FROM payment ORDER BY id;
SELECT count(*) FILTER (WHERE name = 'Ann') AS stale FROM copied;
REFRESH MATERIALIZED VIEW copied;
SELECT count(*) FILTER (WHERE name = 'Ann') AS stale FROM copied;
SELECT count(*) FROM pv.verify_erasure('person', 1);

-- Names with quotes, capitals, blanks, dots, letters beyond ASCII and of the greatest length
CREATE SCHEMA "Ünser 'Shop'";
CREATE TABLE "Ünser 'Shop'"."Kunde ""GmbH""" (
    "E-Mail's" text, "Straße.Nr" int, "select" text, "Größe""" text,
    "ÄÖÜ äöü %s $1 \ {,} 012345678901234567890123456789012345678" text, PRIMARY KEY ("Straße.Nr"));
CREATE TABLE "Ünser 'Shop'"."Rechnung:1; DROP TABLE x" (
    "an ""Kunde"" von 'uns'" int REFERENCES "Ünser 'Shop'"."Kunde ""GmbH""", "Text\'" text, "{Pfad}" jsonb);
INSERT INTO "Ünser 'Shop'"."Kunde ""GmbH""" VALUES ('ann@x', 1, 'Ann', 'L', 'x'), ('bob@x', 2, 'Bob', 'M', 'y');
INSERT INTO "Ünser 'Shop'"."Rechnung:1; DROP TABLE x" VALUES
    (1, 'für Ann Müller', '{"a''b": {"c\"d": "Ann", "e": 1}}'), (2, 'für Bob', '{"a''b": {"c\"d": "Bob", "e": 2}}');
\o /dev/null
SELECT pv.declare_subject('"Ünser ''Shop''"."Kunde ""GmbH"""', condition => '"Straße.Nr" > 0 AND "select" IS DISTINCT FROM ''''''''');
SELECT pv.link_foreign_keys('"Ünser ''Shop''"."Kunde ""GmbH"""');
SELECT pv.declare_personal(c.oid, ARRAY['E-Mail''s', 'Größe"', (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attname ~ '%s')], 'identifying')
FROM pg_class c WHERE relname = 'Kunde "GmbH"';
SELECT pv.declare_personal(oid, '{select}', 'identifying', erase_with => 'constant', parameter => 'O''Hara \" %s $1') FROM pg_class WHERE relname = 'Kunde "GmbH"';
SELECT pv.declare_personal(oid, ARRAY['Text\'''], 'x', erase_with => 'expression', parameter => '''Kunde '' || "an ""Kunde"" von ''uns''"::text')
FROM pg_class WHERE relname ~ 'Rechnung';
SELECT pv.declare_personal(oid, ARRAY['{Pfad}'], 'x', erase_with => 'remove_paths', parameter => '{a''b,"c\"d"}')
FROM pg_class WHERE relname ~ 'Rechnung';
\o
SELECT name, columns FROM pv.link WHERE parent = '"Ünser ''Shop''"."Kunde ""GmbH"""'::regclass;
SELECT pv.declare_blocker('"Ünser ''Shop''"."Kunde ""GmbH"""', 'Mut''ter"', 'subject."select" = ''Eve''', 'so "ist" es');
SELECT column_name, rows, verdict FROM pv.preview_erasure('"Ünser ''Shop''"."Kunde ""GmbH"""', 1) ORDER BY 1;
SELECT state, rows_anonymised FROM pv.erase_subject('"Ünser ''Shop''"."Kunde ""GmbH"""', 1);
TABLE "Ünser 'Shop'"."Kunde ""GmbH""" ORDER BY 2;
TABLE "Ünser 'Shop'"."Rechnung:1; DROP TABLE x" ORDER BY 1;

-- Tables of several owners, one of whom cannot log in, one with row security
-- that is forced upon the owner; called by a superuser and by an application
CREATE ROLE regress_table_shop;
CREATE ROLE regress_table_bank NOLOGIN;
CREATE ROLE regress_table_app;
CREATE SCHEMA shop AUTHORIZATION regress_table_shop;
CREATE SCHEMA bank AUTHORIZATION regress_table_bank;
GRANT USAGE ON SCHEMA shop TO regress_table_bank, regress_table_app;
SET ROLE regress_table_shop;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text, ran_as text);
CREATE TABLE shop.secret (customer int REFERENCES shop.customer, body text);
GRANT REFERENCES ON shop.customer TO regress_table_bank;
INSERT INTO shop.customer VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid');
INSERT INTO shop.secret SELECT id, 'secret of ' || name FROM shop.customer;
ALTER TABLE shop.secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.secret USING (body LIKE '% of B%');
CREATE FUNCTION shop.witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.ran_as := current_user; RETURN NEW; END $$;
CREATE TRIGGER witness BEFORE UPDATE ON shop.customer FOR EACH ROW EXECUTE FUNCTION shop.witness();
SET ROLE regress_table_bank;
CREATE TABLE bank.account (id int PRIMARY KEY, customer int REFERENCES shop.customer, iban text, ran_as text);
CREATE TABLE bank.transfer (account int REFERENCES bank.account, message text);
INSERT INTO bank.account SELECT 10 * i, i, 'NL' || i FROM generate_series(1, 3) i;
INSERT INTO bank.transfer SELECT 10 * i, 'from ' || i FROM generate_series(1, 3) i;
CREATE FUNCTION bank.witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.ran_as := current_user; RETURN NEW; END $$;
CREATE TRIGGER witness BEFORE UPDATE ON bank.account FOR EACH ROW EXECUTE FUNCTION bank.witness();
RESET ROLE;
\o /dev/null
SELECT pv.grant_role('regress_table_app', 'application'), pv.grant_role('regress_table_shop', 'owner');
SET ROLE regress_table_shop;
SELECT pv.declare_subject('shop.customer'), pv.declare_link('shop.secret', '{customer}', 'shop.customer');
SELECT pv.declare_personal('shop.customer', '{name}', 'x'), pv.declare_personal('shop.secret', '{body}', 'x');
RESET ROLE;
SELECT pv.link_foreign_keys('shop.customer', 3);
SELECT pv.declare_personal('bank.account', '{iban}', 'x'), pv.declare_personal('bank.transfer', '{message}', 'x');
\o
SELECT state, rows_anonymised FROM pv.erase_subject('shop.customer', 1);
SET ROLE regress_table_app;
SELECT count(*) FROM shop.customer;
\echo :SQLSTATE
SELECT relation, column_name, rows FROM pv.preview_erasure('shop.customer', 2) ORDER BY relation::text;
SELECT state, rows_anonymised, requested_by = session_user AS by_login FROM pv.erase_subject('shop.customer', 2);
-- What it has no profile for is refused.
SELECT pv.declare_personal('shop.customer', '{ran_as}', 'x');
\echo :SQLSTATE
SET ROLE regress_table_bank;
SELECT pv.erase_subject('shop.customer', 3);
\echo :SQLSTATE
RESET ROLE;
SELECT c.*, s.body, a.iban, a.ran_as, t.message
FROM shop.customer c JOIN shop.secret s ON s.customer = c.id
JOIN bank.account a ON a.customer = c.id JOIN bank.transfer t ON t.account = a.id ORDER BY c.id;

-- An owner who has lost a right that the erasure needs: refused, and nothing is changed.
REVOKE UPDATE ON bank.transfer FROM regress_table_bank;
\set SHOW_CONTEXT never
SELECT pv.erase_subject('shop.customer', 3);
\echo :SQLSTATE
SELECT name, body, iban, message
FROM shop.customer c JOIN shop.secret s ON s.customer = c.id
JOIN bank.account a ON a.customer = c.id JOIN bank.transfer t ON t.account = a.id WHERE c.id = 3;
GRANT UPDATE ON bank.transfer TO regress_table_bank;
SELECT state FROM pv.erase_subject('shop.customer', 3);
SELECT count(*) AS requests FROM pv.erasure WHERE subject = 'shop.customer'::regclass;

SELECT pv.revoke_role('regress_table_app', 'application'), pv.revoke_role('regress_table_shop', 'owner') \g /dev/null
DROP SCHEMA tables, shop, bank, "Ünser 'Shop'" CASCADE;
DROP FOREIGN DATA WRAPPER nothing CASCADE;
DROP ROLE regress_table_shop, regress_table_bank, regress_table_app;
