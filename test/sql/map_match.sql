-- A link compares by the parent's equality, whatever the type and collation of its own column.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE EXTENSION citext;
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE SCHEMA shop;
SET search_path = shop, public;
CREATE DOMAIN address AS citext CHECK (VALUE LIKE '%@%');
CREATE TABLE person (
    id int PRIMARY KEY,
    email address NOT NULL UNIQUE,
    login text COLLATE caseless NOT NULL UNIQUE,
    code char(6) NOT NULL UNIQUE,
    name text
);
CREATE TABLE mail (id int PRIMARY KEY, rcpt text, body text);
CREATE TABLE visit (id int PRIMARY KEY, who varchar(40), page text);
CREATE TABLE parcel (id int PRIMARY KEY, code text, street text);
CREATE TABLE scan (id int PRIMARY KEY, parcel int REFERENCES parcel, door text, at date);
CREATE INDEX ON scan (parcel);
INSERT INTO person VALUES
    (1, 'Ada@x.no', 'Ada', 'ab', 'Ada Berg'),
    (2, 'Bo@x.no', 'Bo', 'abc', 'Bo Lie');
INSERT INTO mail VALUES (1, 'Ada@x.no', 'a'), (2, 'ada@X.no', 'b'), (3, 'bo@x.no', 'c'), (4, 'no address', 'd');
INSERT INTO visit VALUES (1, 'Ada', 'a'), (2, 'ADA', 'b'), (3, 'BO', 'c');
INSERT INTO parcel VALUES (1, 'ab', 'a'), (2, 'ab    ', 'b'), (3, 'abc', 'c');
INSERT INTO scan VALUES (1, 1, 'a', '2010-01-01'), (2, 2, 'b', '2010-01-01'), (3, 3, 'c', '2010-01-01');
SELECT pv.declare_subject('person') \g /dev/null
RESET client_min_messages;

-- The index that is missing is the one that such a comparison uses.
CREATE INDEX ON mail (rcpt);
CREATE INDEX ON visit (who);
CREATE INDEX ON parcel (code);
\pset tuples_only on
SELECT pv.declare_link('mail', '{rcpt}', 'person', '{email}');
SELECT pv.declare_link('visit', '{who}', 'person', '{login}');
SELECT pv.declare_link('parcel', '{code}', 'person', '{code}');
SELECT hint FROM pv.check_map() WHERE problem LIKE '%index' ORDER BY hint \gexec
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying'),
       pv.declare_personal('mail', '{body}', 'text'),
       pv.declare_personal('visit', '{page}', 'text'),
       pv.declare_personal('parcel', '{street}', 'text') \g /dev/null
SELECT pv.declare_link('scan', '{parcel}', 'parcel'), pv.declare_personal('scan', '{door}', 'text'),
       pv.declare_not_personal('person'), pv.declare_not_personal('mail'), pv.declare_not_personal('visit'),
       pv.declare_not_personal('parcel'), pv.declare_not_personal('scan') \g /dev/null
\pset tuples_only off
SELECT relation, problem FROM pv.check_map();
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT FROM mail AS r WHERE CAST(r.rcpt AS citext) = ANY ('{a}'::citext[]);
EXPLAIN (COSTS OFF) SELECT FROM visit AS r WHERE r.who COLLATE caseless = ANY ('{a}'::text[]);
RESET enable_seqscan;

-- The log knows them alike: also rows that have been deleted.
SELECT pv.enable_audit('mail'), pv.enable_audit('visit'), pv.enable_audit('parcel') \g /dev/null
INSERT INTO mail VALUES (5, 'ADA@x.no', 'gone mail'), (6, 'BO@x.no', 'other mail');
INSERT INTO visit VALUES (5, U&'\00C1dA', 'gone page'), (6, 'bO', 'other page');
INSERT INTO parcel VALUES (5, 'ab  ', 'gone street'), (6, 'abc  ', 'other street');
DELETE FROM mail WHERE id > 4;
DELETE FROM visit WHERE id > 4;
DELETE FROM parcel WHERE id > 4;

-- What a clock over a linked table sees, and whose a row that is due is.
SELECT pv.declare_retention('person', 'last scan', '1 year', 'max(at)', 'law', '{name}', over => 'scan') \g /dev/null
SELECT pv.declare_retention('scan', 'doors', '1 year', 'at', 'law') \g /dev/null
SELECT pv.activate_retention('person', 'last scan', 2) \g /dev/null
SELECT pv.place_hold('person', '1', 'case') \g /dev/null
SELECT pv.activate_retention('scan', 'doors', 1);
CALL pv.purge();
SELECT id, name FROM person ORDER BY id;
SELECT id, door FROM scan ORDER BY id;
SELECT pv.release_hold((SELECT max(id) FROM pv.hold), 'over') \g /dev/null

SELECT state, rows_anonymised FROM pv.erase_subject('person', 1);
SELECT id, body FROM mail ORDER BY id;
SELECT id, page FROM visit ORDER BY id;
SELECT id, street FROM parcel ORDER BY id;
SELECT id, door FROM scan ORDER BY id;
SELECT * FROM pv.verify_erasure('person', 1);
SELECT relation, operation, coalesce(old, new) ->> CASE relation WHEN 'shop.mail' THEN 'body' WHEN 'shop.visit' THEN 'page' ELSE 'street' END AS value
FROM pv.audit_trail WHERE operation IN ('INSERT', 'DELETE') ORDER BY relation, id, n;

-- A key that goes takes along what is the same to it.
SELECT pv.declare_personal('person', '{email,login,code}', 'identifying') \g /dev/null
SELECT state FROM pv.erase_subject('person', 2);
SELECT p.email = m.rcpt AS email, p.login = v.who AS login, rtrim(p.code) = rtrim(c.code) AS code
FROM person p, mail m, visit v, parcel c WHERE p.id = 2 AND m.id = 3 AND v.id = 3 AND c.id = 3;
SELECT * FROM pv.verify_erasure('person', 2);

-- Two columns of which each has a collation of its own.
CREATE TABLE guest (id text COLLATE "C" PRIMARY KEY, name text, gone date);
CREATE TABLE bill (id int PRIMARY KEY, guest text COLLATE "POSIX", total text);
CREATE INDEX ON bill (guest);
INSERT INTO guest VALUES ('a', 'Ada', '2000-01-01'), ('b', 'Bo', '2000-01-01'), ('c', 'Cleo', 'infinity');
INSERT INTO bill VALUES (1, 'a', '10'), (2, 'b', '20'), (3, 'c', '30'), (4, 'd', '40');
SELECT pv.declare_subject('guest'), pv.declare_personal('guest', '{name}', 'identifying'), pv.declare_not_personal('guest', '{id,gone}'),
       pv.declare_link('bill', '{guest}', 'guest'), pv.declare_personal('bill', '{total}', 'financial') \g /dev/null
SELECT relation, problem FROM pv.check_map() WHERE relation IN ('guest', 'bill') OR relation::text ~ 'guest|bill';
SELECT pv.declare_retention('bill', 'after', '1 year', 'max(gone)', 'law', over => 'guest') \g /dev/null
SELECT pv.activate_retention('bill', 'after', 2);
CALL pv.purge();
TABLE bill ORDER BY id;
SELECT state FROM pv.erase_subject('guest', 'c');
TABLE bill ORDER BY id;
