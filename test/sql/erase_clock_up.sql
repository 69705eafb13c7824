-- Erasures by clocks that go up: what they read is there until what they time has gone.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
CREATE SCHEMA erase_clock_up;
SET search_path = erase_clock_up;

-- Rows that are deleted by the date of what they hang on, which is personal, and kept shorter by itself
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer, issued_on date, addressee text);
CREATE TABLE line (id int PRIMARY KEY, invoice_id int REFERENCES invoice, what text);
CREATE INDEX ON invoice (customer_id);
CREATE INDEX ON line (invoice_id);
SELECT pv.declare_subject('customer'), pv.declare_link('invoice', '{customer_id}', 'customer'), pv.declare_link('line', '{invoice_id}', 'invoice', on_erase => 'delete');
SELECT pv.declare_personal('customer', '{name}', 'identifying'), pv.declare_personal('invoice', '{issued_on,addressee}', 'x');
SELECT pv.declare_retention('line', 'l', '5 years', 'issued_on', 'law', over => 'invoice', mandatory => true, action => 'delete');
SELECT pv.declare_retention('invoice', 'i', '3 years', 'issued_on', 'law', mandatory => true);
INSERT INTO customer VALUES (1,'a'),(2,'b'),(3,'c');
INSERT INTO invoice VALUES (1,1,'2001-01-01','x'),(2,2,current_date - interval '4 years','x'),(3,3,NULL,'x');
INSERT INTO line VALUES (1,1,'x'),(2,2,'x'),(3,3,'x');
SELECT state, retained_until BETWEEN now() + interval '360 days' AND now() + interval '370 days' AS in_a_year, retained_until = 'infinity' AS never FROM pv.erase_subjects('customer','{1,2,3}');
SELECT * FROM customer ORDER BY id;
SELECT id, issued_on = '2001-01-01' AS old, issued_on IS NULL AS gone, addressee FROM invoice ORDER BY id;
SELECT * FROM line ORDER BY id;

-- Up to the person and down to what is deleted, too
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE account (id int PRIMARY KEY, person_id int REFERENCES person, closed_on date);
CREATE TABLE contact (id int PRIMARY KEY, person_id int REFERENCES person, email text);
CREATE INDEX ON account (person_id);
CREATE INDEX ON contact (person_id);
SELECT pv.declare_subject('person'), pv.declare_link('account', '{person_id}', 'person', on_erase => 'delete'), pv.declare_link('contact', '{person_id}', 'person', on_erase => 'delete');
SELECT pv.declare_personal('person', '{name}', 'identifying');
SELECT pv.declare_retention('contact', 'c', '5 years', 'max(closed_on)', 'law', over => 'account', mandatory => true, action => 'delete');
INSERT INTO person VALUES (1,'a'),(2,'b'),(3,'c');
INSERT INTO account VALUES (1,1,'2001-01-01'),(2,2,current_date - interval '4 years'),(3,3,NULL);
INSERT INTO contact VALUES (1,1,'x'),(2,2,'x'),(3,3,'x');
SELECT state, retained_until BETWEEN now() + interval '360 days' AND now() + interval '370 days' AS in_a_year, retained_until = 'infinity' AS never FROM pv.erase_subjects('person','{1,2,3}');
SELECT pv.declare_retention('account', 'a', '1 year', 'closed_on', 'law', mandatory => true, action => 'delete');
SELECT state, retained_until BETWEEN now() + interval '360 days' AND now() + interval '370 days' AS in_a_year, retained_until = 'infinity' AS never FROM pv.erase_subjects('person','{1,2,3}');
SELECT * FROM person ORDER BY id;
SELECT id, person_id FROM account ORDER BY id;
SELECT * FROM contact ORDER BY id;
RESET search_path;
DROP SCHEMA erase_clock_up CASCADE;
DROP EXTENSION pvext;
