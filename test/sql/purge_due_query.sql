-- What is due and who keeps it is told by one query, and says the same as when each row is looked at,
-- which is what is done where a blocker's condition fails for somebody.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA told;
SET search_path = told;
CREATE TABLE person (id int PRIMARY KEY, nr text UNIQUE, name text, company boolean, active boolean, debt int DEFAULT 1, seen date);
CREATE TABLE bill (id int PRIMARY KEY, person int REFERENCES person, paid boolean);
CREATE TABLE sale (id int PRIMARY KEY, buyer int REFERENCES person, seller int REFERENCES person, to_whom text, by_whom text, terms text, at date);
CREATE TABLE item (id int PRIMARY KEY, sale int REFERENCES sale, remark text, at date);
CREATE TABLE visit (id int PRIMARY KEY, kind text, whose int, ip text, at date);
CREATE TABLE step (id int PRIMARY KEY, visit int REFERENCES visit, what text);
CREATE TABLE note (id int PRIMARY KEY, nr text, body text, at date);
CREATE TABLE letter (id int, person int REFERENCES person, body text, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE letter_old PARTITION OF letter FOR VALUES FROM (MINVALUE) TO ('2001-03-01');
CREATE TABLE letter_new PARTITION OF letter FOR VALUES FROM ('2001-03-01') TO (MAXVALUE);
CREATE TABLE meeting (id int PRIMARY KEY, members int[], minutes text, at date);
CREATE INDEX ON bill (person);
CREATE INDEX ON sale (buyer);
CREATE INDEX ON sale (seller);
CREATE INDEX ON item (sale);
CREATE INDEX ON visit (whose);
CREATE INDEX ON step (visit);
CREATE INDEX ON note (nr);
CREATE INDEX ON letter (person);
CREATE INDEX ON meeting USING gin (members);
SELECT count(pv.declare_purpose(p, 'contract', 'to ' || p)::text) FROM unnest('{orders,mail,security}'::text[]) AS p;
SELECT pv.declare_subject('person', condition => 'NOT company'), pv.declare_link('bill', '{person}', 'person'),
       pv.declare_link('sale', '{buyer}', 'person', name => 'buyer'), pv.declare_link('sale', '{seller}', 'person', name => 'seller'),
       pv.declare_link('item', '{sale}', 'sale'), pv.declare_link('visit', '{whose}', 'person', condition => 'kind = ''person''', on_erase => 'delete', purposes => '{security}'),
       pv.declare_link('step', '{visit}', 'visit', on_erase => 'delete', purposes => '{security}'),
       pv.declare_link('note', '{nr}', 'person', parent_columns => '{nr}'), pv.declare_link('letter', '{person}', 'person'),
       pv.declare_link('meeting', '{members}', 'person');
SELECT pv.declare_personal('person', '{name}', 'identifying', erase_with => 'null', purposes => '{orders,mail}'),
       pv.declare_personal('sale', '{to_whom}', 'identifying', erase_with => 'null', link => 'buyer', purposes => '{orders}'),
       pv.declare_personal('sale', '{by_whom}', 'identifying', erase_with => 'null', link => 'seller', purposes => '{orders}'),
       pv.declare_personal('sale', '{terms}', 'text', erase_with => 'null', link => '*', purposes => '{mail}'),
       pv.declare_personal('item', '{remark}', 'text', erase_with => 'null', link => '*', purposes => '{orders}'),
       pv.declare_personal('note', '{body}', 'text', erase_with => 'null', purposes => '{mail}'),
       pv.declare_personal('letter', '{body}', 'text', erase_with => 'null'),
       pv.declare_personal('meeting', '{minutes}', 'text', erase_with => 'null', link => '*');
SELECT pv.declare_blocker('person', 'owes', 'NOT paid', 'owes a bill', relation => 'bill', purposes => '{orders}'),
       pv.declare_blocker('person', 'active', 'subject.active', 'is a customer', purposes => '{mail}'),
       pv.declare_blocker('person', 'debt', '10 / subject.debt > 5', 'has a debt', purposes => '{security}');
SELECT pv.declare_retention(t::regclass, 'old', '5 years', CASE t WHEN 'person' THEN 'seen' ELSE 'at' END, 'law',
                            action => CASE t WHEN 'visit' THEN 'delete' ELSE 'anonymise' END)
FROM unnest('{person,sale,item,visit,note,letter,meeting}'::text[]) AS t;

-- Companies are every tenth; customers, who owe, and with a debt every fourth, third, and seventh
INSERT INTO person SELECT i, 'nr ' || i, 'Name ' || i, i % 10 = 0, i % 4 = 1, CASE WHEN i % 7 = 0 THEN 1 ELSE 10 END, date '2001-01-01' + i FROM generate_series(1, 60) AS i;
INSERT INTO bill SELECT i, i, i % 3 <> 0 FROM generate_series(1, 60) AS i;
INSERT INTO bill VALUES (61, 8, NULL);
INSERT INTO sale SELECT i, nullif(i % 61, 0), nullif(i * 7 % 61, 0), 'to', 'by', 'terms', date '2001-01-01' + i FROM generate_series(1, 150) AS i;
UPDATE sale SET to_whom = NULL WHERE id % 3 = 0;
UPDATE sale SET by_whom = NULL, terms = NULL WHERE id % 5 = 0;
UPDATE sale SET seller = buyer WHERE id % 11 = 0;
INSERT INTO item SELECT i, nullif(i % 151, 0), 'remark', date '2001-01-01' + i FROM generate_series(1, 200) AS i;
-- of some who are not there, and of others' kind
INSERT INTO visit SELECT i, CASE WHEN i % 5 = 0 THEN 'firm' ELSE 'person' END, i, 'ip', date '2001-01-01' + i FROM generate_series(1, 80) AS i;
INSERT INTO step SELECT i, i, 'step' FROM generate_series(1, 80) AS i;
INSERT INTO note SELECT i, 'nr ' || i, 'note', date '2001-01-01' + i FROM generate_series(1, 80) AS i;
INSERT INTO letter SELECT i, 1 + i % 60, 'letter', date '2001-01-01' + i FROM generate_series(1, 120) AS i;
INSERT INTO meeting SELECT i, ARRAY[i, i + 1, i * 3], 'minutes', date '2001-01-01' + i FROM generate_series(1, 50) AS i;
ANALYZE;

CREATE VIEW due AS
    SELECT relation, rule, rows, held, oldest, NULL::text[] AS held_by, hint FROM pv.preview_purge()
    UNION ALL SELECT relation, rule, rows, NULL, oldest, held_by, hint FROM pv.overdue;
CREATE TABLE by_query AS TABLE due WITH NO DATA;
CREATE TABLE one_by_one AS TABLE due WITH NO DATA;
CREATE PROCEDURE compare() LANGUAGE plpgsql AS $$ BEGIN
    TRUNCATE by_query, one_by_one;
    INSERT INTO by_query TABLE due;
    -- for whom a blocker fails, and of whom nothing is due
    INSERT INTO person VALUES (1000, 'nr 1000', NULL, false, false, 0, NULL);
    INSERT INTO one_by_one TABLE due;
    DELETE FROM person WHERE id = 1000;
END $$;
CREATE VIEW difference AS
    (TABLE by_query EXCEPT ALL TABLE one_by_one) UNION ALL (TABLE one_by_one EXCEPT ALL TABLE by_query);

-- Rules that are only proposed
CALL compare();
TABLE difference;
SELECT relation, rows, held, oldest::date FROM by_query ORDER BY relation;

-- Active ones
SELECT count(pv.activate_retention(relation, rule, rows)::text) FROM pv.preview_purge();
CALL compare();
TABLE difference;
SELECT relation, rows, oldest::date, held_by FROM by_query WHERE held IS NULL ORDER BY relation, held_by;

-- Some are held: what is about them is looked at
SELECT count(pv.place_hold('person', i, 'case ' || i)) FROM unnest('{2,9,21}'::int[]) AS i;
CALL compare();
TABLE difference;
SELECT relation, rows, oldest::date, held_by FROM by_query WHERE held_by::text LIKE '%hold%' ORDER BY relation, held_by;

-- Nothing is named by a dash, which is not to mean all
CALL pv.purge('-');
-- What is taken by the purge is what nothing holds
CALL pv.purge();
CALL compare();
TABLE difference;
SELECT relation, sum(rows) AS rows, sum(rows) FILTER (WHERE held_by IS NOT NULL) AS held FROM by_query WHERE held IS NULL GROUP BY relation ORDER BY relation;

-- Another role's blockers are asked of each
SELECT pv.release_hold(id, 'settled') IS NOT NULL AS released FROM pv.hold;
CREATE ROLE told_other;
GRANT USAGE ON SCHEMA told TO told_other;
ALTER TABLE bill OWNER TO told_other;
CALL compare();
TABLE difference;
SELECT relation, rows, oldest::date, held_by FROM by_query WHERE held_by::text LIKE '%owes%' ORDER BY relation, held_by;
RESET search_path;
DROP SCHEMA told CASCADE;
DROP EXTENSION pvext;
DROP ROLE told_other;
