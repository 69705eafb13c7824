-- By what rows are linked: keys of several columns, of other types, not
-- primary, and keys that are themselves personal.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; CREATE EXTENSION citext; RESET client_min_messages;
CREATE SCHEMA key;
SET search_path = key, public;
SET client_min_messages = error;    -- of missing indexes

-- Composite keys, their columns in another order in every table and constraint
CREATE TABLE person (no int, name text, club int, PRIMARY KEY (club, no));
CREATE TABLE visit (id int PRIMARY KEY, person_no int, place text, person_club int,
                    FOREIGN KEY (person_no, person_club) REFERENCES person (no, club), UNIQUE (person_club, id));
CREATE TABLE photo (v int, c int, caption text, FOREIGN KEY (c, v) REFERENCES visit (person_club, id));
INSERT INTO person VALUES (1, 'Ann', 2), (2, 'Bob', 1), (1, 'Cid', 1), (2, 'Dan', 2);
INSERT INTO visit SELECT 10 * club + no, no, 'place of ' || name, club FROM person;
INSERT INTO photo SELECT id, person_club, 'photo of ' || place FROM visit;
\o /dev/null
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person', 2);
SELECT pv.declare_personal('person', '{name}', 'x'), pv.declare_personal('visit', '{place}', 'x'),
       pv.declare_personal('photo', '{caption}', 'x');
\o
SELECT relation, columns, parent, parent_columns FROM pv.link ORDER BY relation::text;
SELECT state, rows_anonymised FROM pv.erase_subject('person', ROW(2, 1));
SELECT state, rows_anonymised FROM pv.erase_subjects('person', '{"(1,2)"}');
SELECT club, no, name, place, caption FROM person JOIN visit ON person_no = no AND person_club = club
JOIN photo ON v = id AND c = person_club ORDER BY club, no;
-- Two subjects' columns are not mixed: (1,1) and (2,2) are not (1,2) and (2,1).
UPDATE person SET name = 'x';
UPDATE visit SET place = 'x';
UPDATE photo SET caption = 'x';
SELECT count(*) FROM pv.erase_subjects('person', '{"(1,1)","(2,2)"}');
SELECT club, no, name, place, caption FROM person JOIN visit ON person_no = no AND person_club = club
JOIN photo ON v = id AND c = person_club ORDER BY club, no;

-- MATCH SIMPLE: a key that is NULL in part refers to nobody.
ALTER TABLE visit ALTER person_club DROP NOT NULL;
INSERT INTO visit VALUES (99, 1, 'half a key', NULL);
SELECT state FROM pv.erase_subject('person', ROW(1, 1));
SELECT place FROM visit WHERE id = 99;
SELECT relation, problem FROM pv.check_map() WHERE relation = 'key.visit' AND problem LIKE '%nobody%';

-- A link to a unique key that is not the primary key, and whose values change
CREATE TABLE client (id int PRIMARY KEY, number text NOT NULL UNIQUE, name text);
CREATE TABLE bill (id int PRIMARY KEY, client_number text REFERENCES client (number) ON UPDATE CASCADE, address text);
CREATE TABLE call (id int PRIMARY KEY, phone_of text, body text);   -- without a foreign key
INSERT INTO client VALUES (1, 'C-01', 'Ann'), (2, 'C-02', 'Bob');
INSERT INTO bill VALUES (1, 'C-01', 'Ann''s'), (2, 'C-02', 'Bob''s'), (3, 'C-01', 'Ann''s');
INSERT INTO call VALUES (1, 'C-01', 'hello'), (2, 'C-02', 'hello'), (3, 'C-03', 'hello');
\o /dev/null
SELECT pv.declare_subject('client');
SELECT pv.link_foreign_keys('client');
SELECT pv.declare_link('call', '{phone_of}', 'client', '{number}');
SELECT pv.declare_personal('client', '{name}', 'x'), pv.declare_personal('bill', '{address}', 'x'),
       pv.declare_personal('call', '{body}', 'x');
\o
SELECT state, rows_anonymised FROM pv.erase_subject('client', 1);
SELECT client_number, address FROM bill ORDER BY id;
SELECT phone_of, body FROM call ORDER BY id;
SELECT relation, problem FROM pv.check_map() WHERE relation = 'key.call' AND problem LIKE '%nobody%';

-- Links that lead to other than unique keys share rows; those whose types do not compare are none
SELECT pv.declare_link('bill', '{client_number}', 'client', '{name}');
SELECT shared FROM pv.link WHERE relation = 'bill'::regclass AND name = 'client_name';
SELECT pv.undeclare_link('bill', 'client_name');
SELECT pv.declare_link('bill', '{id,client_number}', 'client');
\echo :SQLSTATE
SELECT pv.declare_link('bill', '{nothing}', 'client');
\echo :SQLSTATE
CREATE TABLE odd (b boolean, d date, j jsonb, t text, u uuid, n numeric);
SELECT pv.declare_link('odd', '{b}', 'client');
\echo :SQLSTATE
SELECT pv.declare_link('odd', '{d}', 'client');
SELECT pv.declare_link('odd', '{j}', 'client');
SELECT pv.declare_link('odd', '{u}', 'client');
SELECT pv.declare_link('odd', '{n}', 'client');
SELECT pv.declare_link('odd', '{t}', 'client', '{number}');
SELECT pv.declare_link('odd', '{u}', 'client', '{number}', name => 't');
\echo :SQLSTATE

-- Polymorphic links: text against int and uuid, each with its condition
CREATE TABLE buyer (id int PRIMARY KEY, name text);
CREATE TABLE seller (id uuid PRIMARY KEY, name text);
CREATE TABLE offer (id bigint PRIMARY KEY, seller uuid REFERENCES seller, title text);
CREATE TABLE version (id int PRIMARY KEY, item_type text NOT NULL, item_id text NOT NULL, object jsonb);
INSERT INTO buyer VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO seller VALUES ('00000000-0000-0000-0000-000000000001', 'Cid'), ('00000000-0000-0000-0000-00000000000A', 'Dan');
INSERT INTO offer VALUES (1, '00000000-0000-0000-0000-000000000001', 'Cid''s car'),
                         (2, '00000000-0000-0000-0000-00000000000a', 'Dan''s car');
INSERT INTO version VALUES
    (1, 'Buyer', '1', '{"name": "Anne", "id": 1}'), (2, 'Buyer', '2', '{"name": "Bobby", "id": 2}'),
    (3, 'Seller', '00000000-0000-0000-0000-000000000001', '{"name": "Cidd"}'),
    (4, 'Seller', '00000000-0000-0000-0000-00000000000a', '{"name": "Danny"}'),
    (5, 'Offer', '1', '{"title": "Cid''s bike"}'), (6, 'Offer', '2', '{"title": "Dan''s bike"}'),
    (7, 'Product', '1', '{"title": "a product"}'), (8, 'Buyer', 'not a number', '{"name": "?"}');
\o /dev/null
SELECT pv.declare_subject('buyer'), pv.declare_subject('seller');
SELECT pv.link_foreign_keys('seller');
SELECT pv.declare_link('version', '{item_id}', 'buyer', name => 'of_buyer', condition => 'item_type = ''Buyer''');
SELECT pv.declare_link('version', '{item_id}', 'seller', name => 'of_seller', condition => 'item_type = ''Seller''');
SELECT pv.declare_link('version', '{item_id}', 'offer', name => 'of_offer', condition => 'version.item_type = ''Offer''');
SELECT pv.declare_personal('buyer', '{name}', 'x'), pv.declare_personal('seller', '{name}', 'x'),
       pv.declare_personal('offer', '{title}', 'x'),
       pv.declare_personal('version', '{object}', 'x', link => '*', erase_with => 'remove_paths', parameter => '{name} {title}');
\o
SELECT state, rows_anonymised FROM pv.erase_subject('buyer', 1);
SELECT id, item_type, object FROM version ORDER BY id;
SELECT state, rows_anonymised FROM pv.erase_subject('seller', '00000000-0000-0000-0000-00000000000A');
SELECT state, rows_anonymised FROM pv.erase_subjects('seller', '{00000000-0000-0000-0000-000000000001}');
SELECT id, item_type, object FROM version ORDER BY id;
SELECT id, title FROM offer ORDER BY id;

-- Keys that identify: the person gets another, and all that refers follows.
CREATE TABLE firm (id citext PRIMARY KEY, contact text);
CREATE TABLE purchase (id int PRIMARY KEY, firm citext REFERENCES firm, ship_to text);
CREATE TABLE purchase_line (purchase int REFERENCES purchase, firm citext REFERENCES firm, note text);
CREATE TABLE mail (id int PRIMARY KEY, about text, body text);      -- without a foreign key
INSERT INTO firm VALUES ('ALFKI', 'Maria'), ('ANATR', 'Ana');
INSERT INTO purchase VALUES (1, 'ALFKI', 'Obere Str.'), (2, 'ANATR', 'Avda.'), (3, 'alfki', 'Obere Str.');
INSERT INTO purchase_line VALUES (1, 'ALFKI', 'for Maria'), (2, 'ANATR', 'for Ana'), (2, 'AlfKi', 'for Maria');
INSERT INTO mail VALUES (1, 'ALFKI', 'Dear Maria'), (2, 'ANATR', 'Dear Ana');
\o /dev/null
SELECT pv.declare_subject('firm');
SELECT pv.link_foreign_keys('firm', 2);
SELECT pv.declare_link('mail', '{about}', 'firm');
SELECT pv.declare_personal('firm', '{contact}', 'x');
SELECT pv.declare_personal('firm', '{id}', 'identifying', erase_with => 'token');
SELECT pv.declare_personal('purchase', '{ship_to}', 'x');
SELECT pv.declare_personal('purchase_line', '{note}', 'x', link => 'firm');
SELECT pv.declare_personal('mail', '{body}', 'x');
\o
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('firm', 'ALFKI') ORDER BY relation::text, column_name;
SELECT state, key IS NULL AS forgotten FROM pv.erase_subject('firm', 'alfki');
SELECT id = 'ANATR' AS anatr, contact FROM firm ORDER BY 1;
SELECT p.id, f.id = 'ANATR' AS anatr, p.firm = 'ALFKI' AS alfki, ship_to FROM purchase p JOIN firm f ON f.id = p.firm ORDER BY p.id;
SELECT purchase, f.id = 'ANATR' AS anatr, note FROM purchase_line p JOIN firm f ON f.id = p.firm ORDER BY 1, 2;
SELECT m.id, f.id = 'ANATR' AS anatr, body FROM mail m JOIN firm f ON f.id = m.about ORDER BY m.id;
-- Whom the old key or the new one names is known.
SELECT count(DISTINCT id) AS requests, min(state) AS state FROM (
    SELECT * FROM pv.erase_subject('firm', 'ALFKI')
    UNION ALL SELECT e.* FROM firm, pv.erase_subject('firm', firm.id) e WHERE firm.id <> 'ANATR') x;
SELECT former_digest <> subject_digest AS moved FROM pv.erasure WHERE subject = 'firm'::regclass;
SELECT v.* FROM pv.erasure e, pv.verify_erasure(e.id) v WHERE e.subject = 'firm'::regclass;
SELECT pv.erase_subject('firm', 'BOLID');
\echo :SQLSTATE

-- Part of a composite key, with ON UPDATE CASCADE, and a child of the child
CREATE TABLE citizen (country char(2), number varchar(12), name text, PRIMARY KEY (country, number));
CREATE TABLE vote (country char(2), number varchar(12), round int, answer text, PRIMARY KEY (country, number, round),
                   FOREIGN KEY (country, number) REFERENCES citizen ON UPDATE CASCADE);
CREATE TABLE remark (country char(2), number varchar(12), round int, body text,
                     FOREIGN KEY (country, number, round) REFERENCES vote ON UPDATE CASCADE);
INSERT INTO citizen VALUES ('NL', '123456782', 'Ann'), ('BE', '123456782', 'Bob');
INSERT INTO vote SELECT country, number, r, 'yes' FROM citizen, generate_series(1, 2) r;
INSERT INTO remark SELECT country, number, round, 'well' FROM vote;
\o /dev/null
SELECT pv.declare_subject('citizen');
SELECT pv.link_foreign_keys('citizen', 2);
SELECT pv.declare_personal('citizen', '{number}', 'identifying', erase_with => 'token');
SELECT pv.declare_personal('citizen', '{name}', 'x'), pv.declare_personal('vote', '{answer}', 'x'),
       pv.declare_personal('remark', '{body}', 'x');
\o
SELECT state FROM pv.erase_subject('citizen', '(NL,123456782)');
SELECT country, c.number = '123456782' AS known, c.name, count(v.round) AS votes, count(v.answer) AS answers,
       count(r.round) AS remarks, count(r.body) AS bodies
FROM citizen c LEFT JOIN vote v USING (country, number) LEFT JOIN remark r USING (country, number, round)
GROUP BY 1, 2, 3 ORDER BY 1;

-- Likewise where pvext has to make them follow: the other tenant's Ann stays.
CREATE TABLE account (tenant int, login varchar(12), name text, PRIMARY KEY (tenant, login));
CREATE TABLE post (tenant int, login varchar(12), body text, FOREIGN KEY (login, tenant) REFERENCES account (login, tenant));
INSERT INTO account VALUES (1, 'ann', 'Ann'), (2, 'ann', 'another Ann');
INSERT INTO post SELECT tenant, login, 'post of ' || name FROM account;
\o /dev/null
SELECT pv.declare_subject('account');
SELECT pv.link_foreign_keys('account');
SELECT pv.declare_personal('account', '{login}', 'identifying', erase_with => 'token');
SELECT pv.declare_personal('account', '{name}', 'x'), pv.declare_personal('post', '{body}', 'x');
\o
SELECT state FROM pv.erase_subject('account', ROW(1, 'ann'));
SELECT tenant, login = 'ann' AS ann, name, body FROM account JOIN post USING (tenant, login) ORDER BY tenant;

DROP SCHEMA key CASCADE;
