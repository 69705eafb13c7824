-- What one query tells of due rows is what looking at each tells, whatever the shapes of keys,
-- tables, conditions and rules are. Each is looked at while a blocker is over another role's table.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE ROLE shaped_other;
CREATE SCHEMA shaped;
GRANT USAGE ON SCHEMA shaped TO shaped_other;
SET search_path = shaped;
SET client_min_messages = error;    -- of missing indexes
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN code AS char(6);
SELECT count(pv.declare_purpose(p, 'contract', 'to ' || p)::text) FROM unnest('{orders,mail}'::text[]) AS p;

-- Keys that are equal though they look different, or may be there twice
CREATE TABLE person (id int PRIMARY KEY, nr text UNIQUE DEFERRABLE INITIALLY DEFERRED, code code UNIQUE, alias text COLLATE ci,
                     amount numeric UNIQUE, at timestamptz UNIQUE, name text, company boolean, active boolean, debt int, seen date);
CREATE UNIQUE INDEX ON person (alias COLLATE "C");
-- Keys of two columns, in another order than the table's; a table that inherits, and one with partitions whose columns are in another order
CREATE TABLE firm (land text, no int, name text, active boolean, seen date, PRIMARY KEY (no, land));
CREATE TABLE member (id int PRIMARY KEY, name text, active boolean, seen date);
CREATE TABLE member_once (gone_on date, PRIMARY KEY (id)) INHERITS (member);
CREATE TABLE client (id int, land text, name text, active boolean, seen date, PRIMARY KEY (id, land)) PARTITION BY LIST (land);
CREATE TABLE client_de PARTITION OF client FOR VALUES IN ('de');
CREATE TABLE client_fr (active boolean, dropped int, land text NOT NULL, seen date, name text, id int NOT NULL);
ALTER TABLE client_fr DROP dropped;
ALTER TABLE client ATTACH PARTITION client_fr FOR VALUES IN ('fr');
CREATE TABLE bill (id int PRIMARY KEY, person int, firm_land text, firm_no int, member int, client int, land text, paid boolean, amount int);
CREATE TABLE ballast (id int PRIMARY KEY, person int, firm_land text, firm_no int, member int, client int, land text);
ALTER TABLE ballast OWNER TO shaped_other;

-- What is due, of one or several of them
CREATE TABLE row (id int PRIMARY KEY, "Kind" text, person int, o bigint, nr varchar(20), code text, alias text COLLATE ci, amount numeric, at timestamptz,
                  firm_land varchar, firm_no smallint, member bigint, client int, land text, body text, note text, "end" date, gone date);
CREATE TABLE part (id int PRIMARY KEY, "row" int, body text, "end" date);
SELECT pv.declare_subject('person', condition => 'NOT company'), pv.declare_subject('firm', '{land,no}'), pv.declare_subject('member'), pv.declare_subject('client', '{land,id}');
SELECT pv.declare_link(t, '{person}', 'person'), pv.declare_link(t, '{firm_land,firm_no}', 'firm', '{land,no}', name => 'firm'),
       pv.declare_link(t, '{member}', 'member'), pv.declare_link(t, '{client,land}', 'client', '{id,land}', name => 'client')
FROM unnest('{bill,ballast}'::regclass[]) AS t;
CREATE TABLE by_query (shape text, relation regclass, rule text, rows bigint, held bigint, oldest timestamptz, held_by text[], hint text);
CREATE TABLE one_by_one (LIKE by_query);
CREATE VIEW due AS
    SELECT relation, rule, rows, held, oldest, NULL::text[] AS held_by, hint FROM pv.preview_purge()
    UNION ALL SELECT relation, rule, rows, NULL, oldest, held_by, hint FROM pv.overdue;
CREATE PROCEDURE compare(shape text) LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO by_query SELECT compare.shape, due.* FROM due;
    PERFORM pv.declare_blocker(s, 'ballast', 'true', 'another''s', relation => 'ballast') FROM (SELECT parent AS s FROM pv.link WHERE relation = 'ballast'::regclass) AS l;
    INSERT INTO one_by_one SELECT compare.shape, due.* FROM due;
    PERFORM pv.undeclare_blocker(s, 'ballast') FROM (SELECT parent AS s FROM pv.link WHERE relation = 'ballast'::regclass) AS l;
END $$;
CREATE VIEW difference AS
    SELECT 'query' AS of, * FROM (TABLE by_query EXCEPT ALL TABLE one_by_one) AS q UNION ALL
    SELECT 'each', * FROM (TABLE one_by_one EXCEPT ALL TABLE by_query) AS e;
-- A link of the rows for the time of a comparison
CREATE PROCEDURE linked(shape text, columns name[], parent regclass, parent_columns name[] DEFAULT NULL, condition text DEFAULT NULL, expression text DEFAULT NULL)
LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pv.declare_link('row', columns, parent, parent_columns, name => 'way', condition => condition, expression => expression);
    PERFORM pv.declare_personal('row', '{body}', 'identifying', erase_with => 'null', link => 'way', purposes => '{orders}'),
            pv.declare_personal('row', '{note}', 'text', erase_with => 'null', link => 'way', purposes => '{mail}'),
            pv.declare_personal('part', '{body}', 'text', erase_with => 'null', link => '*', purposes => '{orders,mail}');
    PERFORM pv.declare_retention('row', 'old', '5 years', '"end"', 'law'), pv.declare_retention('part', 'old', '5 years', '"end"', 'law'),
            pv.declare_retention('row', 'gone', '1 year', 'gone', 'law', columns => '{note}');
    CALL compare(shape);
    PERFORM pv.declare_retention('row', 'up', '6 years', 'seen', 'law', columns => '{body}', over => parent);
    CALL compare(shape || ', and a clock');
    PERFORM pv.undeclare_retention('row', 'up'), pv.undeclare_retention('row', 'old'), pv.undeclare_retention('row', 'gone'), pv.undeclare_retention('part', 'old'),
            pv.undeclare_personal('row', '{body,note}'), pv.undeclare_personal('part', '{body}');
    PERFORM pv.undeclare_link('row', 'way');
END $$;
SELECT pv.declare_link('part', '{row}', 'row');
SELECT pv.declare_blocker(s, 'active', 'subject.active', 'is a customer', purposes => '{mail}'),
       pv.declare_blocker(s, 'owes', 'NOT paid', 'owes a bill', relation => 'bill', purposes => '{orders}')
FROM unnest('{person,firm,member,client}'::regclass[]) AS s;
INSERT INTO person SELECT i, 'nr ' || i, 'c' || i, 'Alias ' || i, i, timestamptz '2001-01-01 00:00Z' + i * interval '1 hour', 'Name ' || i, nullif(i % 10, 1) = 0,
       nullif(i % 4, 2) = 1, i % 7, date '2001-01-01' + i FROM generate_series(1, 60) AS i;
INSERT INTO person (id, nr, alias, active) SELECT 100 + i, 'other ' || i, upper('Alias ' || i), i % 2 = 0 FROM generate_series(1, 60, 3) AS i;
INSERT INTO firm SELECT CASE i % 2 WHEN 0 THEN 'de' ELSE 'fr' END, i / 2, 'Firm', nullif(i % 4, 2) = 1, date '2001-01-01' + i FROM generate_series(1, 60) AS i;
INSERT INTO member SELECT i, 'Member', nullif(i % 4, 2) = 1, date '2001-01-01' + i FROM generate_series(1, 40) AS i;
INSERT INTO member_once SELECT i, 'Member', nullif(i % 3, 2) = 1, date '2001-01-01' + i FROM generate_series(31, 60) AS i;
INSERT INTO client SELECT i / 2, CASE i % 2 WHEN 0 THEN 'de' ELSE 'fr' END, 'Client', nullif(i % 4, 2) = 1, date '2001-01-01' + i FROM generate_series(1, 60) AS i;
INSERT INTO bill SELECT i, i, CASE i % 2 WHEN 0 THEN 'de' ELSE 'fr' END, i / 2, i, i / 2, CASE i % 2 WHEN 0 THEN 'de' ELSE 'fr' END, nullif(i % 3, 2) <> 0, i FROM generate_series(1, 66) AS i;
INSERT INTO row SELECT i, CASE WHEN i % 6 = 0 THEN 'firm' WHEN i % 6 < 5 THEN 'person' END, nullif(i % 71, 0), i % 61, 'nr ' || i, CASE i % 2 WHEN 0 THEN rpad('c' || i, 9) ELSE 'c' || i END,
       CASE i % 2 WHEN 0 THEN 'ALIAS ' ELSE 'alias ' END || i, (i || repeat('0', i % 2))::numeric / CASE i % 2 WHEN 0 THEN 1 ELSE 10 END,
       timestamptz '2001-01-01 00:00Z' + i * interval '1 hour', CASE i % 2 WHEN 0 THEN 'de' WHEN 1 THEN CASE WHEN i % 5 > 0 THEN 'fr' END END, i / 2, i,
       i / 2, CASE i % 2 WHEN 0 THEN 'de' ELSE 'fr' END, CASE WHEN i % 9 > 0 THEN 'body' END, CASE WHEN i % 4 > 0 THEN 'note' END,
       CASE WHEN i % 13 > 0 THEN date '2001-01-01' + i END, CASE WHEN i % 3 > 0 THEN date '2001-06-01' - i END FROM generate_series(1, 100) AS i;
INSERT INTO part SELECT i, nullif(i % 111, 0), 'body', date '2001-01-01' + i FROM generate_series(1, 130) AS i;
ANALYZE;

CALL linked('integers', '{person}', 'person');
CALL linked('integers of other size', '{o}', 'person');
CALL linked('strings, and a key that may be there twice', '{nr}', 'person', '{nr}');
CALL linked('strings with blanks', '{code}', 'person', '{code}');
CALL linked('case that is nothing', '{alias}', 'person', '{alias}');
CALL linked('scales', '{amount}', 'person', '{amount}');
CALL linked('moments', '{at}', 'person', '{at}');
CALL linked('two columns', '{firm_land,firm_no}', 'firm', '{land,no}');
CALL linked('inherited', '{member}', 'member');
CALL linked('partitions', '{land,client}', 'client', '{land,id}');
CALL linked('a condition', '{person}', 'person', condition => '"Kind" = ''person''');
CALL linked('an expression', '{}', 'person', '{nr}', expression => '''nr '' || person');

-- A key that is there twice until the transaction ends
BEGIN;
INSERT INTO person (id, nr, active) SELECT 1000 + i, 'nr ' || i, i % 3 = 0 FROM generate_series(1, 60) AS i;
CALL linked('a key that is there twice', '{nr}', 'person', '{nr}');
SELECT * FROM difference;
ROLLBACK;

-- Rules of the subjects' own tables
SELECT pv.declare_personal(s, '{name}', 'identifying', erase_with => 'null', purposes => '{orders,mail}'), pv.declare_retention(s, 'old', '5 years', 'seen', 'law')
FROM unnest('{person,firm,member,client}'::regclass[]) AS s;
CALL compare('own rows');

-- Rows of several persons, of several tables and by several ways, some held, some whose rows are gone; what is due for two reasons, since one moment, a later one, or never
SELECT pv.declare_link('row', '{person}', 'person', name => 'person', condition => '"Kind" = ''person'''), pv.declare_link('row', '{o}', 'person', name => 'o'),
       pv.declare_link('row', '{firm_land,firm_no}', 'firm', '{land,no}', name => 'firm'), pv.declare_link('row', '{client,land}', 'client', '{id,land}', name => 'client'),
       pv.declare_personal('row', '{body}', 'text', erase_with => 'null', link => '*', purposes => '{orders}'),
       pv.declare_personal('row', '{note}', 'text', erase_with => 'null', link => 'firm', purposes => '{mail}'),
       pv.declare_personal('part', '{body}', 'text', erase_with => 'null', link => '*', purposes => '{orders,mail}'),
       pv.declare_retention('row', 'old', '5 years', '"end"', 'law', columns => '{body}'),
       pv.declare_retention('row', 'gone', '1 year', 'gone', 'law', otherwise => '"end"'),
       pv.declare_retention('part', 'old', '5 years', '"end"', 'law');
CALL compare('of several');
SELECT count(pv.activate_retention(relation, rule, rows)::text) FROM pv.preview_purge();
CALL compare('of several, active');
SELECT count(pv.place_hold('person', i, 'case ' || i)), count(pv.place_hold('firm', '(de,' || i || ')', 'case of ' || i)) FROM unnest('{3,12,25}'::int[]) AS i;
DELETE FROM firm WHERE land = 'de' AND no IN (12, 13);
CALL compare('of several, held');
SET DateStyle = 'German'; SET TimeZone = 'Pacific/Auckland'; SET extra_float_digits = 0; SET IntervalStyle = 'sql_standard';
CALL compare('of several, held, with other settings');
RESET DateStyle; RESET TimeZone; RESET extra_float_digits; RESET IntervalStyle;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_hashagg = off;
CALL compare('of several, held, by other plans');
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_hashagg;

-- Conditions that fail for somebody, or nobody
CREATE FUNCTION fails_for(n int, i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN n = i THEN 1 / (n - i) > 0 ELSE n % 5 = 0 END';
CREATE TABLE who (id int);
CREATE FUNCTION fails(n int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT bool_or(shaped.fails_for(n, id)) FROM shaped.who';
SELECT pv.declare_blocker('person', 'fails', 'shaped.fails(subject.id)', 'fails', purposes => '{orders}'),
       pv.declare_blocker('firm', 'fails', 'shaped.fails(amount)', 'fails', relation => 'bill', purposes => '{mail}');
CALL compare('a blocker that is NULL');
INSERT INTO who VALUES (500);
CALL compare('a blocker that fails for nobody');
UPDATE who SET id = 4;
CALL compare('a blocker that fails for one');
SELECT pv.undeclare_blocker('person', 'fails'), pv.undeclare_blocker('firm', 'fails');
UPDATE who SET id = 500;
SELECT pv.declare_subject('person', condition => 'NOT company AND shaped.fails(id) IS NOT NULL');
CALL compare('a subject''s condition that fails for nobody');
UPDATE who SET id = 4;
CALL compare('a subject''s condition that fails for one');
UPDATE who SET id = 500;
SELECT pv.declare_subject('person', condition => 'NOT company');
SELECT pv.declare_link('row', '{member}', 'member', name => 'member', condition => 'shaped.fails(id) IS NOT NULL');
UPDATE who SET id = 4;
CALL compare('a link''s condition that fails for one');
UPDATE row SET member = NULL WHERE id = 4;
CALL compare('a link''s condition that fails for one of nobody''s');
SELECT pv.undeclare_link('row', 'member');

-- Blockers of whole rows, of what is in no column, and by subqueries
CREATE FUNCTION is_odd(p person) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT p.id % 2 = 1';
SELECT pv.declare_blocker('person', 'whole', 'shaped.is_odd(subject)', 'is odd', purposes => '{mail}');
CALL compare('a blocker of whole rows');
SELECT pv.declare_blocker('person', 'whole', 'subject IS NOT NULL', 'is whole', purposes => '{mail}');
CALL compare('a blocker of whole rows that are NULL');
SELECT pv.declare_blocker('client', 'place', 'subject.tableoid = ''shaped.client_fr''::regclass', 'is in a place', purposes => '{mail}');
CALL compare('a blocker of places');
SELECT pv.declare_blocker('person', 'whole', 'EXISTS (SELECT FROM shaped.row AS r WHERE r.o = subject.id AND r.land = ''de'')', 'is in a row', purposes => '{orders}');
CALL compare('a blocker by rows');
SELECT pv.undeclare_blocker('person', 'whole'), pv.undeclare_blocker('client', 'place');

-- Owners who may not read, and row security
CREATE ROLE shaped_owner;
GRANT CREATE, USAGE ON SCHEMA shaped TO shaped_owner;
ALTER TABLE ballast ADD guest int;
SET ROLE shaped_owner;
CREATE TABLE guest (id int PRIMARY KEY, name text, active boolean, secret boolean);
CREATE TABLE stay (id int PRIMARY KEY, guest int, body text, "end" date);
RESET ROLE;
SELECT pv.declare_subject('guest'), pv.declare_link('stay', '{guest}', 'guest'), pv.declare_link('ballast', '{guest}', 'guest', name => 'guest'),
       pv.declare_personal('stay', '{body}', 'text', erase_with => 'null'), pv.declare_retention('stay', 'old', '5 years', '"end"', 'law'),
       pv.declare_blocker('guest', 'active', 'subject.active', 'is a customer');
INSERT INTO guest SELECT i, 'Guest', i % 4 = 1, i % 3 = 0 FROM generate_series(1, 60) AS i;
INSERT INTO stay SELECT i, i % 70, 'body', date '2001-01-01' + i FROM generate_series(1, 80) AS i;
CALL compare('another owner');
ALTER TABLE guest ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY open ON guest USING (NOT secret);
CALL compare('row security');
REVOKE SELECT (secret), SELECT (active) ON guest FROM shaped_owner;
REVOKE SELECT ON guest FROM shaped_owner;
GRANT SELECT (id, name) ON guest TO shaped_owner;
CALL compare('an owner who may not read what blocks');
REVOKE SELECT (id) ON guest FROM shaped_owner;
CALL compare('an owner who may not read');
GRANT SELECT ON guest TO shaped_owner;
ALTER TABLE guest OWNER TO shaped_other;
CALL compare('two owners');

TABLE difference;
SELECT shape, sum(rows) AS rows, sum(held) AS held, count(*) FILTER (WHERE rows IS NULL) AS undecided,
       (SELECT count(DISTINCT held_by) FROM by_query AS o WHERE o.shape = q.shape) AS reasons
FROM by_query AS q WHERE held IS NOT NULL OR rows IS NULL GROUP BY shape ORDER BY shape COLLATE "C";
RESET search_path;
DROP SCHEMA shaped CASCADE;
DROP EXTENSION pvext;
DROP ROLE shaped_other, shaped_owner;
