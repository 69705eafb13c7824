-- Addresses that several persons are reached at: who is not to be written to at them.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA common;
SET search_path = common;
CREATE TABLE contact (id int PRIMARY KEY, email text);
CREATE TABLE person (id int PRIMARY KEY, name text, contact int REFERENCES contact);
CREATE INDEX ON person (contact);
INSERT INTO contact VALUES (1, 'house@x.no'), (2, 'family@x.no'), (3, 'office@x.no');
INSERT INTO person VALUES (1, 'Ada', 1), (2, 'Bo', 1), (3, 'Cleo', 2), (4, 'Dag', 2), (5, 'Eve', 3), (6, 'Fay', 3);
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying') \g /dev/null
SELECT pv.declare_link('contact', '{id}', 'person', '{contact}', shared => 'last') \g /dev/null
SELECT pv.declare_personal('contact', '{email}', 'identifying') \g /dev/null
SELECT pv.declare_purpose('ads', 'legitimate_interests', 'x') \g /dev/null

-- On a list from elsewhere: nobody is written to at it, however many have it.
SELECT * FROM pv.import_suppressions('{house@x.no}', 'mailer');
SELECT id, pv.may_process('person', id, 'ads') FROM person ORDER BY id;

-- Of two who are erased by one call the address goes with the second, and is remembered.
SELECT state FROM pv.erase_subjects('person', '{3,4}');
SELECT id, email FROM contact ORDER BY id;
INSERT INTO contact VALUES (4, 'family@x.no');
INSERT INTO person VALUES (7, 'Cleo', 4);
SELECT pv.may_process('person', 7, 'ads');

-- One that somebody else who lives is reached at is not.
SELECT (pv.erase_subject('person', 5)).state;
SELECT pv.may_process('person', 6, 'ads');
SELECT (pv.erase_subject('person', 6)).state;
INSERT INTO contact VALUES (5, 'office@x.no');
INSERT INTO person VALUES (8, 'Fay', 5);
SELECT pv.may_process('person', 8, 'ads');

DROP EXTENSION pvext CASCADE;
DROP SCHEMA common CASCADE;
