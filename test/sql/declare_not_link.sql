-- References by which nobody owns a row: nothing proposes a link by them, or asks for one.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_not_link;
GRANT USAGE ON SCHEMA pv TO regress_not_link;
GRANT EXECUTE ON FUNCTION pv.declare_not_link, pv.undeclare_not_link TO regress_not_link;
CREATE SCHEMA not_link;
GRANT USAGE ON SCHEMA not_link TO regress_not_link;
SET search_path = not_link;
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE TABLE chart (id int PRIMARY KEY, description text, made_by int REFERENCES person);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES person, approved_by int REFERENCES person, note text);
CREATE TABLE line (invoice_id int REFERENCES invoice, chart_id int REFERENCES chart, no int, "the
'text" text, PRIMARY KEY (invoice_id, no));
ALTER TABLE line ADD FOREIGN KEY (invoice_id, no) REFERENCES line;
CREATE INDEX ON invoice (customer_id); CREATE INDEX ON line (invoice_id);
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{email}', 'identifying');

-- What it says no to
SELECT pv.declare_not_link('invoice', '{approved_by}', NULL);
SELECT pv.declare_not_link('invoice', '{approved_by}', ' ');
SELECT pv.declare_not_link('invoice', '{}', 'nobody''s');
SELECT pv.declare_not_link('invoice', NULL, 'nobody''s');
SELECT pv.declare_not_link('invoice', '{approved}', 'nobody''s');
SELECT pv.declare_not_link('invoice', '{id,id}', 'nobody''s');
SELECT pv.declare_not_link('pg_class', '{oid}', 'nobody''s');
SELECT pv.undeclare_not_link('invoice', '{approved_by}');
SET ROLE regress_not_link;
SELECT pv.declare_not_link('not_link.invoice', '{approved_by}', 'nobody''s');
SELECT pv.undeclare_not_link('not_link.invoice', '{approved_by}');
RESET ROLE;

-- It is asked for and proposed, until it is said that it is none: that key alone
SELECT relation, column_name, problem FROM pv.check_map() WHERE problem ~ 'foreign key';
SELECT relation, columns, parent, found_by, confidence, reason FROM pv.candidate_links('person');
SELECT pv.declare_not_link('invoice', '{approved_by}', 'who checked it: nobody''s invoice');
SELECT relation, columns, parent FROM pv.candidate_links('person');
SELECT relation, column_name, problem FROM pv.check_map() WHERE problem ~ 'foreign key';
SELECT pv.declare_not_link('chart', '{made_by}', 'the bookkeeper');
SELECT relation, column_name, problem FROM pv.check_map() WHERE problem ~ 'foreign key';
-- and what hangs on it alone is reached no more
SELECT relation, columns, parent FROM pv.candidate_links('person');
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'approved_by|made_by|chart|several|refers to';
-- whoever is referred to is a person, but not one that the row is about
CREATE TABLE clerk (id int PRIMARY KEY, name text, phone text);
ALTER TABLE invoice ADD clerk_id int REFERENCES clerk;
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'refers to';
SELECT pv.declare_not_link('invoice', '{clerk_id}', 'who wrote it');
-- Such a key need not be classified; a name that is no foreign key has to be.
ALTER TABLE invoice ADD checked_by text, ADD checker_id int;
SELECT pv.declare_not_link('invoice', '{checked_by}', 'who checked it'), pv.declare_not_link('invoice', '{checker_id}', 'the same');
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'person.*(invoice|line)';
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'refers to';
-- What it holds is not about whose the row is: that is no line that runs, whatever it looks like.
CREATE TABLE mail (id int PRIMARY KEY, customer_id int REFERENCES person, sent_from text, subject_line text);
INSERT INTO mail SELECT i, NULL, 'p' || i || '@shop.example', 'greetings' FROM generate_series(1, 9) AS i;
SELECT pv.declare_link('mail', '{customer_id}', 'person');
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'sent_from';
SELECT pv.declare_not_link('mail', '{sent_from}', 'another''s address');
SELECT line FROM regexp_split_to_table(pv.generate_map('person'), '\n') AS line WHERE line ~ 'sent_from';
SELECT statement FROM pv.check_map() WHERE relation ~ 'mail' AND statement ~ 'personal';
SELECT pv.undeclare_not_link('mail', '{sent_from}'), pv.undeclare_link('mail', 'customer_id');
DROP TABLE mail;
SET client_min_messages = error;
SELECT pv.link_foreign_keys('person', 9);
RESET client_min_messages;
TABLE pv.not_link;
SELECT call FROM pv.event WHERE call ~ 'not_link' ORDER BY id;

-- Said again, in any order of columns, it replaces the reason; a link replaces it.
SELECT pv.declare_not_link('line', '{invoice_id,no}', 'the line before');
SELECT pv.declare_not_link('line', '{no,invoice_id}', 'the line above');
SELECT pv.declare_not_link('invoice', '{customer_id}', 'is one');
SET client_min_messages = notice;
SELECT pv.declare_link('chart', '{made_by}', 'person', condition => 'id < 0') \g /dev/null
SELECT relation, columns, reason FROM pv.not_link ORDER BY 1::text, 2;

-- It follows renames and goes with its columns; the table's stay until it comes again.
ALTER TABLE line RENAME no TO "num'ber
of";
ALTER TABLE invoice RENAME TO bill;
SELECT relation, columns FROM pv.not_link ORDER BY 1::text, 2;
ALTER TABLE line DROP CONSTRAINT line_invoice_id_no_fkey, DROP CONSTRAINT line_pkey;
ALTER TABLE line DROP "num'ber
of";
ALTER TABLE bill DROP clerk_id;
SELECT relation, columns FROM pv.not_link ORDER BY 1::text, 2;
CREATE TABLE visit (at date, person_id int, seen_by int REFERENCES person) PARTITION BY RANGE (at);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
SELECT pv.declare_not_link('visit_1', '{seen_by}', 'the doctor');
SELECT pv.declare_not_link('visit', '{seen_by}', 'the doctor');
ALTER TABLE visit DETACH PARTITION visit_1;
SELECT relation, columns, reason FROM pv.not_link ORDER BY 1::text, 2;
ALTER TABLE visit ATTACH PARTITION visit_1 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
SELECT relation, columns FROM pv.not_link ORDER BY 1::text, 2;
DROP TABLE visit;
SELECT relation, columns FROM pv.not_link ORDER BY 1::text, 2;
CREATE TABLE visit (seen_by int REFERENCES person);
SELECT relation, columns FROM pv.not_link ORDER BY 1::text, 2;
DROP TABLE visit;
SELECT pv.undeclare_orphan('not_link', 'visit');
SELECT pv.undeclare_not_link('bill', '{approved_by}');
TABLE pv.not_link;
-- A child's is its parent's.
CREATE TABLE note (id int PRIMARY KEY, kept_by int REFERENCES person);
CREATE TABLE memo (FOREIGN KEY (kept_by) REFERENCES person) INHERITS (note);
SELECT pv.declare_not_link('note', '{kept_by}', 'the archive');
SELECT relation, columns FROM pv.candidate_links('person') WHERE relation IN ('note'::regclass, 'memo');

-- Columns that identify nobody have a reason, too.
SELECT pv.declare_not_personal('chart', '{description}', '');
SELECT pv.declare_not_personal('chart', '{description}', 'names of accounts');
SELECT pv.declare_not_personal('chart');
SELECT pv.declare_not_personal('chart', '{description}');
TABLE pv.impersonal;
SELECT pv.declare_not_personal('chart', '{description}', 'the chart of accounts');
TABLE pv.impersonal;

SET client_min_messages = warning;
RESET search_path;
DROP SCHEMA not_link CASCADE;
DROP EXTENSION pvext;
DROP ROLE regress_not_link;
