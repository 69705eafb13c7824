-- Rows that blockers keep are left out as very many due rows are found: no more and no fewer than each of
-- them by itself would be, as pv.preview_purge() looks at them.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA kept;
SET search_path = kept;
SET pvext.purge_limit = 0;
SET pvext.purge_delay = 0;
CREATE TABLE person (id int PRIMARY KEY, name text, company boolean DEFAULT false, debt int DEFAULT 1, active boolean DEFAULT false, seen date DEFAULT '2001-01-01');
CREATE TABLE bill (id int PRIMARY KEY, person int REFERENCES person, paid boolean);
CREATE TABLE sale (id int PRIMARY KEY, buyer int REFERENCES person, seller int REFERENCES person, to_whom text, by_whom text, terms text, at date DEFAULT '2001-01-01');
CREATE TABLE item (id int PRIMARY KEY, sale int REFERENCES sale, remark text, at date DEFAULT '2001-01-01');
CREATE TABLE visit (id int PRIMARY KEY, person int, ip text, at date DEFAULT '2001-01-01');
CREATE TABLE step (id int PRIMARY KEY, visit int REFERENCES visit, person int REFERENCES person, what text);
CREATE INDEX ON bill (person);
CREATE INDEX ON sale (buyer);
CREATE INDEX ON sale (seller);
CREATE INDEX ON item (sale);
CREATE INDEX ON visit (person);
CREATE INDEX ON step (visit);
CREATE INDEX ON step (person);
SELECT count(pv.declare_purpose(p, 'contract', 'to ' || p)::text) FROM unnest('{orders,mail,security}'::text[]) AS p;
SELECT pv.declare_subject('person', condition => 'NOT company'), pv.declare_link('bill', '{person}', 'person'),
       pv.declare_link('sale', '{buyer}', 'person', name => 'buyer'), pv.declare_link('sale', '{seller}', 'person', name => 'seller'),
       pv.declare_link('item', '{sale}', 'sale'), pv.declare_link('visit', '{person}', 'person', on_erase => 'delete', purposes => '{security}'),
       pv.declare_link('step', '{visit}', 'visit', on_erase => 'delete', purposes => '{security}'), pv.declare_link('step', '{person}', 'person', name => 'walker');
SELECT pv.declare_personal('person', '{name}', 'identifying', erase_with => 'null', purposes => '{orders,mail}'), pv.declare_personal('sale', '{to_whom}', 'identifying', erase_with => 'null', link => 'buyer', purposes => '{orders}'),
       pv.declare_personal('sale', '{by_whom}', 'identifying', erase_with => 'null', link => 'seller', purposes => '{orders}'), pv.declare_personal('sale', '{terms}', 'text', erase_with => 'null', link => '*', purposes => '{mail}'),
       pv.declare_personal('item', '{remark}', 'text', erase_with => 'null', link => '*', purposes => '{orders}');
SELECT pv.declare_blocker('person', 'owes', 'NOT paid', 'owes a bill', relation => 'bill', purposes => '{orders}'),
       pv.declare_blocker('person', 'active', 'subject.active', 'is a customer', purposes => '{mail}'),
       pv.declare_blocker('person', 'debt', '1 / subject.debt > 5', 'has a debt', purposes => '{security}');
SELECT pv.declare_retention(t::regclass, 'old', '5 years', CASE t WHEN 'person' THEN 'seen' ELSE 'at' END, 'law') FROM unnest('{person,sale,item}'::text[]) AS t;
SELECT pv.declare_retention('visit', 'old', '5 years', 'at', 'law', action => 'delete');

-- 1: nothing; 2: owes; 3: has paid; 4: is a customer; 5: both; 6: a company that owes; 7: a bill of which that is not known
CREATE PROCEDURE fill(copies int, persons int) LANGUAGE plpgsql AS $$ BEGIN
    TRUNCATE person, bill, sale, item, visit, step;
    INSERT INTO person (id, name, company, active) SELECT i, 'Name ' || i, i = 6, i IN (4, 5) FROM generate_series(1, 8) AS i;
    INSERT INTO bill VALUES (2, 2, false), (3, 3, true), (5, 5, false), (6, 6, false), (7, 7, NULL);
    INSERT INTO sale SELECT 10 * b + s, b, s, 'to ' || b, 'by ' || s, b || ' and ' || s FROM generate_series(1, 8) AS b, generate_series(1, 8) AS s;
    INSERT INTO sale VALUES (90, NULL, 2, NULL, 'by 2', 'nobody and 2'), (91, NULL, NULL, NULL, 'by nobody', 'of nobody');
    INSERT INTO sale VALUES (92, 2, 1, 'to 2', 'by 1', 'young', current_date);
    INSERT INTO visit SELECT i, i, '10.0.0.' || i FROM generate_series(1, 9) AS i;
    INSERT INTO step SELECT i, i, 1 + i % 8, 'step ' || i FROM generate_series(1, 9) AS i;

    -- many more of the same
    INSERT INTO sale SELECT 100 * c + id, buyer, seller, to_whom, by_whom, terms, at FROM sale, generate_series(2, copies) AS c WHERE copies < 1000;
    INSERT INTO item SELECT id, id, 'remark ' || id FROM sale;
    INSERT INTO visit SELECT 100 * c + id, person, ip FROM visit, generate_series(2, copies) AS c WHERE copies > 1000;
    INSERT INTO step SELECT 100 * c + id, 100 * c + visit, person, what FROM step, generate_series(2, copies) AS c WHERE copies > 1000;
    INSERT INTO person (id, name, active) SELECT i, 'Name ' || i, i % 3 = 0 FROM generate_series(100001, 100000 + persons) AS i;
END $$;
CALL fill(1, 0);

-- What is left of old rows, but for the companies', and what the preview says of it
CREATE VIEW left_over AS
    SELECT 'person' AS relation, id, name FROM person WHERE name IS NOT NULL AND NOT company AND id <> 99
    UNION ALL SELECT 'buyer', id, to_whom FROM sale WHERE to_whom IS NOT NULL AND at < '2010-01-01'
    UNION ALL SELECT 'seller', id, by_whom FROM sale WHERE by_whom IS NOT NULL AND at < '2010-01-01'
    UNION ALL SELECT 'terms', id, terms FROM sale WHERE terms IS NOT NULL AND at < '2010-01-01'
    UNION ALL SELECT 'item', id, remark FROM item WHERE remark IS NOT NULL AND at < '2010-01-01'
    UNION ALL SELECT 'visit', id, ip FROM visit
    UNION ALL SELECT 'step', id, what FROM step;
SELECT relation, rule, rows, held FROM pv.preview_purge() ORDER BY 1, 2;
SELECT count(pv.activate_retention(relation::regclass, rule, rows)::text) FROM pv.preview_purge();

-- Few of them are looked at one by one
CALL pv.purge();
SELECT relation, count(*) FROM left_over GROUP BY relation ORDER BY relation;
SELECT id, name FROM person ORDER BY id;
SELECT string_agg(id::text, ' ' ORDER BY id) FROM left_over WHERE relation = 'item';
CREATE TABLE told AS TABLE left_over;

-- The same where they are many
CALL fill(160, 10000);
SELECT relation, rule, rows, held FROM pv.preview_purge() ORDER BY 1, 2;
CALL pv.purge();
CREATE VIEW difference AS
    (SELECT * FROM left_over WHERE id < 100 EXCEPT ALL TABLE told) UNION ALL (TABLE told EXCEPT ALL SELECT * FROM left_over WHERE id < 100);
TABLE difference;
SELECT relation, count(*), count(*) FILTER (WHERE id < 100) AS first FROM left_over GROUP BY relation ORDER BY relation;
SELECT relation, rule, rows, held FROM pv.preview_purge() ORDER BY 1, 2;

-- One for whom a blocker fails, and who has no rows that are due: each is asked for by itself
CALL fill(160, 0);
SELECT pv.declare_blocker('person', 'fails', '1 / subject.debt > 5', 'cannot be told', purposes => '{orders,mail}');
INSERT INTO person VALUES (99, 'Name 99', false, 0, false, current_date);
CALL pv.purge();
TABLE difference;

-- A visit whose walker has a debt stays, with its steps
CALL fill(1200, 0);
SELECT pv.undeclare_blocker('person', 'fails');
SELECT pv.undeclare_blocker('person', 'debt');
SELECT pv.declare_blocker('person', 'debt', 'subject.debt > 5', 'has a debt', purposes => '{security}');
UPDATE person SET debt = 10 WHERE id IN (3, 4);
CALL pv.purge();
SELECT id % 100 AS visit, count(*) FROM visit GROUP BY 1 ORDER BY 1;
SELECT visit % 100 AS visit, person, count(*) FROM step GROUP BY 1, 2 ORDER BY 1, 2;

-- Once nobody is blocked any more all goes
UPDATE person SET debt = 0, active = false;
UPDATE bill SET paid = true;
CALL pv.purge();
SELECT relation, count(*) FROM left_over GROUP BY relation ORDER BY relation;
RESET search_path;
DROP SCHEMA kept CASCADE;
DROP EXTENSION pvext;
