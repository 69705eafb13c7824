-- Whose rows are that belong to several: said at the columns, by one link or several, or
-- at a parent's links; what is ambiguous above is ambiguous below.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
CREATE SCHEMA ownership;
SET search_path = ownership;

-- What generate_map() proposes runs as it stands, and takes nobody's values with another.
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE account (id int PRIMARY KEY, owner int NOT NULL REFERENCES person, salesman int REFERENCES person, remark text);
CREATE TABLE contact (id int PRIMARY KEY, account int NOT NULL REFERENCES account, email text, iban text);
CREATE TABLE call (id int PRIMARY KEY, contact int NOT NULL REFERENCES contact, phone text);
CREATE INDEX ON account (owner);
CREATE INDEX ON account (salesman);
CREATE INDEX ON contact (account);
CREATE INDEX ON call (contact);
INSERT INTO person VALUES (1, 'Dal'), (2, 'Ada'), (3, 'Odd');
INSERT INTO account VALUES (12, 2, 1, 'of Ada'), (13, 3, 1, 'of Odd');
INSERT INTO contact VALUES (22, 12, 'ada@x.no', 'NO1'), (23, 13, 'odd@x.no', 'NO2');
INSERT INTO call VALUES (32, 22, '222'), (33, 23, '333');
CREATE VIEW everything AS SELECT p.name, a.remark, c.email, c.iban, l.phone
    FROM person p LEFT JOIN account a ON a.owner = p.id LEFT JOIN contact c ON c.account = a.id LEFT JOIN call l ON l.contact = c.id
    ORDER BY p.id;
SELECT pv.declare_subject('person');
SELECT pv.generate_map('person') AS map \gset
\echo :map
BEGIN;
:map
SELECT relation, column_name, severity, problem FROM pv.check_map();
SELECT state FROM pv.erase_subject('person', 1);
TABLE everything;
ROLLBACK;

-- Nobody has said whose the contacts are, neither at the columns nor at the accounts' links.
SELECT pv.link_foreign_keys('person', 3);
SELECT pv.declare_personal('person', '{name}', 'identifying');
SELECT pv.declare_personal('account', '{remark}', 'text');
SELECT pv.declare_personal('contact', '{email,iban}', 'contact');
SELECT pv.declare_personal('contact', '{email,iban}', 'contact', link => 'account');
SELECT pv.declare_personal('call', '{phone}', 'contact');
SELECT pv.declare_personal('call', '{phone}', 'contact', link => 'contact.account');

-- Said at the columns.
BEGIN;
SELECT pv.declare_personal('account', '{remark}', 'text', link => 'owner'),
       pv.declare_personal('contact', '{email}', 'contact', link => 'account.owner'),
       pv.declare_personal('contact', '{iban}', 'contact', links => '{account.owner,account.salesman}'),
       pv.declare_personal('call', '{phone}', 'contact', link => '*');
SELECT relation, column_name, link, paths FROM pv.personal ORDER BY 1, 2;
SELECT relation, column_name, problem FROM pv.check_map();
SELECT relation, column_name, rows FROM pv.preview_erasure('person', 1) ORDER BY 1, 2;
SELECT state FROM pv.erase_subject('person', 1);
TABLE everything;
SELECT state FROM pv.erase_subject('person', 2);
TABLE everything;
SELECT * FROM pv.verify_erasure('person', 2);
UPDATE contact SET iban = 'NO9', email = 'new@x.no' WHERE id = 22;
SELECT relation, column_name, rows FROM pv.verify_erasure('person', 1) ORDER BY 1, 2;
SELECT relation, column_name, rows FROM pv.verify_erasure('person', 2) ORDER BY 1, 2;
ROLLBACK;

-- Said once, at the parent's link: what belongs to an account is not its salesman's.
BEGIN;
SELECT pv.undeclare_link('account', 'salesman');
SELECT pv.declare_link('account', '{salesman}', 'person', inherit => false);
SELECT name, inherited FROM pv.link WHERE relation = 'account'::regclass ORDER BY 1;
SELECT pv.declare_personal('account', '{remark}', 'text', links => '{owner,salesman}'),
       pv.declare_personal('contact', '{email}', 'contact'),
       pv.declare_personal('contact', '{iban}', 'contact', link => '*'),
       pv.declare_personal('call', '{phone}', 'contact');
SELECT relation, column_name, link, paths FROM pv.personal ORDER BY 1, 2;
SELECT relation, column_name, problem FROM pv.check_map();
SELECT state FROM pv.erase_subject('person', 1);
TABLE everything;
SELECT state FROM pv.erase_subject('person', 2);
TABLE everything;
ROLLBACK;
SELECT pv.declare_link('account', '{salesman}', 'person', name => 'x', inherit => false, on_erase => 'delete');
SELECT pv.declare_link('account', '{salesman}', 'person', name => 'x', inherit => NULL);
-- if nobody at all inherits, a branch is to be named
BEGIN;
SELECT pv.undeclare_link('account', 'salesman'), pv.undeclare_link('account', 'owner');
SELECT pv.declare_link('account', '{salesman}', 'person', inherit => false);
SELECT pv.declare_personal('contact', '{email}', 'contact');
ROLLBACK;

-- Columns that were declared before the parent's links were: nothing goes until somebody has said whose they are.
BEGIN;
SELECT pv.undeclare_link('account', 'salesman'), pv.undeclare_link('account', 'owner');
SELECT pv.declare_personal('contact', '{email,iban}', 'contact');
SELECT paths FROM pv.personal WHERE column_name = 'iban';
SELECT pv.declare_link('account', '{owner}', 'person');
SAVEPOINT one_link;
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE severity = 'error';
SELECT state FROM pv.erase_subject('person', 1);
SELECT state FROM pv.erase_subject('person', 2);
TABLE everything;
ROLLBACK TO one_link;
SELECT pv.declare_link('account', '{salesman}', 'person');
SELECT relation, column_name, severity, problem, hint FROM pv.check_map() WHERE severity = 'error';
SAVEPOINT two_links;
SELECT state FROM pv.erase_subject('person', 1);
ROLLBACK TO two_links;
SELECT pv.declare_personal('contact', '{email,iban}', 'contact', link => 'account.owner');
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE severity = 'error';
SELECT state FROM pv.erase_subject('person', 1);
TABLE everything;
ROLLBACK;

-- Rows that are deleted with their parent's person: with whom, if it belongs to several?
SELECT pv.undeclare_link('contact', 'account'), pv.undeclare_link('call', 'contact');
SELECT pv.declare_link('contact', '{account}', 'account', on_erase => 'delete');
SELECT pv.declare_link('call', '{contact}', 'contact', on_erase => 'delete');
BEGIN;
SELECT pv.undeclare_link('account', 'salesman');
SELECT pv.declare_link('contact', '{account}', 'account', on_erase => 'delete');
SAVEPOINT with_owner;
SELECT pv.declare_link('account', '{salesman}', 'person');
ROLLBACK TO with_owner;
SELECT pv.declare_link('account', '{salesman}', 'person', inherit => false);
SELECT state FROM pv.erase_subject('person', 1);
TABLE everything;
SELECT state FROM pv.erase_subject('person', 2);
TABLE everything;
ROLLBACK;
-- where each of the parent's links deletes, they go with any, as the parent does
BEGIN;
SELECT pv.undeclare_link('account', 'salesman'), pv.undeclare_link('account', 'owner');
SELECT pv.declare_link('contact', '{account}', 'account', on_erase => 'delete');
SELECT pv.declare_link('account', '{owner}', 'person', on_erase => 'delete');
SELECT pv.declare_link('account', '{salesman}', 'person', on_erase => 'delete');
SELECT pv.declare_personal('account', '{remark}', 'text', link => 'owner');
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';
SELECT state FROM pv.erase_subject('person', 3);
SELECT * FROM call;
SELECT state FROM pv.erase_subject('person', 1);
TABLE everything;
ROLLBACK;
-- where some of them delete, they go with the parent's rows
BEGIN;
SELECT pv.undeclare_link('account', 'salesman'), pv.undeclare_link('account', 'owner');
SELECT pv.declare_link('contact', '{account}', 'account', on_erase => 'delete');
SELECT pv.declare_link('account', '{owner}', 'person', on_erase => 'delete');
SELECT pv.declare_link('account', '{salesman}', 'person');
SELECT state FROM pv.erase_subject('person', 1);
SELECT count(*) FROM call;
SELECT relation, column_name, rows, strategy FROM pv.preview_erasure('person', 2) ORDER BY 1, 2;
SELECT state, rows_deleted FROM pv.erase_subject('person', 2);
TABLE everything;
ROLLBACK;
-- a column about somebody else than whom the rows are deleted with
BEGIN;
SELECT pv.undeclare_link('account', 'salesman');
SELECT pv.declare_link('account', '{salesman}', 'person', on_erase => 'delete');
SELECT pv.declare_personal('account', '{remark}', 'text', link => 'owner');
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';
ROLLBACK;
SELECT pv.undeclare_link('call', 'contact');
SELECT pv.declare_link('contact', '{account}', 'account'), pv.declare_link('call', '{contact}', 'contact');

-- The same person by two ways, through other parents; links that hold under a condition
CREATE TABLE letter (id int PRIMARY KEY, account int REFERENCES account, contact int REFERENCES contact, body text);
CREATE TABLE item (id int PRIMARY KEY, kind text, of int, editor int REFERENCES person, words text);
CREATE TABLE page (id int PRIMARY KEY, item int REFERENCES item, words text);
CREATE INDEX ON letter (account);
CREATE INDEX ON letter (contact);
CREATE INDEX ON item (of);
CREATE INDEX ON item (editor);
CREATE INDEX ON page (item);
INSERT INTO letter VALUES (42, 12, 22, 'Ada'), (43, 13, NULL, 'Odd'), (44, NULL, 23, 'Odd');
INSERT INTO item VALUES (51, 'person', 2, 3, 'Ada'), (52, 'account', 12, 3, 'Ada'), (53, 'person', 3, 2, 'Odd'), (54, 'other', 2, 2, 'nobody');
INSERT INTO page SELECT id + 10, id, words FROM item;
SELECT pv.declare_link('letter', '{account}', 'account'), pv.declare_link('letter', '{contact}', 'contact');
SELECT pv.declare_link('item', '{of}', 'person', name => 'person', condition => 'kind = ''person'''),
       pv.declare_link('item', '{of}', 'account', name => 'account', condition => 'kind = ''account'''),
       pv.declare_link('item', '{editor}', 'person'), pv.declare_link('page', '{item}', 'item');
SELECT pv.declare_personal('letter', '{body}', 'text', link => 'account');
SELECT pv.declare_personal('letter', '{body}', 'text', links => '{account.owner,contact}');
SELECT pv.declare_personal('letter', '{body}', 'text', links => '{account.owner,contact.account.owner}');
SELECT pv.declare_personal('item', '{words}', 'text');
SELECT pv.declare_personal('page', '{words}', 'text');
SELECT pv.declare_personal('page', '{words}', 'text', links => '{item.person,item.account}');

-- One declaration replaces another, and says so; several links are named in one.
SET client_min_messages = notice;
SELECT pv.declare_personal('item', '{words}', 'text', link => 'person');
SELECT pv.declare_personal('item', '{words}', 'text', link => 'person');
SELECT pv.declare_personal('item', '{words}', 'text', link => 'account.owner');
SELECT pv.declare_personal('item', '{words}', 'text', links => '{account.owner,person}');
SELECT pv.declare_personal('page', '{words}', 'text', links => '{item.person,item.account.owner}');
SELECT pv.declare_not_personal('page', '{id}');
SELECT pv.declare_purpose('news', 'consent', 'to send news'), pv.declare_purpose('news', 'consent', 'to send news'),
       pv.declare_purpose('news', 'consent', 'to send it');
SELECT pv.declare_subject('person', description => 'clients');
SELECT pv.declare_subject('person', description => 'clients');
SELECT pv.declare_blocker('person', 'open', 'subject.id = 99', 'is open'), pv.declare_blocker('person', 'open', 'subject.id = 99', 'is open'),
       pv.declare_blocker('person', 'open', 'subject.id = 98', 'is open');
SELECT pv.declare_retention('item', 'items', '1 year', 'now()', 'law'), pv.declare_retention('item', 'items', '12 months', 'now()', 'law'),
       pv.declare_retention('item', 'items', '2 years', 'now()', 'law');
SELECT pv.undeclare_retention('item', 'items');
SELECT pv.declare_agreement('terms', '1', 'we deliver'), pv.declare_agreement('terms', '1', 'we deliver'), pv.declare_agreement('terms', '1', 'you pay');
SET client_min_messages = warning;
SELECT pv.declare_personal('item', '{words}', 'text', link => 'person', links => '{account}');
SELECT pv.declare_personal('item', '{words}', 'text', links => '{}');
SELECT pv.declare_personal('item', '{words}', 'text', links => '{*,person}');
SELECT pv.declare_personal('item', '{words}', 'text', links => '{person,nobody}');
SELECT pv.undeclare_link('item', 'person');
SELECT pv.undeclare_link('account', 'owner');
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE problem LIKE '%by link%' OR severity = 'error';

-- Rows by several links: preview, erasure, verification, the log, and another's stay.
SELECT pv.enable_audit('item'), pv.enable_audit('page');
UPDATE item SET words = words || '.';
UPDATE page SET words = words || '.';
SELECT relation, column_name, rows FROM pv.preview_erasure('person', 2) ORDER BY 1, 2;
SELECT state IN ('completed', 'verifying') AS ended, rows_anonymised FROM pv.erase_subject('person', 2);
SELECT i.id, kind, i.words, p.words AS of_page FROM item i JOIN page p ON p.item = i.id ORDER BY 1;
SELECT * FROM letter ORDER BY id;
SELECT * FROM pv.verify_erasure('person', 2);
SELECT relation, key ->> 'id' AS id, old ->> 'words' AS old, new ->> 'words' AS new, redacted FROM pv.audit_trail
    WHERE operation = 'UPDATE' ORDER BY relation::text, 2, at;
SELECT relation, key ->> 'id' AS id FROM pv.subject_trail('person', 2)
    WHERE operation = 'UPDATE' AND relation IN ('ownership.item', 'ownership.page') ORDER BY 1, 2;

-- A purge asks all whom a column is about.
CREATE TABLE visit (id int PRIMARY KEY, guest int REFERENCES person, host int REFERENCES person, day date, notes text);
CREATE INDEX ON visit (guest);
CREATE INDEX ON visit (host);
INSERT INTO person VALUES (5, 'Eva'), (6, 'Fred');
INSERT INTO visit VALUES (1, 5, 6, '2001-01-01', 'Eva at Fred''s'), (2, 6, NULL, '2001-01-01', 'Fred alone'), (3, NULL, 5, '2001-01-01', 'at Eva''s');
SELECT pv.declare_link('visit', '{guest}', 'person'), pv.declare_link('visit', '{host}', 'person');
SELECT pv.declare_personal('visit', '{notes}', 'text', links => '{guest,host}');
SELECT pv.declare_retention('visit', 'visits', '1 year', 'day', 'policy');
SELECT pv.activate_retention('visit', 'visits', 3);
SELECT pv.place_hold('person', 6, 'court case');
CALL pv.purge('visit');
SELECT id, notes FROM visit ORDER BY id;
SELECT rows, held_by FROM pv.overdue;
SELECT count(pv.release_hold(id, 'settled')) FROM pv.hold;

-- Subject tables that are linked to one another: rows of each are its own person's.
CREATE TABLE customer (id int PRIMARY KEY, rep int REFERENCES person, email text);
CREATE TABLE purchase (id int PRIMARY KEY, customer int REFERENCES customer, packed_by int REFERENCES person, address text);
CREATE INDEX ON customer (rep);
CREATE INDEX ON purchase (customer);
CREATE INDEX ON purchase (packed_by);
INSERT INTO customer VALUES (7, 5, 'gro@x.no');
INSERT INTO purchase VALUES (71, 7, 5, 'Storgata 7');
SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{email}', 'identifying');
SELECT pv.declare_link('customer', '{rep}', 'person'), pv.declare_link('purchase', '{customer}', 'customer'),
       pv.declare_link('purchase', '{packed_by}', 'person');
SELECT pv.declare_personal('purchase', '{address}', 'address');
SELECT pv.declare_personal('purchase', '{address}', 'address', link => 'customer');
SELECT relation, column_name, problem FROM pv.check_map() WHERE relation IN ('ownership.customer', 'ownership.purchase');
SELECT state FROM pv.erase_subject('person', 5);
SELECT email, address FROM customer c JOIN purchase p ON p.customer = c.id;
SELECT pv.declare_personal('purchase', '{address}', 'address', links => '{customer,packed_by}');
SELECT state FROM pv.erase_subject('person', 5);
SELECT email, address FROM customer c JOIN purchase p ON p.customer = c.id;
UPDATE purchase SET address = 'Storgata 7';
SELECT state FROM pv.erase_subject('customer', 7);
SELECT email, address FROM customer c JOIN purchase p ON p.customer = c.id;

-- A column that was declared while there was one way up, and is one of several persons' now.
CREATE TABLE doc (id int PRIMARY KEY, owner int REFERENCES person, reader int REFERENCES person, body text, title text);
CREATE TABLE sheet (id int PRIMARY KEY, doc int REFERENCES doc, words text, footer text);
CREATE INDEX ON doc (owner);
CREATE INDEX ON doc (reader);
CREATE INDEX ON sheet (doc);
INSERT INTO doc VALUES (1, NULL, 5, 'body', 'title');
INSERT INTO sheet VALUES (1, 1, 'words', 'footer');
SELECT pv.declare_link('doc', '{owner}', 'person'), pv.declare_link('sheet', '{doc}', 'doc');
SELECT pv.declare_personal('doc', '{body}', 'text', erase_with => 'null'), pv.declare_personal('sheet', '{words}', 'text', erase_with => 'null'),
       pv.declare_personal('doc', '{title}', 'text', erase_with => 'null', link => 'owner'), pv.declare_personal('sheet', '{footer}', 'text', erase_with => 'null', link => 'doc.owner');
SELECT pv.declare_link('doc', '{reader}', 'person');
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation IN ('ownership.doc', 'ownership.sheet') AND severity = 'error';
SELECT state FROM pv.erase_subject('person', 5);
SELECT pv.declare_personal('doc', '{body}', 'text', erase_with => 'null', link => '*'), pv.declare_personal('sheet', '{words}', 'text', erase_with => 'null', links => '{doc.reader}');
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation IN ('ownership.doc', 'ownership.sheet') AND severity = 'error';
SELECT state FROM pv.erase_subject('person', 5);
SELECT body, title, words, footer FROM doc d JOIN sheet p ON p.doc = d.id;

RESET search_path;
DROP SCHEMA ownership CASCADE;
DROP EXTENSION pvext;
