-- :rows rows that are due and all held back, since their persons are customers or owe a bill;
-- the query that finds so many by hand.
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text, email text UNIQUE, ended date);
INSERT INTO person SELECT i, 'Name ' || i, i || '@example.no', CASE WHEN i % 2 = 0 THEN date '2010-01-01' END FROM generate_series(1, :rows) AS i;
CREATE TABLE invoice (id int PRIMARY KEY, person int NOT NULL REFERENCES person, address text, issued date);
INSERT INTO invoice SELECT i, i, 'Street ' || i, '2010-01-01' FROM generate_series(1, :rows) AS i;
CREATE INDEX ON invoice (person);
CREATE TABLE bill (id int PRIMARY KEY, person int NOT NULL REFERENCES person, paid boolean);
INSERT INTO bill SELECT i, i, i % 2 = 1 FROM generate_series(1, :rows) AS i;
CREATE INDEX ON bill (person);
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name,email}', 'identifying');
SELECT pv.declare_link('invoice', '{person}', 'person'), pv.declare_personal('invoice', '{address}', 'address');
SELECT pv.declare_link('bill', '{person}', 'person');
SELECT pv.declare_blocker('person', 'active', 'subject.ended IS NULL', 'is a customer');
SELECT pv.declare_blocker('person', 'owes', 'NOT paid', 'owes a bill', relation => 'bill');
SELECT pv.declare_retention('invoice', 'books', '5 years', 'issued', 'law');
SELECT pv.activate_retention('invoice', 'books', 0);
VACUUM ANALYZE;
